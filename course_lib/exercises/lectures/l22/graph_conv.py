"""22.5: the paper's graph convolution."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.meshes import icosphere, unique_edges

SOLUTION = """
import torch


def graph_conv(features, edges, W0, W1):
    own, messages = features @ W0, features @ W1
    own = own.index_add(0, edges[:, 0], messages[edges[:, 1]])
    return own.index_add(0, edges[:, 1], messages[edges[:, 0]])
"""

FIRST = "own.index_add(0, edges[:, 0], messages[edges[:, 1]])"
SECOND = "own.index_add(0, edges[:, 1], messages[edges[:, 0]])"
ONE_WAY = "an edge carries messages both ways: the second of its vertices gets the first's, too"
LOST = "`x[index] += y` keeps one message only where an index comes several times: index_add adds them all"


def _cases(generator):
    def numbers(*shape):
        return torch.randn(*shape, generator=generator)

    ball = unique_edges(icosphere(0)[1])
    some = ball[torch.randperm(30, generator=generator)[:13]]
    return [
        Case("12 vertices of a ball, from 3 to 5 features", (numbers(12, 3), ball, numbers(3, 5), numbers(3, 5))),
        Case("14 vertices, 13 edges, two vertices alone", (numbers(14, 4), some, numbers(4, 2), numbers(4, 2))),
        Case("no edge at all", (numbers(3, 2), torch.zeros(0, 2, dtype=torch.long), numbers(2, 4), numbers(2, 4))),
        Case("by hand: a path of three", (torch.tensor([[1.0], [10], [100]]), torch.tensor([[0, 1], [1, 2]]),
                                          torch.tensor([[1.0]]), torch.tensor([[2.0]]))),
    ]  # fmt: skip


graph_conv = exercise(
    "22.5",
    "A graph convolution",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=("course_lib.models.graph_conv.GraphConv", "course_lib.models.graph_conv.graph_conv_reference"),
    mistakes=(
        edit(ONE_WAY, {f"return {SECOND}": "return own"}),
        edit(ONE_WAY, {f"own = {FIRST}": "own = own + 0"}),
        edit(
            "each vertex got its own message back: the message comes from the other end of the edge",
            {
                FIRST: FIRST.replace("messages[edges[:, 1]]", "messages[edges[:, 0]]"),
                SECOND: SECOND.replace("messages[edges[:, 0]]", "messages[edges[:, 1]]"),
            },
        ),
        edit(
            "the matrices are exchanged: W0 is for the vertex itself",
            {"features @ W0, features @ W1": "features @ W1, features @ W0"},
        ),
        edit("neighbours have a matrix of their own, W1", {"@ W1": "@ W0"}),
        edit("the vertex itself has a matrix of its own, W0", {"@ W0": "@ W1"}),
        edit("the vertex's own features are missing", {"features @ W0,": "0 * (features @ W0),"}),
        edit(
            "the neighbours are added up, not averaged",
            {
                "messages = features @ W0, features @ W1": "messages = features @ W0, features @ W1\n"
                "    number = torch.bincount(edges.flatten(), minlength=len(features)).clamp(min=1)[:, None]",
                "messages[edges[:, 1]])": "messages[edges[:, 1]] / number[edges[:, 0]])",
                "messages[edges[:, 0]])": "messages[edges[:, 0]] / number[edges[:, 1]])",
            },
        ),
        edit(
            "the neighbours' features themselves are not added: first the matrix W1",
            {"features @ W1": "features.mean(1, keepdim=True).expand(-1, W1.shape[1])"},
        ),
        edit("a ReLU is not part of this layer", {f"return {SECOND}": f"return ({SECOND}).relu()"}),
        edit(
            LOST,
            {
                f"own = {FIRST}": "own = own.clone(); own[edges[:, 0]] += messages[edges[:, 1]]",
                f"return {SECOND}": "own[edges[:, 1]] += messages[edges[:, 0]]; return own",
            },
        ),
        edit(
            "messages are added, not subtracted",
            {FIRST: FIRST.replace("messages[", "-messages["), SECOND: SECOND.replace("messages[", "-messages[")},
        ),
        edit(
            "the vertex counts as its own neighbour here: only W0 is for it",
            {"features @ W0,": "features @ (W0 + W1),"},
        ),
        edit(
            "the second direction sends messages, too: features @ W1, not what came of the first",
            {SECOND: SECOND.replace("messages[", "own[")},
        ),
        edit(
            "degrees do not count in this layer: the neighbours' messages are added as they are",
            {
                "messages = features @ W0, features @ W1": "messages = features @ W0, features @ W1\n"
                "    root = torch.bincount(edges.flatten(), minlength=len(features)).clamp(min=1)[:, None].sqrt()",
                "messages[edges[:, 1]])": "messages[edges[:, 1]] / root[edges[:, 0]] / root[edges[:, 1]])",
                "messages[edges[:, 0]])": "messages[edges[:, 0]] / root[edges[:, 0]] / root[edges[:, 1]])",
            },
        ),
        edit(
            "the largest message came of each neighbourhood: they are added up",
            {
                f"own = {FIRST}": "to, of = torch.cat([edges, edges.flip(1)]).T",
                SECOND: "own + torch.zeros_like(own).scatter_reduce(0, to[:, None].expand(-1, own.shape[1]), "
                "messages[of], 'amax', include_self=False)",
            },
        ),
        edit(
            "a neighbour sends its own features, not their difference from the receiver's",
            {
                FIRST: FIRST[:-1] + " - messages[edges[:, 0]])",
                SECOND: SECOND[:-1] + " - messages[edges[:, 1]])",
            },
        ),
    ),
    hints=(
        "What a vertex gets from each neighbour is that neighbour's row times $W_1$. Every edge (a, b) says two "
        "things: a is b's neighbour, and b is a's.",
        "`messages = features @ W1` once for all vertices. `x.index_add(0, receivers, rows)` adds each row to the row "
        "of x whose number it is given, however often a number comes.",
        "`own = own.index_add(0, edges[:, 0], messages[____])`, and the same the other way: "
        "`own.index_add(0, ____, messages[____])`.",
    ),
)
