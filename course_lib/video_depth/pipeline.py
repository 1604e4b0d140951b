"""Consistent depth of a whole video, from the file to a depth video and point clouds.

    frames        decode, at the size at which the network works
    movers        what may move by itself                    (Mask R-CNN)
    cameras       where the camera was, and sparse points    (COLMAP)
    flow          both ways between the chosen pairs         (FlowNet 2)
    first depth   the network as it came, aligned; and the scale of the camera's path
    training      at test time, on this video
    output        depth.mp4, clouds/*.ply, measures.json

Each stage leaves a file in the output folder and is skipped when the file is there: call `run` again after an
interruption, and it goes on where it was. Training goes on from its last checkpoint.

Differences from the paper: COLMAP's sparse points serve the calibration, not its dense depth; a network of inverse
depth gets a scale and a shift from them first; no homography aligns distant frames before flow is computed.
"""

import json
from dataclasses import asdict, dataclass, field

import torch
from torch.nn.functional import interpolate

from course_lib.atomic import replacing, write_atomically
from course_lib.data.video_io import probe, read_frames
from course_lib.errors import DataError
from course_lib.places import place, system_errors
from course_lib.train import Checkpoint
from course_lib.video_depth.calibration import scale_of_path
from course_lib.video_depth.geometry import disparity_loss, masked_mean, meet, spatial_loss
from course_lib.video_depth.measures import drift, instability, photometric_error, tracks_in_space
from course_lib.video_depth.output import cloud, write_depth_video, write_ply
from course_lib.video_depth.pairs import frame_pairs
from course_lib.video_depth.tracks import corners, follow
from course_lib.video_depth.training import BATCH, EPOCHS, RATE_MIDAS, Lesson, depth_of, make_consistent

MULTIPLE = 32  # of which both sides are multiples
FEWEST_POINTS = 20  # sparse points that a frame needs to take part in the calibration
PAIRS_AT_ONCE = 32  # whose flow is kept in one file
EVERY = 50  # steps between checkpoints
FIRST_FILES = {"movers": "movers.pt", "flow": "flow/0000.pt", "depth": "first_depth.pt"}  # that a tool's weights made


@dataclass(frozen=True)
class Options:
    """What a run depends on; a folder holds one choice of them.

    start, frames: the part of the video, 0 frames for all. side, flow_side: pixels of the longer side for depth and
    for flow. rule: see `frame_pairs`. disparity, lr, epochs, batch, seed: see `make_consistent`; the defaults are the
    released code's for MiDaS. clouds: every how many frames a point cloud is written.
    """

    start: int = 0
    frames: int = 0
    side: int = 384
    flow_side: int = 1024
    rule: str = "cvd"
    disparity: float = 1e-4
    lr: float = RATE_MIDAS
    epochs: int = EPOCHS
    batch: int = BATCH
    seed: int = 0
    clouds: int = 10


@dataclass
class Tools:
    """The networks and programs of a run; each may be replaced.

    Attributes:
        depth: function () -> a network that gives depth, see `networks`. If it has `align`, that is called.
        flow: function (images, others), (B, 3, H, W) in 0..1 each -> (B, 2, H, W) in pixels.
        cameras: function (folder, names, workspace, masks, size) -> Cameras, as `reconstruction.reconstruct`.
        movers: function (frames (T, 3, H, W)) -> (T, H, W) bool, or None where nothing moves.
        device: where depth is trained.
        names: {"movers", "flow" or "depth": its weights' file name}: once a stage is done, a folder keeps to them.
    """

    depth: callable
    flow: callable
    cameras: callable
    movers: callable = None
    device: torch.device = torch.device("cpu")
    names: dict = field(default_factory=dict)


