"""Rooms to measure depth in: exact depth, normals, instances and camera for every frame, and flow to any other frame.

A room with textured walls holds boxes and balls; some of them may move. A camera wanders about and looks in. Each pixel
is one ray, cut with every surface; so depth and the rest are not estimated but computed, and flow between two frames is
the way of the very point that the pixel shows.

Axes and units are those of `course_lib.ops.camera`: x right, y down, z forward, metres; depth is z.
"""

import math
from dataclasses import dataclass, field

import torch

from course_lib.data.worlds.photographs import PHOTOGRAPHS, scaled_photograph
from course_lib.errors import DataError
from course_lib.ops.camera import (
    inside,
    intrinsics_from_view,
    inverse,
    look_at,
    project,
    rays,
    rigid,
    rotation_from_axis_angle,
    transform,
)
from course_lib.ops.warp import pixel_grid

TEXELS = 64  # rows and columns of a surface's texture
SHORTER = 128  # pixels of the shorter side of the photographs that textures are cut from
METRES = 1.6  # what one texture spans; beyond, it is mirrored
PLAIN = ("brick", "grass", "gravel")  # what walls, floor and ceiling are made of
NEAREST = 1e-3  # metres: surfaces nearer than that are not seen
FRAMES_AT_ONCE = 16  # more would need more memory than it saves time


@dataclass
class SceneVideo:
    """A video and its truth.

    Attributes:
        frames: (T, 3, H, W) float32 in 0..1, RGB.
        depth: (T, H, W) z in metres; every pixel has one.
        normals: (T, 3, H, W) unit vectors in the camera's axes, towards the camera.
        instances: (T, H, W) long, 0 for the room, 1, 2, ... for the things in it.
        poses: (T, 4, 4) camera to world. K: (3, 3).
        movers: numbers of the instances that move.
    """

    frames: torch.Tensor
    depth: torch.Tensor
    normals: torch.Tensor
    instances: torch.Tensor
    poses: torch.Tensor
    K: torch.Tensor
    movers: tuple
    _things: list = field(repr=False)
    _places: torch.Tensor = field(repr=False)  # (T, 3, H, W), the point that is seen, in its thing's own axes
    _scale: float = field(repr=False)

    def __len__(self):
        return len(self.frames)

    @property
    def moving(self):
        """(T, H, W) bool: the pixel shows a thing that moves."""
        return torch.isin(self.instances, torch.tensor(self.movers, dtype=torch.long))

    def flow(self, start, end):
        """Exact flow from some frames to others.

        Args:
            start, end: numbers of frames, or lists of P numbers.
        Returns:
            (P, 2, H, W) in pixels, u right and v down. It also tells where a hidden point went: see `visible`.
        Raises:
            DataError: if there is no such frame.
        """
        pixels, _, _ = self._seen_from(start, end)
        return pixels - pixel_grid(*self.depth.shape[1:])

    def visible(self, start, end):
        """(P, H, W) bool: what the pixel of `start` shows is inside frame `end`, and nothing hides it there."""
        pixels, z, end = self._seen_from(start, end)
        height, width = self.depth.shape[1:]
        nearest = torch.empty_like(z)
        for pair, t in enumerate(end):
            directions = _through(self.K, pixels[pair])[None]
            depth, *_ = _cast(self._things, self.poses[[t]], directions, [t], self._scale)
            nearest[pair] = depth.view(height, width)
        return inside(pixels, height, width) & (z > 0) & (z < nearest * 1.001)

    def _seen_from(self, start, end):
        start, end = ([n] if isinstance(n, int) else list(n) for n in (start, end))
        if len(start) != len(end) or not all(0 <= n < len(self) for n in (*start, *end)):
            raise DataError(
                f"flow from {start} to {end}: expected as many starts as ends, of frames 0 to {len(self) - 1}."
            )
        points = torch.empty(len(start), 3, *self.depth.shape[1:])
        for pair, (i, j) in enumerate(zip(start, end, strict=True)):
            world = torch.empty(*self.depth.shape[1:], 3)
            for number, thing in enumerate(self._things):
                mine = self.instances[i] == number
                world[mine] = transform(self._places[i][:, mine].T, thing.poses[j])
            points[pair] = transform(world * self._scale, inverse(self.poses[j])).permute(2, 0, 1)
        return project(points, self.K), points[:, 2], end


