"""Lecture 04: solutions accepted, stubs not attempted, wrong answers told why."""

import pytest
from table import assert_enough_wrong_answers, assert_rejected, lecture_test

DERIVATIVES = """import torch
def derivatives(image1, image2):
    middle = (image1 + image2) / 2
    ix = (middle[:, :, 1:-1, 2:] - middle[:, :, 1:-1, :-2]) / 2
    iy = (middle[:, :, 2:, 1:-1] - middle[:, :, :-2, 1:-1]) / 2
    it = (image2 - image1)[:, :, 1:-1, 1:-1]
    return ix, iy, it
"""
EPE = """import torch
def epe(flow, truth, valid):
    distance = (flow - truth).square().sum(dim=1).sqrt()
    return distance[valid].mean().item()
"""
SOLVE = """import torch
def solve_window(ix, iy, it):
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    matrix = torch.stack([torch.stack([xx, xy]), torch.stack([xy, yy])])
    right = -torch.stack([(ix * it).sum(), (iy * it).sum()])
    return torch.linalg.solve(matrix, right)
"""
CRAMER = """import torch
def solve_window(ix, iy, it):
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    bx, by = -(ix * it).sum(), -(iy * it).sum()
    det = xx * yy - xy * xy
    return torch.stack([(yy * bx - xy * by) / det, (xx * by - xy * bx) / det])
"""
WARP = """import torch, torch.nn.functional as F
def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid_x = 2 * (x + flow[:, 0]) / (width - 1) - 1
    grid_y = 2 * (y + flow[:, 1]) / (height - 1) - 1
    grid = torch.stack([grid_x, grid_y], dim=-1)
    return F.grid_sample(image, grid, align_corners=True)
"""
REFINE = """import torch
from course_lib.ops.flow import lucas_kanade
from course_lib.ops.warp import warp
def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        warped = warp(image2, flow)
        step = lucas_kanade(image1, warped)
        flow = flow + step
    return flow
"""
UPSCALE = """import torch, torch.nn.functional as F
def upscale(flow, size):
    across = (size[1] - 1) / (flow.shape[3] - 1)
    down = (size[0] - 1) / (flow.shape[2] - 1)
    resized = F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    return resized * torch.tensor([across, down]).view(1, 2, 1, 1)
"""
HIDDEN = """import torch
from course_lib.ops.warp import in_view, warp
def hidden(forward, backward):
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1)
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return (gap > tolerance) | ~in_view(forward)
"""

