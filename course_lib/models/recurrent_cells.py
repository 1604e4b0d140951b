"""The plain recurrent cell and the LSTM, written out: one step at a time, with every gate to look at.

Sepp Hochreiter, Jürgen Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997; the forget gate is from
Felix Gers, Jürgen Schmidhuber, Fred Cummins, "Learning to Forget", Neural Computation 12(10), 2000.

A plain cell has one layer, an LSTM has four that interact. Both are written for reading: `nn.RNN` and `nn.LSTM` compute
the same numbers in one call. `RNN` and `LSTM` take their arguments, shapes and parameter names (one layer, batch
first), so that a state dict of one fits the other.

Differences from the paper: the 1997 cell has no forget gate (f = 1). There are no peepholes. As in torch, input and
state have a bias each, although only their sum counts.
"""

import math

import torch
from torch import nn

from course_lib.errors import CourseError, ShapeError, check_shape

GATES = ("input", "forget", "candidate", "output")  # the order in which torch stacks the four layers


def rnn_step(x, h, weight_ih, weight_hh, bias):
    """h' = tanh(W_ih x + W_hh h + b): (B, D) and (B, H) -> (B, H).

    Args:
        x: (B, D). h: (B, H). weight_ih: (H, D). weight_hh: (H, H). bias: (H,).
    """
    return torch.tanh(x @ weight_ih.T + h @ weight_hh.T + bias)


def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    """One step of an LSTM: i, f, o = sigmoid, g = tanh of four linear layers; c' = f c + i g; h' = o tanh(c').

    Args:
        x: (B, D). h, c: (B, H), state and memory. weight_ih: (4H, D), weight_hh: (4H, H), bias: (4H,), the layers of
            `GATES` one below the other.
    Returns:
        h (B, H), c (B, H), and the four layers' outputs i, f, g, o, each (B, H).
    """
    i, f, g, o = (x @ weight_ih.T + h @ weight_hh.T + bias).chunk(4, dim=1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    c = f * c + i * g
    return o * c.tanh(), c, (i, f, g, o)


class _Cell(nn.Module):
    """Parameters under torch's names, drawn as torch draws them."""

    def __init__(self, inputs, hidden, layers):
        super().__init__()
        self.hidden_size = hidden
        shapes = {"weight_ih_l0": (inputs,), "weight_hh_l0": (hidden,), "bias_ih_l0": (), "bias_hh_l0": ()}
        for name, columns in shapes.items():
            value = torch.empty(layers * hidden, *columns).uniform_(-1 / math.sqrt(hidden), 1 / math.sqrt(hidden))
            setattr(self, name, nn.Parameter(value))

    def _bias(self):
        return self.bias_ih_l0 + self.bias_hh_l0


class RNN(_Cell):
    """A recurrent layer step by step; equal to `nn.RNN(inputs, hidden, batch_first=True)`."""

    def __init__(self, inputs, hidden):
        super().__init__(inputs, hidden, layers=1)

    def forward(self, x, state=None):
        """(B, T, D), and h (1, B, H) or zeros -> all states (B, T, H), and the last one (1, B, H)."""
        check_shape(x, "B T D", "x")
        h = x.new_zeros(len(x), self.hidden_size) if state is None else state[0]
        states = []
        for step in x.unbind(1):
            h = rnn_step(step, h, self.weight_ih_l0, self.weight_hh_l0, self._bias())
            states.append(h)
        return torch.stack(states, dim=1), h.unsqueeze(0)


class LSTM(_Cell):
    """An LSTM layer step by step; equal to `nn.LSTM(inputs, hidden, batch_first=True)`."""

    def __init__(self, inputs, hidden):
        super().__init__(inputs, hidden, layers=4)

    def forward(self, x, state=None):
        """(B, T, D), and (h, c), each (1, B, H), or zeros -> all h (B, T, H), and the last (h, c)."""
        states, last, _ = lstm_gates(self, x, state)
        return states, last


def lstm_gates(lstm, x, state=None):
    """What an LSTM layer does inside.

    Args:
        lstm: `LSTM`, or `nn.LSTM` of one layer, batch first.
        x: (B, T, D). state: (h, c), each (1, B, H), or None for zeros.
    Returns:
        all h (B, T, H); the last (h, c); and {"input": i, "forget": f, "candidate": g, "output": o, "memory": c}, each
        (B, T, H).
    Raises:
        ShapeError: if the layer has another kind of state than one forward layer.
    """
    check_shape(x, "B T D", "x")
    extra = getattr(lstm, "num_layers", 1) > 1 or getattr(lstm, "bidirectional", False)
    if extra or not getattr(lstm, "batch_first", True):
        raise ShapeError("lstm_gates reads one forward layer with batch_first=True; take a stack apart.")
    zeros = x.new_zeros(len(x), lstm.hidden_size)
    h, c = (zeros, zeros) if state is None else (state[0][0], state[1][0])
    bias = lstm.bias_ih_l0 + lstm.bias_hh_l0
    seen = []
    for step in x.unbind(1):
        h, c, gates = lstm_step(step, h, c, lstm.weight_ih_l0, lstm.weight_hh_l0, bias)
        seen.append((h, *gates, c))
    states, *inside = (torch.stack(values, dim=1) for values in zip(*seen, strict=True))
    return states, (h.unsqueeze(0), c.unsqueeze(0)), dict(zip((*GATES, "memory"), inside, strict=True))


def remember_at_first(lstm, steps):
    """Start an LSTM with open forget gates, so that a memory lasts for about `steps` steps before anything is learnt.

    The bias of the forget gate becomes log(steps - 1): without inputs f = 1 - 1 / steps, and f^steps is about 1/e.
    (C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018, draw it at random up to that.)

    Args:
        lstm: `LSTM`, or `nn.LSTM` of one layer. Changed in place.
        steps: at least 2.
    Returns:
        the same layer.
    """
    if steps < 2:
        raise CourseError(f"steps is {steps}, expected at least 2: a memory of one step is no memory.")
    size = lstm.hidden_size
    with torch.no_grad():
        lstm.bias_ih_l0[size : 2 * size] = math.log(steps - 1)
        lstm.bias_hh_l0[size : 2 * size] = 0.0
    return lstm