@dataclass
class _Thing:
    """A box, a ball, or the room itself."""

    kind: str  # "room", "box" or "ball"
    half: torch.Tensor  # (3,), half the extents in metres
    poses: torch.Tensor  # (T, 4, 4), own axes to world
    texture: torch.Tensor  # (3, 3, TEXELS, TEXELS), for the faces across x, y and z; a ball has the first

    def cut(self, origins, directions):
        """How far along each ray the surface is, (T, N), inf for none; rays, (T, 3, 1) and (T, 3, N), in own axes."""
        if self.kind == "ball":
            a = (directions**2).sum(1)
            b = (origins * directions).sum(1)
            c = (origins**2).sum(1) - self.half[0] ** 2
            root = b * b - a * c
            near = (-b - root.clamp(min=0).sqrt()) / a
            return torch.where((root > 0) & (near > NEAREST), near, math.inf)
        half = self.half[:, None]
        steep = torch.where(directions.abs() < 1e-9, torch.full_like(directions, 1e-9), directions)
        one, other = (-half - origins) / steep, (half - origins) / steep
        near, far = torch.minimum(one, other).amax(1), torch.maximum(one, other).amin(1)
        if self.kind == "room":  # seen from inside
            return far
        return torch.where((far > near) & (near > NEAREST), near, math.inf)

    def normals(self, places):
        """Unit normals at (3, N) places of the surface, outwards; for the room, into it."""
        if self.kind == "ball":
            return places / self.half[0]
        relative = places / self.half[:, None]
        face = relative.abs().argmax(0)
        normals = torch.zeros_like(places).scatter_(0, face[None], relative.gather(0, face[None]).sign())
        return -normals if self.kind == "room" else normals

    def colors(self, places):
        """(3, N) places of the surface -> (3, N) texture colors, bilinear."""
        if self.kind == "ball":
            unit = places / self.half[0]
            u = torch.atan2(unit[0], unit[2]) * self.half[0]
            v = torch.asin(unit[1].clamp(-1, 1)) * self.half[0]
            face = torch.zeros_like(u, dtype=torch.long)
        else:
            face = (places / self.half[:, None]).abs().argmax(0)
            u = torch.where(face == 0, places[2], places[0])
            v = torch.where(face == 1, places[2], places[1])
        x, y = (TEXELS / METRES * (w + 0.37 * METRES) for w in (u, v))
        left, top = x.floor(), y.floor()
        across, down = x - left, y - top
        rows, columns = ([_mirrored(edge + step) for step in (0, 1)] for edge in (top, left))
        flat = self.texture.transpose(0, 1).flatten(1)  # (3, face row column)
        upper, lower = (
            torch.lerp(*(flat[:, (face * TEXELS + row) * TEXELS + column] for column in columns), across)
            for row in rows
        )
        return torch.lerp(upper, lower, down)


