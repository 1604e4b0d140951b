"""Answers to 10.2 beside those that the exercise itself knows."""

RIGHT = {
    "with diag, and singular values": """
def rnn_memory(weight, states):
    J = torch.eye(weight.shape[0])
    out = []
    for t in range(len(states)):
        J = torch.diag(1 - states[t] ** 2) @ weight @ J
        out.append(torch.linalg.svdvals(J)[0])
    return torch.stack(out)
""",
    "all steps first": """
def rnn_memory(weight, states):
    steps = (1 - states.square()).unsqueeze(2) * weight
    norms = torch.zeros(len(states))
    product = steps[0]
    norms[0] = torch.linalg.norm(product, 2)
    for t in range(1, len(states)):
        product = steps[t].matmul(product)
        norms[t] = torch.linalg.norm(product, 2)
    return norms
""",
}

OWN_FORM = {
    "NumPy in float64": """
import numpy as np
def rnn_memory(weight, states):
    W, J, norms = weight.double().numpy(), np.eye(len(weight)), []
    for h in states.double().numpy():
        J = np.diag(1 - h * h) @ W @ J
        norms.append(np.linalg.norm(J, 2))
    return torch.from_numpy(np.array(norms))
""",
}

WRONG = [
    ({"(1 - h**2)": "(1 + h**2)"}, None),
    (
        """
def rnn_memory(weight, states):
    J = torch.eye(len(weight))
    norms = []
    for h in states:
        J = weight @ J
        norms.append(torch.linalg.matrix_norm(J, ord=2))
    return torch.stack(norms)
""",
        "slope of tanh is missing",
    ),
    (
        """
def rnn_memory(weight, states):
    J = torch.eye(len(weight))
    norms = []
    for h in states:
        J = torch.diag(1 - h**2) @ weight @ J
        norms.append(J.norm())
    return torch.stack(norms)
""",
        "Frobenius",
    ),
    ({"norms.append(torch.linalg.matrix_norm(jacobian, ord=2))": "norms.append(jacobian)"}, None),
]
