"""23.3: one stage of mesh refinement, with one graph convolution."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def refine(vertices, seen, edges, w0, w1, w_vert):
    features = torch.cat([seen, vertices], 1)
    messages = features @ w1.T
    a, b = edges.unbind(1)
    summed = torch.zeros_like(messages).index_add(0, a, messages[b]).index_add(0, b, messages[a])
    features = (features @ w0.T + summed).relu()
    return vertices + torch.tanh(torch.cat([features, vertices], 1) @ w_vert.T)
"""

SUMMED = "torch.zeros_like(messages).index_add(0, a, messages[b]).index_add(0, b, messages[a])"
MOVE = "vertices + torch.tanh(torch.cat([features, vertices], 1) @ w_vert.T)"
ONE_WAY = "an edge lets both its vertices hear of each other: here only one of the two does"


def _cases(generator):
    def graph(count, edges, channels, hidden):
        parts = [
            torch.randn(*shape, generator=generator)
            for shape in (
                (count, 3),
                (count, channels),
                (hidden, channels + 3),
                (hidden, channels + 3),
                (3, hidden + 3),
            )
        ]
        vertices, seen, w0, w1, w_vert = parts
        return vertices, seen, torch.tensor(edges), 0.4 * w0, 0.3 * w1, 0.5 * w_vert

    return [
        Case("a path of 3 vertices", graph(3, [[0, 1], [1, 2]], 4, 5)),
        Case("a square and a vertex alone", graph(5, [[0, 1], [1, 2], [2, 3], [0, 3], [0, 2]], 2, 6)),
        Case("one of 6 vertices has 5 neighbours", graph(6, [[0, 5], [1, 5], [2, 5], [3, 5], [4, 5], [0, 1]], 3, 4)),
        Case("no edge", (*graph(4, [[0, 1]], 2, 3)[:2], torch.zeros(0, 2, dtype=torch.long),
                         *graph(4, [[0, 1]], 2, 3)[3:])),
    ]  # fmt: skip


refine = exercise(
    "23.3",
    "One stage of refinement",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=(
        "course_lib.models.graph_conv.GraphConv",
        "course_lib.models.graph_conv.graph_conv_reference",
        "course_lib.models.mesh_rcnn.heads.Stage",
    ),
    mistakes=(
        edit(ONE_WAY, {SUMMED: "torch.zeros_like(messages).index_add(0, a, messages[b])"}),
        edit(ONE_WAY, {SUMMED: "torch.zeros_like(messages).index_add(0, b, messages[a])"}),
        edit(
            "each vertex hears its own message back: the neighbours' are what is added up",
            {SUMMED: "torch.zeros_like(messages).index_add(0, a, messages[a]).index_add(0, b, messages[b])"},
        ),
        edit(
            "the offset is missing its vertex: v + tanh(...)",
            {MOVE: "torch.tanh(torch.cat([features, vertices], 1) @ w_vert.T)"},
        ),
        edit(
            "the tanh is missing: it keeps a step within -1..1",
            {MOVE: "vertices + torch.cat([features, vertices], 1) @ w_vert.T"},
        ),
        edit(
            "the tanh is around everything: the vertex stays as it is, the tanh is of the step alone",
            {MOVE: "torch.tanh(vertices + torch.cat([features, vertices], 1) @ w_vert.T)"},
        ),
        edit(
            "w_vert reads [f; v]: the features first, then the vertex",
            {"torch.cat([features, vertices], 1) @ w_vert": "torch.cat([vertices, features], 1) @ w_vert"},
        ),
        edit(
            "w0 and w1 read [seen; v]: what was seen first, then the vertex",
            {"torch.cat([seen, vertices], 1)": "torch.cat([vertices, seen], 1)"},
        ),
        edit("the ReLU after the graph convolution is missing", {".relu()": ""}),
        edit(
            "the ReLU is taken of each vertex's own part only: it belongs around the whole sum",
            {"(features @ w0.T + summed).relu()": "(features @ w0.T).relu() + summed"},
        ),
        edit(
            "the messages are cut off by a ReLU of their own: it belongs around the whole sum",
            {"messages = features @ w1.T": "messages = (features @ w1.T).relu()"},
        ),
        edit(
            "the neighbours are averaged: Mesh R-CNN adds them up",
            {"+ summed": "+ summed / torch.bincount(edges.flatten(), minlength=len(vertices)).clamp(min=1)[:, None]"},
        ),
        edit(
            "w0 is for the vertex itself and w1 for its neighbours: here they are swapped",
            {"features @ w1.T": "features @ w0.T", "features @ w0.T +": "features @ w1.T +"},
        ),
        edit("w1 is never used: the neighbours have a matrix of their own", {"features @ w1.T": "features @ w0.T"}),
        edit("the neighbours are not heard at all", {" + summed": ""}),
        edit("each vertex's own part, w0, is missing", {"features @ w0.T + summed": "summed"}),
        edit(
            "writing with an index keeps only the last neighbour: `index_add` adds them all up",
            {SUMMED: "torch.zeros_like(messages).index_put((a,), messages[b]).index_put((b,), messages[a])"},
        ),
        edit("the vertices move against the step: v + tanh(...)", {"vertices + torch.tanh": "vertices - torch.tanh"}),
        edit("the step is a sigmoid here, which only goes one way", {"torch.tanh": "torch.sigmoid"}),
        edit(
            "a vertex is no neighbour of its own: w1 is for the others alone",
            {"+ summed)": "+ summed + messages)"},
        ),
        edit(
            "every edge is counted twice: `edges` lists each once, and that is one message each way",
            {"+ summed)": "+ 2 * summed)"},
        ),
        edit(
            "own part and neighbours are averaged: Mesh R-CNN adds them up",
            {
                "(features @ w0.T + summed)": "((features @ w0.T + summed) / (1 + torch.bincount(edges.flatten(), "
                "minlength=len(vertices)))[:, None])"
            },
        ),
        edit("the graph convolution ends with a ReLU; the tanh is for the step", {".relu()": ".tanh()"}),
        edit("the graph convolution ends with a ReLU, not with a sigmoid", {".relu()": ".sigmoid()"}),
        edit("the step may go either way: there is no ReLU around it", {"@ w_vert.T)": "@ w_vert.T).relu()"}),
    ),
    hints=(
        "Three lines of the lecture: $f = [\\text{seen}; v]$; a graph convolution with a ReLU, in which every vertex "
        "adds up its neighbours' $W_1 f_j$; then $v + \\tanh(W_{vert} [f; v])$.",
        "`zeros.index_add(0, receivers, rows)` adds each row where its receiver is, however often it occurs. An edge "
        "(a, b) means two messages: from b to a, and from a to b.",
        "`summed = torch.zeros_like(messages).index_add(0, a, messages[____]).index_add(0, b, messages[____])`, then "
        "`features = (features @ w0.T + ____).relu()`, and the result is `vertices + torch.tanh(____ @ w_vert.T)`.",
    ),
)
