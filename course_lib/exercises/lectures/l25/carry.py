"""25.2: points of one frame as the other camera sees them."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.camera import rotation_from_axis_angle

SOLUTION = """
import torch


def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    ones = torch.ones(len(pixels), 1)
    c = (factor * depth)[:, None] * torch.cat([pixels, ones], dim=1)
    camera = c @ torch.linalg.inv(K_i).T
    world = camera @ R_i.T + t_i
    other = (world - t_j) @ R_j
    return other @ K_j.T
"""

C, CAMERA = "(factor * depth)[:, None] * torch.cat([pixels, ones], dim=1)", "c @ torch.linalg.inv(K_i).T"
WORLD, OTHER = "camera @ R_i.T + t_i", "(world - t_j) @ R_j"


def _cases(generator):
    def draw(number, turn=0.5):
        def uniform(*size):
            return torch.rand(*size, generator=generator)

        cameras = []
        for _ in range(2):
            K = torch.tensor([[0.0, 0, 31.5], [0, 0, 20.5], [0, 0, 1]])
            K[0, 0], K[1, 1] = 40 + 30 * uniform(()), 40 + 30 * uniform(())
            cameras.append((K, rotation_from_axis_angle(turn * (uniform(3) - 0.5)), 2 * uniform(3) - 1))
        (K_i, R_i, t_i), (K_j, R_j, t_j) = cameras
        pixels = uniform(number, 2) * torch.tensor([60.0, 40.0])
        return pixels, 2 + 3 * uniform(number), 0.5 + uniform(()), K_i, K_j, R_i, t_i, R_j, t_j

    eye, zero = torch.eye(3), torch.zeros(3)
    K = torch.tensor([[10.0, 0, 4], [0, 10, 3], [0, 0, 1]])
    right = torch.tensor([1.0, 0, 0])
    return [
        Case("6 pixels, both cameras turned and moved", draw(6)),
        Case("3 pixels, a large turn", draw(3, 2.0)),
        Case("1 pixel", draw(1)),
        Case(
            "by hand: the camera steps 1 m to the right, the point is 5 m away",
            (torch.tensor([[4.0, 3]]), torch.tensor([2.5]), torch.tensor(2.0), K, K, eye, zero, eye, right),
        ),
    ]


carry = exercise(
    "25.2",
    "From frame to frame",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    rtol=1e-3,
    atol=1e-3,
    differentiable=True,
    mistakes=(
        edit("the factor of the frame's depth is missing", {"(factor * depth)": "depth"}),
        edit(
            "the factor multiplies the camera's position as well: it belongs to the depth alone",
            {WORLD: "camera @ R_i.T + factor * t_i"},
        ),
        edit(
            "the pixels are not multiplied by the depth: c_i is depth times (x, y, 1), all three",
            {C: "torch.cat([pixels, (factor * depth)[:, None]], dim=1)"},
        ),
        edit("K_i must be undone before the rotation: multiply by its inverse", {CAMERA: "c + 0"}),
        edit("K_i is applied once more: its *inverse* leads from pixels to the camera's axes", {CAMERA: "c @ K_i.T"}),
        edit(
            "points are rows here: a matrix M acts as `rows @ M.T`; the transpose of the inverse of K_i is missing",
            {CAMERA: "c @ torch.linalg.inv(K_i)"},
        ),
        edit("R_i acts on rows as `rows @ R_i.T`: this is the rotation backwards", {WORLD: "camera @ R_i + t_i"}),
        edit("R_j must be undone: `rows @ R_j` applies its transpose", {OTHER: "(world - t_j) @ R_j.T"}),
        edit(
            "both rotations are backwards: a matrix M acts on rows as `rows @ M.T`",
            {WORLD: "camera @ R_i + t_i", OTHER: "(world - t_j) @ R_j.T"},
        ),
        edit(
            "t_j is subtracted after the rotation: where the camera is must be taken off in the world's axes",
            {OTHER: "world @ R_j - t_j"},
        ),
        edit(
            "t_i is subtracted: a pose leads from the camera to the world, so its position is added",
            {WORLD: "camera @ R_i.T - t_i"},
        ),
        edit(
            "the position of camera j is added: on the way from the world into a camera it is subtracted",
            {OTHER: "(world + t_j) @ R_j"},
        ),
        edit("the position of camera j is missing", {OTHER: "world @ R_j"}),
        edit("the position of camera i is missing", {WORLD: "camera @ R_i.T"}),
        edit(
            "frames i and j are exchanged among the positions",
            {WORLD: "camera @ R_i.T + t_j", OTHER: "(world - t_i) @ R_j"},
        ),
        edit("this ends in camera j's axes: K_j is missing", {"return other @ K_j.T": "return other"}),
        edit("camera j has intrinsics of its own: K_j, not K_i", {"other @ K_j.T": "other @ K_i.T"}),
        edit(
            "this is the pixel: c is asked for, depth times (x, y, 1), so do not divide by z",
            {"return other @ K_j.T": "seen = other @ K_j.T\n    return seen / seen[:, 2:]"},
        ),
        edit("K_j acts on rows as `rows @ K_j.T`", {"other @ K_j.T": "other @ K_j"}),
        edit(
            "this is the way from frame j to frame i: start with K_i, R_i and t_i, and end with those of j",
            {
                CAMERA: "c @ torch.linalg.inv(K_j).T",
                WORLD: "camera @ R_j.T + t_j",
                OTHER: "(world - t_i) @ R_i",
                "other @ K_j.T": "other @ K_i.T",
            },
        ),
        edit(
            "the two matrices K are exchanged: K_i is undone first, and K_j ends it",
            {CAMERA: "c @ torch.linalg.inv(K_j).T", "other @ K_j.T": "other @ K_i.T"},
        ),
        edit(
            "the two rotations are exchanged: R_i leads out of camera i, R_j into camera j",
            {WORLD: "camera @ R_j.T + t_i", OTHER: "(world - t_j) @ R_i"},
        ),
        edit(
            "the factor multiplies the positions as well: it belongs to the depth alone",
            {WORLD: "camera @ R_i.T + factor * t_i", OTHER: "(world - factor * t_j) @ R_j"},
        ),
        edit(
            "the poses are taken as from the world into the camera: here they lead from the camera into the world",
            {WORLD: "(camera - t_i) @ R_i", OTHER: "world @ R_j.T + t_j"},
        ),
        edit(
            "this is the way out of camera i backwards: rotate by R_i, then add t_i",
            {WORLD: "(camera - t_i) @ R_i"},
        ),
        edit("t_i is added before the rotation: first turn, then move", {WORLD: "(camera + t_i) @ R_i.T"}),
        edit(
            "the depth multiplies x and y alone: c_i is depth times (x, y, 1), all three",
            {C: "torch.cat([(factor * depth)[:, None] * pixels, ones], dim=1)"},
        ),
        edit(
            "the depth is missing: c_i is depth times (x, y, 1)",
            {C: "torch.cat([pixels, ones], dim=1) + 0 * depth[:, None]"},
        ),
        edit("K_j itself ends it: its inverse is applied here", {"other @ K_j.T": "other @ torch.linalg.inv(K_j).T"}),
        edit(
            "this is the pixel and its depth: c is asked for, depth times (x, y, 1), so do not divide by z",
            {"return other @ K_j.T": "c = other @ K_j.T\n    return torch.cat([c[:, :2] / c[:, 2:], c[:, 2:]], 1)"},
        ),
        edit(
            "this is the pixel alone: c is asked for, depth times (x, y, 1), so keep all three and do not divide by z",
            {"return other @ K_j.T": "seen = other @ K_j.T\n    return seen[:, :2] / seen[:, 2:]"},
        ),
    ),
    hints=(
        "Read the formula from the inside: the pixel as c_i; by K_i^-1 into the camera's axes; by R_i and t_i into the "
        "world; then back into camera j; then by K_j.",
        "Points are rows, so the product M x becomes `x @ M.T`. The transpose of a transpose is the matrix itself. "
        "`torch.linalg.inv` inverts.",
        "`camera = c @ torch.linalg.inv(K_i).T`; `world = camera @ ____ + ____`; `other = (world - ____) @ ____`; "
        "return `other @ ____`.",
    ),
)