@system_errors("the folder of results cannot be written", DataError)
def run(video, out, tools, options=None, say=print):
    """Do all of it, or what is left to do.

    Args:
        video: path. out: folder, made if needed. say: gets a line per stage.
    Returns:
        dict: the measures before and after, as in measures.json.
    Raises:
        DataError: if the folder belongs to another run, or a stage finds too little (it says what).
        VideoError: if the video cannot be read.
    """
    video, out, options = place(video, DataError), place(out, DataError), options or Options()
    numbers = _numbers(probe(video).frames, options)  # first, so that a slip of the pen claims no folder
    out.mkdir(parents=True, exist_ok=True)
    _claim_folder(video, out, options, tools)
    frames, numbers, fps = _kept(out / "frames.pt", lambda: _frames(video, numbers, options), say)
    moving = _kept(out / "movers.pt", lambda: _movers(frames, tools), say)
    known = _kept(out / "cameras.pt", lambda: _cameras(frames, moving, numbers, out, tools), say)
    frames, moving = frames[known["frames"]].float() / 255, moving[known["frames"]]
    numbers = numbers[known["frames"]]
    pairs = torch.tensor(frame_pairs(len(frames), options.rule))
    flow, backward = _flow(video, out, numbers, pairs, frames.shape[2:], tools, options, say)
    first = _kept(out / "first_depth.pt", lambda: _first_depth(frames, known, tools), say)
    poses = known["poses"].clone()
    poses[:, :3, 3] *= first["scale"]
    lesson = Lesson.from_flow(frames, known["K"], poses, pairs, flow, backward, ~moving)
    depth = _kept(out / "depth.pt", lambda: _trained(lesson, first, out, tools, options), say)
    measured = {
        "before": measure(lesson, first["depth"], ~moving),
        "after": measure(lesson, depth, ~moving),
        "pairs": len(lesson.pairs),
        "frames": len(frames),
        "scale of the path": first["scale"],
    }
    write_depth_video(out / "depth.mp4", frames, [first["depth"], depth], fps)
    (out / "clouds").mkdir(exist_ok=True)
    for t in range(0, len(frames), max(1, options.clouds)):
        points, colors = cloud(frames[t], torch.where(moving[t], 0.0, depth[t]), known["K"], poses[t])
        write_ply(out / "clouds" / f"{numbers[t]:06d}.ply", points, colors)
    write_atomically(out / "measures.json", json.dumps(measured, indent=1) + "\n")
    say(f"Written: {out / 'depth.mp4'}, {out / 'clouds'} and {out / 'measures.json'}.")
    return measured


def measure(lesson, depth, still):
    """How consistent the depth of a video is.

    Args:
        lesson: Lesson. depth: (T, H, W). still: (T, H, W) bool.
    Returns:
        dict of floats: "spatial" (pixels), "disparity" (pixels per unit), "photometric" (0..1), "instability" (unit),
        "drift" (square unit); the latter two for corners of the first frame, NaN where none can be followed.
    """
    i, j = lesson.pairs.T
    meeting = meet(depth[i], depth[j], lesson.flow, lesson.K, lesson.K, lesson.poses[i], lesson.poses[j])
    focal = lesson.K[(0, 1), (0, 1)].mean()
    rows = {pair: row for row, pair in enumerate(map(tuple, lesson.pairs.tolist()))}
    neighbours = []  # the flow from frame to frame, as far as no pair was left out
    for t in range(len(depth) - 1):
        if (t, t + 1) not in rows:
            break
        neighbours.append(rows[t, t + 1])
    found = {
        "spatial": masked_mean(spatial_loss(meeting), lesson.mask).item(),
        "disparity": masked_mean(disparity_loss(meeting, focal), lesson.mask).item(),
        "photometric": photometric_error(lesson.frames[i], lesson.frames[j], meeting.pixels, lesson.mask),
        "instability": float("nan"),
        "drift": float("nan"),
    }
    if neighbours:
        tracks, seen = follow(corners(lesson.frames[0]), lesson.flow[neighbours], lesson.mask[neighbours])
        last = len(neighbours) + 1
        paths = tracks_in_space(tracks, depth[:last], lesson.K, lesson.poses[:last])
        long = seen.sum(1) > 1
        if long.any():
            found["instability"] = instability(paths[long], seen[long])
            found["drift"] = drift(paths[long], seen[long])
    return found


def working_size(height, width, side, multiple=MULTIPLE):
    """(height, width) of about `side` pixels along the longer side, each the nearest multiple, at least one."""
    scale = side / max(height, width)
    return tuple(max(multiple, round(scale * n / multiple) * multiple) for n in (height, width))


def _claim_folder(video, out, options, tools):
    """Record what this folder is for, or make sure that it is for the same."""
    wanted = {"video": video.name, "bytes": video.stat().st_size, **asdict(options), **tools.names}
    path = out / "settings.json"
    if not path.exists():
        write_atomically(path, json.dumps(wanted, indent=1) + "\n")
        return
    try:
        there = json.loads(path.read_text())
    except ValueError:
        raise DataError(f"{path} is damaged. Move the folder away, or choose another --out.") from None
    differ = [key for key in wanted if there.get(key) != wanted[key]]
    other = [
        f"{key}: {there.get(key)!r} there, {wanted[key]!r} now"
        for key in differ
        if key not in tools.names or (out / FIRST_FILES[key]).exists()  # wrong weights may be exchanged before use
    ]
    if other:
        raise DataError(f"{out} belongs to another run ({'; '.join(other)}). Choose another --out.")
    if differ:
        write_atomically(path, json.dumps(wanted, indent=1) + "\n")


