"""24.3: pixels with depth, seen from another camera."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.camera import intrinsics, rigid, rotation_from_axis_angle

SOLUTION = """
import torch
from course_lib.ops.camera import backproject


def carry(depth, K, pose, other_pose):
    points = backproject(depth, K).flatten(2)
    R, t = pose[:, :3, :3], pose[:, :3, 3:]
    other_R, other_t = other_pose[:, :3, :3], other_pose[:, :3, 3:]
    seen = other_R.transpose(1, 2) @ (R @ points + t - other_t)
    pixels = (K @ seen)[:, :2] / seen[:, 2:]
    return torch.cat([pixels, seen[:, 2:]], 1).unflatten(2, depth.shape[1:])
"""

SEEN, PIXELS = "other_R.transpose(1, 2) @ (R @ points + t - other_t)", "(K @ seen)[:, :2] / seen[:, 2:]"
RESULT = "torch.cat([pixels, seen[:, 2:]], 1)"
TURNED = "a pose goes from camera to world: R x + t leads out of camera i, R_j^T (x - t_j) into camera j"


def _cases(generator):
    def views(batch, rows, columns):
        K = intrinsics(9.0 + torch.rand((), generator=generator).item(), 8.0, columns / 2 - 0.7, rows / 2 - 0.3)
        depth = 3 + 2 * torch.rand(batch, rows, columns, generator=generator)
        turns = 0.25 * torch.randn(2, batch, 3, generator=generator).clamp(-2, 2)
        places = 0.3 * torch.randn(2, batch, 3, generator=generator).clamp(-2, 2)
        poses = rigid(rotation_from_axis_angle(turns), places)
        return depth, K, poses[0], poses[1]

    right = torch.eye(4)
    right[0, 3] = 0.5
    return [
        Case(
            "by hand: a wall 4 m away, the camera steps 0.5 m to the right",
            (torch.full((1, 2, 3), 4.0), intrinsics(40.0, 40.0, 1.0, 0.5), torch.eye(4)[None], right[None]),
        ),
        Case("2 frames of 4 x 6", views(2, 4, 6)),
        Case("3 frames of 5 x 3", views(3, 5, 3)),
        Case("1 frame of 2 x 9", views(1, 2, 9)),
    ]


carry = exercise(
    "24.3",
    "From frame to frame",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=("course_lib.ops.camera.reproject", "course_lib.video_depth.geometry.meet"),
    mistakes=(
        edit(
            "the two cameras are exchanged: " + TURNED, {SEEN: "R.transpose(1, 2) @ (other_R @ points + other_t - t)"}
        ),
        edit(
            "the poses are taken as world to camera: " + TURNED,
            {SEEN: "other_R @ (R.transpose(1, 2) @ (points - t)) + other_t"},
        ),
        edit("R_j must be transposed: " + TURNED, {"other_R.transpose(1, 2) @": "other_R @"}),
        edit("R_i is transposed, and must not be: " + TURNED, {"R @ points": "R.transpose(1, 2) @ points"}),
        edit("the sign of t_j is turned: " + TURNED, {"- other_t": "+ other_t"}),
        edit("the two translations have each other's sign: " + TURNED, {"+ t - other_t": "- t + other_t"}),
        edit("t_j is forgotten: " + TURNED, {" - other_t": ""}),
        edit("t_i is forgotten: " + TURNED, {"+ t - other_t": "- other_t"}),
        edit(
            "t_j is subtracted after the turn: take it off first, then turn by R_j^T",
            {SEEN: "other_R.transpose(1, 2) @ (R @ points + t) - other_t"},
        ),
        edit("this adds t_i before the turn by R_i: turn first, then add", {"R @ points + t": "R @ (points + t)"}),
        edit("the rotations are missing", {SEEN: "points + t - other_t"}),
        edit("the translations are missing", {SEEN: "other_R.transpose(1, 2) @ R @ points"}),
        edit("these points are still in the world: on into camera j", {SEEN: "R @ points + t"}),
        edit("K is missing: x / z and y / z are not pixels yet", {PIXELS: "seen[:, :2] / seen[:, 2:]"}),
        edit("the division by z is missing", {PIXELS: "(K @ seen)[:, :2]"}),
        edit(
            "this divides by the depth in frame i: divide by z as camera j sees it",
            {PIXELS: "(K @ seen)[:, :2] / depth.flatten(1)[:, None]"},
        ),
        edit(
            "these are flow vectors: the places themselves are asked for",
            {PIXELS: "(K @ seen)[:, :2] / seen[:, 2:] - (K @ points)[:, :2] / points[:, 2:]"},
        ),
        edit(
            "the depth of frame i came back: return z as camera j sees it",
            {RESULT: "torch.cat([pixels, points[:, 2:]], 1)"},
        ),
        edit(
            "the third channel is z, not the length of the ray",
            {RESULT: "torch.cat([pixels, seen.norm(dim=1, keepdim=True)], 1)"},
        ),
        edit("rows and columns are exchanged: x comes first", {RESULT: "torch.cat([pixels.flip(1), seen[:, 2:]], 1)"}),
        edit("the order is x, y, z", {RESULT: "torch.cat([seen[:, 2:], pixels], 1)"}),
        edit(
            "the third channel is 1 here, the homogeneous coordinate: z as camera j sees it is asked for",
            {RESULT: "torch.cat([pixels, torch.ones_like(seen[:, 2:])], 1)"},
        ),
        edit("only x and y came: z as camera j sees it is the third channel", {RESULT: "pixels"}),
        edit("these are points in camera j: project them, x / z and y / z through K", {RESULT: "seen"}),
        edit(
            "the product of the poses has the wrong order: first out of camera i, then into camera j, "
            "inverse(other_pose) @ pose",
            {
                SEEN: "(pose @ torch.linalg.inv(other_pose))[:, :3, :3] @ points"
                " + (pose @ torch.linalg.inv(other_pose))[:, :3, 3:]"
            },
        ),
        edit("the third channel is z, not its inverse", {RESULT: "torch.cat([pixels, 1 / seen[:, 2:]], 1)"}),
        edit(
            "this is the inverse of K: it leads from pixels to rays, K from points to pixels",
            {PIXELS: "(torch.linalg.inv(K) @ seen)[:, :2] / seen[:, 2:]"},
        ),
    ),
    hints=(
        "Out of camera i into the world with its pose, from the world into camera j with the inverse of the other one; "
        "then what every camera does: times K, divided by z.",
        "`R @ points` turns (B, 3, N) at once; `t` is (B, 3, 1). The inverse of a rotation is "
        "`R.transpose(1, 2)`. `x.unflatten(2, (H, W))` makes maps again.",
        "`seen = other_R.transpose(1, 2) @ (R @ points + ____ - ____)`, `pixels = (K @ seen)[:, :2] / ____`, and "
        "`torch.cat([pixels, ____], 1).unflatten(2, depth.shape[1:])`.",
    ),
)