WRONG = [
    ("04.1", DERIVATIVES.replace("ix, iy, it", "iy, ix, it"), "right and down are exchanged"),
    ("04.1", DERIVATIVES.replace(":-2]) / 2", ":-2])").replace("1:-1]) / 2", "1:-1])"), "twice too large"),
    ("04.1", DERIVATIVES.replace("(image2 - image1)", "(image1 - image2)"), "later minus earlier"),
    ("04.1", DERIVATIVES.replace("-1, 2:] - middle[:, :, 1:-1, :-2]", "-1, :-2] - middle[:, :, 1:-1, 2:]"), "Ix has"),
    ("04.1", DERIVATIVES.replace("2:, 1:-1] - middle[:, :, :-2,", ":-2, 1:-1] - middle[:, :, 2:,"), "Iy has"),
    ("04.1", DERIVATIVES.replace("(image1 + image2) / 2", "image1"), "image 1 alone"),
    ("04.1", DERIVATIVES.replace("(image1 + image2) / 2", "image2"), "image 2 alone"),
    ("04.1", DERIVATIVES.replace("(image1 + image2) / 2", "image1 + image2"), "half of the sum"),
    ("04.1", DERIVATIVES.replace("[:, :, 1:-1, 1:-1]\n", "\n"), "still has its border"),
    (
        "04.1",
        "def derivatives(a, b):\n    m = (a + b) / 2\n"
        "    return (m[..., 2:] - m[..., :-2]) / 2, (m[..., 2:, :] - m[..., :-2, :]) / 2, b - a",
        "cut the border from all three",
    ),
    (
        "04.1",
        DERIVATIVES.replace("2:] - middle[:, :, 1:-1, :-2]) / 2", "2:] - middle[:, :, 1:-1, 1:-1])").replace(
            "2:, 1:-1] - middle[:, :, :-2, 1:-1]) / 2", "2:, 1:-1] - middle[:, :, 1:-1, 1:-1])"
        ),
        "step from a pixel to its right",
    ),
    ("04.1", DERIVATIVES.replace("return ix, iy, it", "return ix, iy"), "2 values were returned"),
    ("04.3", EPE.replace("[valid]", ""), "all pixels count"),
    ("04.3", EPE.replace("[valid]", "[~valid]"), "`valid` is false"),
    ("04.3", EPE.replace("distance[valid]", "(distance * valid)"), "divided by the number of all"),
    ("04.3", EPE.replace(".mean()", ".sum()"), "sum of all errors"),
    ("04.3", EPE.replace(".sqrt()", ""), "root is missing"),
    ("04.3", EPE.replace(".sqrt()", "").replace(".mean()", ".mean().sqrt()"), "taken after the mean"),
    ("04.3", EPE.replace(".square().sum(dim=1).sqrt()", ".abs().sum(dim=1)"), "adds up the errors"),
    ("04.3", EPE.replace("sum(dim=1)", "mean(dim=1)"), "it is their sum"),
    ("04.3", EPE.replace("flow - truth", "flow + truth"), "arrows are added"),
    ("04.3", EPE.replace(".mean().item()", ""), "One number is expected"),
    (
        "04.3",
        "from course_lib.metrics import endpoint_error\ndef epe(f, t, v):\n    return endpoint_error(f, t, v)",
        "endpoint_error",
    ),
    ("04.2", SOLVE.replace("right = -", "right = "), "sign is turned"),
    ("04.2", SOLVE.replace("solve(matrix, right)", "solve(matrix, right).flip(0)"), "order is (u, v)"),
    (
        "04.2",
        "import torch\ndef solve_window(ix, iy, it):\n"
        "    return -torch.stack([(ix * it).sum() / (ix * ix).sum(), (iy * it).sum() / (iy * iy).sum()])",
        "mixed sum",
    ),
    (
        "04.2",
        SOLVE.replace("(ix * it).sum(), (iy * it).sum()", "(iy * it).sum(), (ix * it).sum()"),
        "right side is the wrong way round",
    ),
    (
        "04.2",
        SOLVE.replace("stack([xx, xy]), torch.stack([xy, yy])", "stack([yy, xy]), torch.stack([xy, xx])"),
        "matrix",
    ),
    ("04.2", CRAMER.replace("yy * bx - xy", "yy * bx + xy").replace("xx * by - xy", "xx * by + xy"), "mixed sum has"),
    ("04.2", SOLVE.replace(".sum(), (iy * it).sum()", ".mean(), (iy * it).mean()"), "sums and the other means"),
    ("04.2", SOLVE.replace("torch.linalg.solve(matrix, right)", "matrix @ right"), "divided by"),
    ("04.2", SOLVE.replace("(ix * ix).sum(), (ix * iy).sum()", "ix.sum() ** 2, ix.sum() * iy.sum()"), None),
    (
        "04.2",
        SOLVE.replace("torch.linalg.solve(matrix, right)", "torch.linalg.lstsq(matrix, right[:, None]).solution"),
        "lstsq",
    ),
    ("04.4", WARP.replace("x + flow[:, 0]", "x - flow[:, 0]").replace("y + flow", "y - flow"), "opposite side"),
    (
        "04.4",
        WARP.replace("flow[:, 0]", "flow[:, 2]").replace("[:, 1]", "[:, 0]").replace("[:, 2]", "[:, 1]"),
        "u and v",
    ),
    ("04.4", WARP.replace("stack([grid_x, grid_y]", "stack([grid_y, grid_x]"), "x and y are exchanged"),
    (
        "04.4",
        WARP.replace("(width - 1)", "(other - 1)").replace("(height - 1)", "(width - 1)").replace("other", "height"),
        "width and height are exchanged",
    ),
    ("04.4", WARP.replace("(width - 1)", "width").replace("(height - 1)", "height"), "divide by width - 1"),
    ("04.4", WARP.replace("align_corners=True", "align_corners=False"), "align_corners=True is missing"),
    (
        "04.4",
        WARP.replace("2 * (x + flow[:, 0]) / (width - 1) - 1", "2 * x / (width - 1) - 1 + flow[:, 0]").replace(
            "2 * (y + flow[:, 1]) / (height - 1) - 1", "2 * y / (height - 1) - 1 + flow[:, 1]"
        ),
        "before you go from pixels",
    ),
    ("04.4", WARP.replace("2 * (x", "(x").replace("2 * (y", "(y").replace("- 1) - 1", "- 1)"), "from 0 to 1"),
    ("04.4", WARP.replace("2 * (x", "(x").replace("2 * (y", "(y").replace(" / (width - 1) - 1", ""), None),
    ("04.4", WARP.replace("grid, align", 'grid, padding_mode="border", align'), "should be black"),
    ("04.4", WARP.replace("grid, align", 'grid, mode="nearest", align'), "nearest pixel"),
    ("04.4", "def warp(image, flow):\n    return image", "flow is missing"),
    ("04.4", "from course_lib.ops import warp as w\ndef warp(image, flow):\n    return w.warp(image, flow)", "warp"),
    ("04.5", REFINE.replace("flow = flow + step", "flow = step"), "replaced by what is left"),
    ("04.5", REFINE.replace("warp(image2, flow)", "warp(image1, flow)"), "compared with itself"),
    (
        "04.5",
        REFINE.replace("(image2, flow)", "(image1, flow)").replace("(image1, warped)", "(warped, image2)"),
        "wrong image",
    ),
    ("04.5", REFINE.replace("lucas_kanade(image1, warped)", "lucas_kanade(image1, image2)"), "nothing is warped"),
    ("04.5", REFINE.replace("warp(image2, flow)", "warp(image2, -flow)"), "wrong way"),
    ("04.5", REFINE.replace("flow + step", "flow - step"), "wrong sign"),
    ("04.5", REFINE.replace("(image1, warped)", "(warped, image1)"), "wrong sign"),
    ("04.5", REFINE.replace("(image1, warped)", "(image2, warped)"), "compared with itself"),
    ("04.5", REFINE.replace("range(iterations)", "range(1)"), None),
    ("04.6", UPSCALE.replace(" * torch.tensor([across, down]).view(1, 2, 1, 1)", ""), "keep their length"),
    (
        "04.6",
        UPSCALE.replace("(size[1] - 1) / (flow.shape[3] - 1)", "size[1] / flow.shape[3]").replace(
            "(size[0] - 1) / (flow.shape[2] - 1)", "size[0] / flow.shape[2]"
        ),
        "count the gaps",
    ),
    ("04.6", UPSCALE.replace("[across, down]", "[down, across]"), "factors are exchanged"),
    ("04.6", UPSCALE.replace("[across, down]", "[across, across]"), "that of the width for both"),
    ("04.6", UPSCALE.replace("[across, down]", "[down, down]"), "that of the height for both"),
    ("04.6", UPSCALE.replace("torch.tensor([across, down]).view(1, 2, 1, 1)", "2"), "always doubles"),
    ("04.6", UPSCALE.replace("resized * torch", "resized / torch"), "shrink"),
    ("04.6", UPSCALE.replace(', mode="bilinear", align_corners=True', ', mode="bilinear"'), "align_corners=True"),
    ("04.6", UPSCALE.replace(', mode="bilinear", align_corners=True', ""), None),
    ("04.7", HIDDEN.replace("back = warp(backward, forward)", "back = backward"), "read at the same pixel"),
    ("04.7", HIDDEN.replace("(forward + back)", "(forward - back)"), "difference is taken"),
    ("04.7", HIDDEN.replace("warp(backward, forward)", "warp(forward, backward)"), "wrong field"),
    ("04.7", HIDDEN.replace("(gap > tolerance)", "(gap < tolerance)"), "marks what is seen"),
    ("04.7", HIDDEN.replace(" | ~in_view(forward)", ""), "leaves the picture"),
    ("04.7", HIDDEN.replace(" + 0.5", ""), "constant 0.5"),
    ("04.7", HIDDEN.replace("gap > tolerance", "gap > 0.5"), "grows with the vectors"),
    ("04.7", HIDDEN.replace(".sum(1)\n    tolerance", ".sum(1).sqrt()\n    tolerance"), "not squared"),
    ("04.7", HIDDEN.replace("| ~in_view", "& ~in_view"), "join them with |"),
    ("04.7", HIDDEN.replace("return (gap > tolerance) | ~in_view(forward)", "return gap - tolerance"), None),
    ("04.2", SOLVE.replace("-torch.stack([(ix * it)", "torch.stack([-(ix * it)"), "before one of the two"),
    ("04.2", CRAMER.replace("yy - xy", "yy + xy"), "is a difference"),
    ("04.2", CRAMER.replace(" / det", ""), "determinant is missing"),
    ("04.2", CRAMER.replace("/ det", "* det"), "multiplies by the determinant"),
    ("04.2", SOLVE.replace("matrix, right)", "matrix, right).numpy()"), "a numpy array came"),
    (
        "04.2",
        SOLVE.replace("    xx, xy", "    it *= -1\n    xx, xy").replace("= -torch", "= torch"),
        "changed in place",
    ),
    ("04.4", WARP.replace("y, x = torch", "x, y = torch"), "results of meshgrid"),
    ("04.4", WARP.replace("dim=-1)", "dim=1).reshape(len(flow), height, width, 2)"), "reshape cuts"),
    ("04.4", WARP.replace("dim=-1)", "dim=1)"), "stack along dim=-1"),
    ("04.4", WARP.replace("(x + flow", "(x - flow"), "sign of u"),
    ("04.4", WARP.replace("(y + flow", "(y - flow"), "sign of v"),
    ("04.4", WARP.replace("height - 1", "width - 1"), "the same size"),
    ("04.4", WARP.replace("/ (", "// ("), "use /, not //"),
    (
        "04.4",
        WARP.replace("(width - 1)", "width").replace("(height - 1)", "height").replace("True", "False"),
        "half a pixel",
    ),
    ("04.5", REFINE.replace("warped = warp", "warped = image2 = warp"), "warped again"),
    (
        "04.5",
        REFINE.replace("    flow = torch", "    warped = image2\n    flow = torch")
        .replace("        warped = warp(image2, flow)\n", "")
        .replace("+ step", "+ step\n        warped = warp(warped, step)"),
        "a little further",
    ),
    ("04.5", REFINE.replace("range(iterations)", "range(iterations - 1)"), "one round too few"),
    ("04.5", REFINE.replace("range(iterations)", "range(iterations + 1)"), "one round too many"),
    ("04.5", REFINE.replace("    return", "        return"), "not in it"),
    ("04.6", UPSCALE.replace("size[1]", "size[-2]").replace("size[0]", "size[-1]"), "rows and columns of `size`"),
    ("04.6", UPSCALE.replace("1) / (", "1) // ("), "not with //"),
    ("04.6", UPSCALE.replace(', mode="bilinear", align_corners=True', ""), "interpolate bilinearly"),
    ("04.6", UPSCALE.replace("[across, down]", "[across, 1]"), "only u grows"),
    (
        "04.6",
        UPSCALE.replace(
            "    resized", "    flow *= torch.tensor([across, down]).view(1, 2, 1, 1)\n    resized"
        ).replace("return resized * torch.tensor([across, down]).view(1, 2, 1, 1)", "return resized"),
        "changed in place",
    ),
    ("04.7", HIDDEN.replace("~in_view", "in_view"), "turn it around"),
    ("04.7", HIDDEN.replace("in_view(forward)", "in_view(backward)"), "says nothing about what leaves"),
    (
        "04.7",
        HIDDEN.replace("(gap > tolerance) | ~in_view(forward)", "~((gap > tolerance) | ~in_view(forward))"),
        "all of it",
    ),
    ("04.7", HIDDEN.replace(" + back.square().sum(1)) +", ") +"), "backward one is missing"),
    ("04.7", HIDDEN.replace(" + back.square", " + backward.square"), "of the same pixel"),
    ("04.7", HIDDEN.replace(") + 0.5", " + 0.5)"), "outside the bracket"),
    ("04.7", HIDDEN.replace("(gap > tolerance) |", "gap > tolerance |"), "binds tighter"),
]