class SceneWorld:
    """Draws rooms, and videos in them.

    Args:
        height, width: of a frame in pixels. view: horizontal angle of view in degrees.
        boxes, balls: how many things stand in the room. movers: how many more boxes move about.
        travel: how far the camera gets from the middle of its path at most, in metres.
        scale: (lowest, highest) factor, drawn for each room, by which *everything* is larger: room, things, the
            camera's path. The picture is the same; depth and path are multiplied. Half as large is as likely as
            twice: the draw is even in the logarithm.
        noise: standard deviation of the noise on every pixel.
    Raises:
        DataError: if a number is negative, or the scale is not positive.
    """

    def __init__(self, height=96, width=128, *, view=70.0, boxes=3, balls=2, movers=0, travel=0.5, scale=(1.0, 1.0),
                 noise=0.01):  # fmt: skip
        if min(boxes, balls, movers, travel, noise) < 0 or not 0 < scale[0] <= scale[1]:
            raise DataError(
                f"boxes {boxes}, balls {balls}, movers {movers}, travel {travel:g}, noise {noise:g} must not be "
                f"negative, and scale {scale} must be (lowest, highest), both positive."
            )
        self.height, self.width, self.noise = height, width, noise
        self.K = intrinsics_from_view(height, width, view)
        self.boxes, self.balls, self.movers, self.travel, self.scale = boxes, balls, movers, travel, scale

    def video(self, frames=12, seed=0):
        """A video in one room: SceneVideo with T = frames. Equal seeds give equal videos."""
        generator = torch.Generator().manual_seed(seed)
        draw = _drawing(generator)
        size = torch.tensor([draw(4, 7), draw(2.4, 3.2), draw(5, 8)])
        room = _Thing("room", size / 2, _standing(frames, [0, 0, size[2] / 2 - 1.2]),
                      torch.stack([_texture(draw, generator, PLAIN) for _ in range(3)]))  # fmt: skip
        things = [room]
        for kind in ["box"] * self.boxes + ["ball"] * self.balls + ["box"] * self.movers:
            things.append(self._thing(kind, len(things) > self.boxes + self.balls, size, frames, draw, generator))
        scale = self.scale[0] * (self.scale[1] / self.scale[0]) ** draw(0, 1)
        poses = self._path(frames, draw)
        light = torch.nn.functional.normalize(torch.tensor([draw(-1, 1), -1.0, draw(-1.5, -0.5)]), dim=0)
        parts = [
            self._render(things, poses, moments, light)
            for moments in torch.arange(frames).split(FRAMES_AT_ONCE)
        ]  # fmt: skip
        frames_, depth, normals, instances, places = map(torch.cat, zip(*parts, strict=True))
        frames_ = (frames_ + self.noise * torch.randn(frames_.shape, generator=generator)).clamp(0, 1)
        movers = tuple(range(1 + self.boxes + self.balls, len(things)))
        poses[:, :3, 3] *= scale
        return SceneVideo(frames_, depth * scale, normals, instances, poses, self.K, movers, things, places, scale)

    def pictures(self, n, seed=0):
        """n rooms, one frame of each.

        Returns:
            frames (n, 3, H, W) in 0..1, depth (n, H, W) in metres, normals (n, 3, H, W), camera's axes.
        """
        videos = [self.video(1, seed=seed * 100_003 + i) for i in range(n)]
        return tuple(torch.cat([getattr(video, name) for video in videos]) for name in ("frames", "depth", "normals"))

    def _thing(self, kind, moves, room, frames, draw, generator):
        half = torch.tensor([draw(0.2, 0.55) for _ in range(3)])
        if kind == "ball":
            half = half[:1].expand(3)
        floor = room[1] / 2
        at = torch.tensor([draw(-0.42, 0.42) * room[0], floor - half[1], draw(1.6, room[2] - 2.2)])
        turn = torch.tensor([0.0, draw(0, math.pi), 0.0])
        if not moves:
            poses = _standing(frames, at, turn)
        else:  # to and fro above the floor, turning about the upright axis
            at[1] = floor - half[1] - draw(0.1, 0.8)
            at[0] *= 0.5
            time = torch.arange(frames)[:, None] * torch.tensor([draw(0.2, 0.4), draw(0.2, 0.4), draw(0.1, 0.3)])
            swing = torch.tensor([0.6, 0.1, 0.4]) * torch.sin(time + draw(0, 2 * math.pi))
            turns = turn + torch.arange(frames)[:, None] * torch.tensor([0.0, draw(-0.15, 0.15), 0.0])
            poses = rigid(rotation_from_axis_angle(turns), at + swing)
        return _Thing(kind, half, poses, _texture(draw, generator).expand(3, -1, -1, -1))

    def _path(self, frames, draw):
        """(T, 4, 4): the camera swings to and fro and looks at a point that drifts a little."""
        time = torch.arange(frames)[:, None] / 24 * 2 * math.pi
        speed = torch.tensor([draw(0.6, 1.2) for _ in range(3)])
        phase = torch.tensor([draw(0, 2 * math.pi) for _ in range(3)])
        eyes = self.travel * torch.tensor([1.0, 0.4, 0.6]) * torch.sin(time * speed + phase)
        targets = torch.tensor([draw(-0.5, 0.5), 0.3, 3.0]) + 0.15 * torch.sin(0.7 * time * speed + phase.flip(0))
        return torch.stack([look_at(eye, target) for eye, target in zip(eyes, targets, strict=True)])

    def _render(self, things, poses, moments, light):
        directions = rays(self.K, self.height, self.width).flatten(1)
        cameras = poses[moments]
        depth, instances, places, normals = _cast(
            things, cameras, directions.expand(len(moments), -1, -1), moments.tolist()
        )
        colors = torch.empty_like(places)
        for number, thing in enumerate(things):
            mine = instances == number
            colors.transpose(0, 1)[:, mine] = thing.colors(places.transpose(0, 1)[:, mine])
        lit = (normals * light[:, None]).sum(1, keepdim=True).clamp(min=0)
        colors = colors * (0.6 + 0.4 * lit)
        normals = cameras[:, :3, :3].transpose(1, 2) @ normals
        frame = len(moments), -1, self.height, self.width
        return (colors.view(frame), depth.view(frame)[:, 0], normals.view(frame), instances.view(frame)[:, 0],
                places.view(frame))  # fmt: skip


