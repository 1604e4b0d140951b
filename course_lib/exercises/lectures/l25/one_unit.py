"""25.4: one unit for a whole scene, repaired: cameras and depth shrink together, and all frames alike."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def one_unit(positions, nodes):
    unit = nodes.log().mean().exp()
    return positions / unit, nodes / unit
"""

UNIT, BACK = "nodes.log().mean().exp()", "positions / unit, nodes / unit"
OWN = "every frame is divided by a mean of its own: then they no longer fit together. One unit for the whole scene"


def _cases(generator):
    def scene(frames, rows, columns, spread):
        nodes = (spread * torch.randn(frames, rows, columns, generator=generator)).exp()
        each = 0.3 + 2 * torch.rand(frames, 1, 1, generator=generator)
        return 3 * torch.randn(frames, 3, generator=generator), each * nodes

    return [
        Case("4 frames, a factor each", scene(4, 1, 1, 0.0)),
        Case("5 frames, 2 x 3 nodes", scene(5, 2, 3, 0.4)),
        Case("3 frames, 4 x 2 nodes, a scene that has almost vanished", tuple(0.01 * p for p in scene(3, 4, 2, 0.6))),
        Case("by hand: factors 1 and 4", (torch.tensor([[2.0, 0, 0], [4, 2, 0]]), torch.tensor([[[1.0]], [[4]]]))),
    ]


one_unit = exercise(
    "25.4",
    "Fix the bugs: one unit for a whole scene",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "two bugs: each frame is divided by a mean of its own, so that frames no longer fit together; and the "
            "cameras must shrink with the scene",
            {UNIT: "nodes.mean(dim=(1, 2), keepdim=True)", BACK: "positions, nodes / unit"},
        ),
        edit(OWN, {UNIT: "nodes.mean(dim=(1, 2), keepdim=True)", BACK: "positions / unit[:, :, 0], nodes / unit"}),
        edit(
            OWN,
            {UNIT: "nodes.log().mean(dim=(1, 2), keepdim=True).exp()", BACK: "positions / unit[:, :, 0], nodes / unit"},
        ),
        edit(
            "each frame is divided by a mean of its own, and the cameras stay where they were: one unit for the whole "
            "scene, cameras included",
            {UNIT: "nodes.log().mean(dim=(1, 2), keepdim=True).exp()", BACK: "positions, nodes / unit"},
        ),
        edit(
            "one bug is left: the cameras stay where they were, in a scene of another size: divide the positions, too",
            {BACK: "positions, nodes / unit"},
        ),
        edit(
            "one bug is left: the cameras stay where they were; and the mean is to be geometric",
            {UNIT: "nodes.mean()", BACK: "positions, nodes / unit"},
        ),
        edit(
            "the mean is to be geometric, exp of the mean of the logarithms: a factor of 2 and one of 1/2 cancel",
            {UNIT: "nodes.mean()"},
        ),
        edit("the median is not the geometric mean, exp of the mean of the logarithms", {UNIT: "nodes.median()"}),
        edit(
            "the first frame's factors alone set the unit: the mean is over all frames",
            {UNIT: "nodes[0].log().mean().exp()"},
        ),
        edit(
            "the positions are multiplied: a scene that shrinks takes its cameras with it",
            {BACK: "positions * unit, nodes / unit"},
        ),
        edit("both are multiplied by the unit: divide by it", {BACK: "positions * unit, nodes * unit"}),
        edit("the unit is still a logarithm: .exp() is missing", {UNIT: "nodes.log().mean()"}),
        edit("the factors stay as they were: divide them, too", {BACK: "positions / unit, nodes"}),
        edit("positions and factors are returned in the other order", {BACK: "nodes / unit, positions / unit"}),
        edit(
            "the path is moved here as well: divide the positions, and leave their origin",
            {BACK: "(positions - positions.mean(dim=0)) / unit, nodes / unit"},
        ),
        edit(
            "the positions are divided by the unit, not brought to length 1",
            {BACK: "positions / positions.norm(dim=1).mean(), nodes / unit"},
        ),
        edit(
            "the mean is to be geometric over all nodes: logarithms first, then one mean",
            {UNIT: "nodes.mean(dim=(1, 2)).log().mean().exp()"},
        ),
        edit(
            "the root of the mean square is not the geometric mean, exp of the mean of the logarithms",
            {UNIT: "nodes.square().mean().sqrt()"},
        ),
        edit("the sum is not the geometric mean, exp of the mean of the logarithms", {UNIT: "nodes.sum()"}),
        edit(
            "the harmonic mean is not the geometric one, exp of the mean of the logarithms",
            {UNIT: "1 / (1 / nodes).mean()"},
        ),
        edit("log10 and exp do not undo each other: `log` does", {UNIT: "nodes.log10().mean().exp()"}),
        edit(
            "the mean logarithm is subtracted from what are no logarithms: divide by its exp",
            {UNIT: "nodes.log().mean()", BACK: "positions - unit, nodes - unit"},
        ),
        edit(
            "the root is the T-th, where there are more factors than frames: exp of the mean of the logarithms",
            {UNIT: "nodes.prod() ** (1 / len(nodes))"},
        ),
        edit(
            "the factors are multiplied by the unit: divide them, as the positions",
            {BACK: "positions / unit, nodes * unit"},
        ),
        edit(
            "every node has a unit of its own: one unit for the whole scene",
            {UNIT: "nodes.log().mean(dim=0).exp()", BACK: "positions, nodes / unit"},
        ),
        edit(
            "the logarithms of the factors are returned: .exp() is missing",
            {BACK: "positions / unit, (nodes / unit).log()"},
        ),
    ),
    hints=(
        "If everything in the world is half as large, what else must be half as large? And may two frames of the same "
        "world use different units?",
        "The geometric mean of all numbers is `nodes.log().mean().exp()`; without `dim`, a mean runs over everything.",
        "`unit = nodes.log().____.exp()`, one number; then return `positions ____ unit, nodes / unit`.",
    ),
)