test_lecture = lecture_test("04")


@pytest.mark.parametrize("exercise_id, answer, diagnosis", WRONG)
def test_wrong_answer(exercise_id, answer, diagnosis):
    assert_rejected(exercise_id, answer, diagnosis)


def test_there_are_enough_wrong_answers():
    assert_enough_wrong_answers("04", WRONG)


def test_other_right_answers_are_accepted():
    from table import typed

    from course_lib.exercises import evaluate, find

    own_interpolation = """import torch
def warp(image, flow):
    B, C, H, W = image.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    x, y = x + flow[:, 0], y + flow[:, 1]
    out = torch.zeros_like(image)
    for dx in (0, 1):
        for dy in (0, 1):
            column, row = x.floor() + dx, y.floor() + dy
            weight = (1 - (x - column).abs()) * (1 - (y - row).abs())
            inside = (column >= 0) & (column < W) & (row >= 0) & (row < H)
            index = (row.clamp(0, H - 1) * W + column.clamp(0, W - 1)).long().view(B, 1, -1).expand(-1, C, -1)
            value = image.flatten(2).gather(2, index).view(B, C, H, W)
            out = out + (weight * inside).unsqueeze(1) * value
    return out
"""
    for exercise_id, source in (("04.2", CRAMER), ("04.4", own_interpolation), ("04.5", REFINE), ("04.7", HIDDEN)):
        for seed in (0, 1, 2):
            report = evaluate(find(exercise_id), typed(exercise_id, source), seed)
            assert report.passed, report.as_text()