def _cast(things, cameras, directions, moments, scale=1.0):
    """Follow rays to the first surface.

    Args:
        cameras: (T, 4, 4). directions: (T, 3, N) in the cameras' axes, with z = 1, so that how far is depth.
        moments: T numbers, where the things are then. scale: of the cameras' positions and of the depth returned.
    Returns:
        depth (T, N), instances (T, N) long, places (T, 3, N) in the thing's own axes, normals (T, 3, N) in the world's.
    """
    depth = torch.full((len(moments), directions.shape[-1]), math.inf)
    instances = torch.zeros_like(depth, dtype=torch.long)
    cameras = cameras.clone()
    cameras[:, :3, 3] /= scale
    to_own = [inverse(thing.poses[moments]) @ cameras for thing in things]
    for number, (thing, motion) in enumerate(zip(things, to_own, strict=True)):
        reach = thing.cut(motion[:, :3, 3:], motion[:, :3, :3] @ directions)
        nearer = reach < depth
        depth = torch.where(nearer, reach, depth)
        instances[nearer] = number
    points = directions * depth[:, None]
    places, normals = torch.empty_like(directions), torch.empty_like(directions)
    for number, (thing, motion) in enumerate(zip(things, to_own, strict=True)):
        for t in range(len(moments)):
            mine = instances[t] == number
            if mine.any():
                places[t][:, mine] = transform(points[t][:, mine].T, motion[t]).T
                normals[t][:, mine] = thing.poses[moments[t], :3, :3] @ thing.normals(places[t][:, mine])
    return depth * scale, instances, places, normals


def _through(K, pixels):
    """Directions, (3, H W), of the rays through any pixels (2, H, W); z = 1."""
    focal, middle = K[(0, 1), (0, 1)], K[:2, 2]
    flat = (pixels.flatten(1) - middle[:, None]) / focal[:, None]
    return torch.cat([flat, torch.ones_like(flat[:1])])


def _standing(frames, at, turn=(0.0, 0.0, 0.0)):
    """(T, 4, 4) of something that stays where it is."""
    rotation = rotation_from_axis_angle(torch.as_tensor(turn, dtype=torch.float32))
    return rigid(rotation, torch.as_tensor(at, dtype=torch.float32)).expand(frames, 4, 4)


def _texture(draw, generator, names=tuple(PHOTOGRAPHS)):
    """A crop of a photograph in a tint of its own, (3, TEXELS, TEXELS)."""
    picture = scaled_photograph(names[int(torch.randint(len(names), (), generator=generator))], SHORTER)
    top, left = (int(draw(0, side - TEXELS)) for side in picture.shape[1:])
    crop = picture[:, top : top + TEXELS, left : left + TEXELS]
    tint = torch.tensor([draw(0.5, 1.0) for _ in range(3)])
    return (crop * tint[:, None, None] * 0.85 + 0.1).clamp(0, 1)


def _mirrored(index):
    """Texel numbers beyond the texture go back and forth: ..., 1, 0, 0, 1, ..., 63, 63, 62, ..."""
    index = index.remainder(2 * TEXELS)
    return torch.minimum(index, 2 * TEXELS - 1 - index).long()


def _drawing(generator):
    def draw(low, high):
        return low + (high - low) * torch.rand((), generator=generator).item()

    return draw
