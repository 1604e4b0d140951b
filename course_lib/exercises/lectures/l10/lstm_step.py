"""10.1: one step of an LSTM from its four layers."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    i, f, g, o = (x @ weight_ih.T + h @ weight_hh.T + bias).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
"""

LAYERS = "(x @ weight_ih.T + h @ weight_hh.T + bias)"
ORDER = "i, f, g, o"
MEMORY, STATE = "f.sigmoid() * c + i.sigmoid() * g.tanh()", "o.sigmoid() * c.tanh(), c"


def _cases(generator):
    def case(label, batch, inputs, hidden, size=1.0):
        shapes = (batch, inputs), (batch, hidden), (batch, hidden), (4 * hidden, inputs), (4 * hidden, hidden)
        drawn = [torch.randn(*shape, generator=generator) * size for shape in (*shapes, (4 * hidden,))]
        return Case(label, tuple(drawn))

    one = torch.tensor([[1.0]])
    by_hand = (one, 0 * one, 2 * one, torch.zeros(4, 1), torch.zeros(4, 1), torch.tensor([0.0, 0, 1, 0]))
    return [
        Case("by hand: all gates half open, candidate tanh(1), memory 2", by_hand),
        case("3 sequences, 5 inputs, 2 units", 3, 5, 2),
        case("2 sequences, 3 inputs, 4 units", 2, 3, 4),
        case("4 sequences, 4 inputs, 4 units", 4, 4, 4),
        case("large numbers: the gates are open or shut", 3, 2, 5, size=3.0),
    ]


lstm_step = exercise(
    "10.1",
    "One step of an LSTM",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("torch.nn.LSTMCell", "torch.nn.LSTM", "torch.lstm_cell", "course_lib.models.recurrent_cells.lstm_step"),
    mistakes=(
        edit(
            "candidate and output are exchanged: the four layers are stacked as input, forget, candidate, output",
            {ORDER: "i, f, o, g"},
        ),
        edit("input and forget gate are exchanged: the input gate comes first", {ORDER: "f, i, g, o"}),
        edit(
            "the candidate is squashed by tanh, to -1..1; only the three gates are sigmoids",
            {"g.tanh()": "g.sigmoid()"},
        ),
        edit("the memory goes through tanh before the output gate lets it out", {"c.tanh()": "c"}),
        edit(
            "h' uses the new memory; this one still used the old c",
            {
                "    c = " + MEMORY: "    old, c = c, " + MEMORY,
                "c.tanh()": "old.tanh()",
            },
        ),
        edit("the forget gate is missing: the old memory is kept whole (the cell of 1997)", {"f.sigmoid() * c": "c"}),
        edit("the input gate is missing in front of the candidate", {"i.sigmoid() * g": "g"}),
        edit("the output gate is missing", {"o.sigmoid() * c": "c"}),
        edit(
            "the forget gate works the wrong way round: 1 keeps, 0 forgets",
            {"f.sigmoid() * c": "(1 - f.sigmoid()) * c"},
        ),
        edit(
            "here the input gate is 1 - f, as in a GRU: an LSTM has an input gate of its own",
            {"i.sigmoid() * g": "(1 - f.sigmoid()) * g"},
        ),
        edit("the state h is missing among the inputs of the layers", {" + h @ weight_hh.T": ""}),
        edit("the bias is missing", {" + bias": ""}),
        edit("the gates must pass through a sigmoid before they multiply", {".sigmoid()": ""}),
        edit("the gates are sigmoids, between 0 and 1; these are tanh", {".sigmoid()": ".tanh()"}),
        edit("the layers read the state h, not the memory c", {"h @ weight_hh": "c @ weight_hh"}),
        edit("the order is (h, c): the state first", {STATE: "c, o.sigmoid() * c.tanh()"}),
        edit("the new memory is missing: return the pair (h, c)", {STATE: "o.sigmoid() * c.tanh()"}),
        edit(
            "the old memory came back: return the new one",
            {
                "    c = " + MEMORY: "    old, c = c, " + MEMORY,
                STATE: "o.sigmoid() * c.tanh(), old",
            },
        ),
        edit(
            "the layers were mixed: they lie one below the other, in four blocks of H rows",
            {
                f"{LAYERS}.chunk(4, dim=1)": f"{LAYERS}.unflatten(1, (-1, 4)).unbind(2)",
            },
        ),
        edit(
            "the old memory must not be squashed: in c' = f c + i g it is c itself",
            {"sigmoid() * c +": "sigmoid() * c.tanh() +"},
        ),
        edit("the candidate went through a sigmoid before its tanh: tanh alone", {"g.tanh()": "g.sigmoid().tanh()"}),
        edit("the memory leaves through tanh, not through a sigmoid", {"c.tanh()": "c.sigmoid()"}),
        edit(
            "the forget gate belongs to the old memory alone; here it also multiplies what is written",
            {MEMORY: "f.sigmoid() * (c + i.sigmoid() * g.tanh())"},
        ),
    ),
    hints=(
        "Four layers read the same x and h. Three of them are gates, numbers between 0 and 1 that multiply; the fourth "
        "says what could be stored. The memory c is only multiplied and added to.",
        "`x @ weight_ih.T + h @ weight_hh.T + bias` is (B, 4H); `.chunk(4, dim=1)` cuts it into i, f, g, o. Gates: "
        "`.sigmoid()`, candidate g: `.tanh()`.",
        "`i, f, g, o = (...).chunk(4, dim=1)`, then `c = f.sigmoid() * ____ + i.sigmoid() * ____`, and return "
        "`o.sigmoid() * ____, c`.",
    ),
)