def _kept(path, make, say, name=""):
    """What a stage left in its file; made and written, whole or not at all, if the file is missing."""
    if path.exists():
        try:
            return torch.load(path, weights_only=True)
        except Exception as error:  # torch raises several kinds for a damaged file
            raise DataError(f"{path} cannot be read ({type(error).__name__}): delete it, and run again.") from error
    say(f"{name or path.stem.replace('_', ' ')} ...")
    made = make()
    with replacing(path) as beside:
        torch.save(made, beside)
    return made


def _numbers(there, options):
    """The numbers of the frames that take part: (T,) long."""
    last = there if options.frames == 0 else min(there, options.start + options.frames)
    numbers = torch.arange(options.start, max(last, options.start))
    if len(numbers) < 2:
        raise DataError(
            f"The video has {there} frame(s), and {len(numbers)} take part (from frame {options.start} on): expected "
            "at least two, as depth shows when the camera travels. Lower --start, raise --frames, or take a longer one."
        )
    return numbers


def _frames(video, numbers, options):
    """uint8 (T, 3, H, W), their numbers (T,), frames per second."""
    about = probe(video)
    clip = read_frames(video, numbers, size=working_size(about.height, about.width, options.side))
    return clip.transpose(0, 1).contiguous(), numbers, about.fps


def _movers(frames, tools):
    if tools.movers is None:
        return torch.zeros(len(frames), *frames.shape[2:], dtype=torch.bool)
    return tools.movers(frames.float() / 255)


def _cameras(frames, moving, numbers, out, tools):
    """Write pictures and masks for COLMAP, and keep what it finds as plain tensors."""
    from PIL import Image

    pictures, masks = out / "pictures", out / "masks"
    for folder in (pictures, masks):
        folder.mkdir(exist_ok=True)
    names = [f"{number:06d}.png" for number in numbers.tolist()]
    for frame, there, name in zip(frames, moving, names, strict=True):
        Image.fromarray(frame.permute(1, 2, 0).numpy()).save(pictures / name)
        Image.fromarray((~there).byte().mul(255).numpy()).save(masks / f"{name}.png")
    cameras = tools.cameras(pictures, names, out / "colmap", masks, tuple(frames.shape[2:]))
    return asdict(cameras)


def _flow(video, out, numbers, pairs, size, tools, options, say):
    """(P, 2, H, W) twice, there and back, block by block; at `flow_side`, then made smaller."""
    about = probe(video)
    large = working_size(about.height, about.width, options.flow_side, multiple=64)
    (out / "flow").mkdir(exist_ok=True)

    def block(chosen):
        ways = []
        for i, j in chosen.tolist():
            clip = read_frames(video, [numbers[i].item(), numbers[j].item()], size=large).float() / 255
            first, second = clip.transpose(0, 1)
            both = tools.flow(torch.stack([first, second]), torch.stack([second, first])).float().cpu()
            ways.append(resized_flow(both, size))
        return torch.stack(ways, 1)  # (2, P, 2, H, W)

    blocks = pairs.split(PAIRS_AT_ONCE)
    parts = [
        _kept(out / "flow" / f"{n:04d}.pt", lambda chosen=chosen: block(chosen), say, f"flow, {n + 1} of {len(blocks)}")
        for n, chosen in enumerate(blocks)
    ]
    return torch.cat(parts, 1).unbind(0)


def resized_flow(flow, size):
    """Flow on frames of another size: (B, 2, H, W) -> (B, 2, *size); its vectors are scaled as well."""
    scale = flow.new_tensor([size[1] / flow.shape[3], size[0] / flow.shape[2]]).view(2, 1, 1)
    return interpolate(flow, size, mode="bilinear", align_corners=False, antialias=True) * scale


def _first_depth(frames, known, tools):
    """Depth of the network as it came, after its alignment, and the scale of the path."""
    network = tools.depth().to(tools.device)
    if hasattr(network, "align"):
        network.align(frames, known["depth"])
    depth = depth_of(network, frames)
    scale, _ = scale_of_path(depth, known["depth"], enough=FEWEST_POINTS / depth[0].numel())
    aligned = {name: value.cpu() for name, value in network.named_buffers(recurse=False)}
    return {"depth": depth, "scale": scale, "aligned": aligned}


def _trained(lesson, first, out, tools, options):
    network = tools.depth().to(tools.device)
    for name, value in first["aligned"].items():
        getattr(network, name).copy_(value)
    steps = -(-options.epochs * len(lesson.pairs) // options.batch)
    network, _ = make_consistent(
        network, lesson, steps, disparity=options.disparity, lr=options.lr, batch=options.batch, seed=options.seed,
        checkpoint=Checkpoint(out / "training.pt", EVERY),
    )  # fmt: skip
    return depth_of(network, lesson.frames)
