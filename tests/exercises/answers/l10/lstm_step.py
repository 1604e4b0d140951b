"""Answers to 10.1 beside those that the exercise itself knows."""

RIGHT = {
    "each layer by itself": """
def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    H = h.shape[1]
    def layer(k):
        rows = slice(k * H, (k + 1) * H)
        return x @ weight_ih[rows].T + h @ weight_hh[rows].T + bias[rows]
    i = torch.sigmoid(layer(0))
    f = torch.sigmoid(layer(1))
    g = torch.tanh(layer(2))
    o = torch.sigmoid(layer(3))
    c_new = f * c + i * g
    return o * torch.tanh(c_new), c_new
""",
    "input and state side by side": """
def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    both = torch.cat([x, h], dim=1)
    weight = torch.cat([weight_ih, weight_hh], dim=1)
    z = nn.functional.linear(both, weight, bias)
    i, f, g, o = z.split(h.size(1), dim=1)
    c = torch.addcmul(f.sigmoid() * c, i.sigmoid(), g.tanh())
    h = o.sigmoid() * c.tanh()
    return h, c
""",
    "NumPy": """
import numpy as np
def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    x, h, c, a, b, bias = (t.detach().numpy() for t in (x, h, c, weight_ih, weight_hh, bias))
    i, f, g, o = np.split(x @ a.T + h @ b.T + bias, 4, axis=1)
    s = lambda z: 1 / (1 + np.exp(-z))
    c = s(f) * c + s(i) * np.tanh(g)
    return torch.from_numpy(s(o) * np.tanh(c)), torch.from_numpy(c)
""",
}

WRONG = [
    (
        """
def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    z = x @ weight_ih.T + h @ weight_hh.T + bias
    i, f, o, g = z.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
""",
        "candidate and output are exchanged",
    ),
    ({"chunk(4, dim=1)": "chunk(4, dim=0)"}, None),
    ({"f.sigmoid() * c + i": "f.sigmoid() + c + i"}, None),
    (
        """
def lstm_step(x, h, c, weight_ih, weight_hh, bias):
    z = x @ weight_ih.T + h @ weight_hh.T + bias
    i, f, g, o = z.chunk(4, 1)
    c = c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return h, c
""",
        "forget gate is missing",
    ),
]
