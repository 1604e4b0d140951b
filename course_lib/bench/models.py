"""Networks for clips beside torchvision's R3D-18: clips per second and peak memory, forward and training step.

On a CPU the miniatures take small clips; on a GPU the published sizes run in bf16 and channels_last_3d. Both sides take
as many clips per call, in the same precision and layout. A clip of R3D-18 is 16 frames; a model of ours has the frames,
or the fields of flow, that its paper asks for (flow is computed before), so read the clips per second in the note with
the multiply-adds beside them.
"""

import ctypes
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from course_lib.bench.runner import Skip, need, row
from course_lib.describe import count, describe
from course_lib.timing import alternate

CLASSES = 101
R3D_FRAMES = 16


@row("networks of lectures 03 to 12: forward, CPU, miniatures", peer="torchvision r3d_18, 16 x 32 x 32")
def forward_cpu(rounds):
    return _compare("cpu", training=False, rounds=rounds)


@row("networks of lectures 03 to 12: training step, CPU, miniatures", peer="torchvision r3d_18, 16 x 32 x 32")
def train_cpu(rounds):
    return _compare("cpu", training=True, rounds=rounds)


@row("networks of lectures 03 to 12: forward, GPU, published size, bf16", peer="torchvision r3d_18, 16 x 112 x 112")
def forward_gpu(rounds):
    return _compare("cuda", training=False, rounds=rounds)


@row(
    "networks of lectures 03 to 12: training step, GPU, published size, bf16", peer="torchvision r3d_18, 16 x 112 x 112"
)
def train_gpu(rounds):
    return _compare("cuda", training=True, rounds=rounds)


def _compare(device, training, rounds):
    """The seconds are R3D-18's and C3D's, whose clips are alike; the note has every model's figures."""
    video = need("torchvision.models.video", "pip install torchvision")
    if device == "cuda" and not torch.cuda.is_available():
        raise Skip("needs a CUDA device")
    clips, side = (8, 32) if device == "cpu" else (32, 112)
    before = _allocated(device)
    r3d = _call(video.r3d_18(num_classes=CLASSES), (3, R3D_FRAMES, side, side), clips, device, training)
    note = [f"{clips} clips per call; the seconds are C3D's", f"r3d_18: {_memory(r3d, device, before)}"]
    for name, model, shape in _ours(device):
        cost = count(describe(model, shape, repeats=0).multiply_adds)
        before = _allocated(device)
        ours = _call(model, shape, clips, device, training)
        memory = _memory(ours, device, before)
        peer_seconds, seconds = alternate(ours, r3d, rounds)
        size = shape[0] if isinstance(shape, list) else shape
        note.append(
            f"{name} {' x '.join(map(str, size[-3:]))}: {clips / seconds:,.0f} clips/s against "
            f"{clips / peer_seconds:,.0f}, {cost} multiply-adds per clip, {memory}"
        )
        ours = model = None  # its memory must not count for the next
    return peer_seconds, seconds, "\n    ".join(note)


def _ours(device):
    """(name, model, input shape or list of shapes), one after the other: the published sizes together fill a GPU."""
    from course_lib.models import recurrent
    from course_lib.models.c3d import C3D
    from course_lib.models.fusion import EarlyFusion, LateFusion, MultiResolution, SingleFrame, SlowFusion
    from course_lib.models.i3d import I3D
    from course_lib.models.resnet_gn import ResNet50
    from course_lib.models.tsn import TSN
    from course_lib.models.two_stream import CNN_M_2048
    from course_lib.models.two_stream_fusion import TwoStreamFusion
    from course_lib.ops.stream_inputs import CROP, STACK

    small = device == "cpu"
    for model in (SingleFrame, EarlyFusion, LateFusion, SlowFusion, MultiResolution):
        side = 32 if small else 178 if model is MultiResolution else 170
        made = model.mini(CLASSES) if small else model(CLASSES)
        yield model.__name__, made, (3, model.frames, side, side)
    side = 48 if small else CROP
    for name, channels in (("spatial stream", 3), ("temporal stream", 2 * STACK)):
        made = CNN_M_2048.mini(CLASSES, channels) if small else CNN_M_2048(CLASSES, channels)
        yield name, made, (channels, side, side)
    side = 32 if small else 224
    yield "I3D", I3D.mini(CLASSES) if small else I3D(CLASSES), (3, 16, side, side)  # 64 frames: four times the memory
    side = 32 if small else 112
    frames = (3, 3, 32, 32) if small else (3, 3, CROP, CROP)  # segments, channels, rows, columns
    yield "TSN", (TSN.mini if small else TSN)(CLASSES), frames
    for norm in ("gn", "bn"):
        made = ResNet50.mini(CLASSES, norm) if small else ResNet50(CLASSES, norm=norm)
        yield f"ResNet-50 {norm.upper()}", made, frames[1:]
    yield "C3D", C3D.mini(CLASSES) if small else C3D(CLASSES), (3, 16, side, side)
    fused = (
        TwoStreamFusion.mini(CLASSES, over_time="3d conv", keep_temporal=True) if small else TwoStreamFusion(CLASSES)
    )
    side, channels = (32, 2) if small else (CROP, 2 * STACK)
    yield "two-stream fusion", fused, [(3, 5, side, side), (channels, 5, side, side)]  # frames, flow
    side = 20 if small else recurrent.CROP
    yield "LRCN", recurrent.LRCN.mini(CLASSES) if small else recurrent.LRCN(CLASSES), (3, 16, side, side)


def _call(model, shape, clips, device, training):
    """A function without arguments: one forward pass, or one step of SGD, over a fixed batch."""
    model = model.to(device).train(training)
    inputs = [torch.randn(clips, *size).to(device) for size in (shape if isinstance(shape, list) else [shape])]
    if device == "cuda":
        inputs = [_channels_last(x) for x in inputs]
        for parameter in model.parameters():
            parameter.data = _channels_last(parameter.data)
    labels = torch.arange(clips, device=device) % CLASSES
    context = partial(torch.autocast, "cuda", torch.bfloat16) if device == "cuda" else nullcontext
    if not training:
        return partial(_forward, model, inputs, context)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)
    return partial(_step, model, inputs, labels, optimizer, context)


def _channels_last(tensor):
    """Each by its own rank: a network for clips may have 2D convolutions, which `model.to(memory_format)` refuses."""
    layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(tensor.ndim, torch.contiguous_format)
    return tensor.contiguous(memory_format=layout)


@torch.no_grad()
def _forward(model, inputs, context):
    with context():
        model(*inputs)


def _step(model, inputs, labels, optimizer, context):
    with context():
        loss = cross_entropy(model(*inputs), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _allocated(device):
    return torch.cuda.memory_allocated() if device == "cuda" else 0


def _memory(call, device, before):
    """Peak memory of one call, in words; on a GPU with weights and gradients, beyond what was there `before`."""
    if device == "cuda":
        call()  # the first call also chooses algorithms
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        call()
        torch.cuda.synchronize()
        return f"peak {(torch.cuda.max_memory_allocated() - before) / 2**30:.2f} GiB with weights"
    extra = _peak_resident(call)
    return "peak unknown on this system" if extra is None else f"peak +{extra / 2**20:.0f} MiB"


def _peak_resident(call):
    """Bytes by which the process grew during one call, beyond what it held before; None where Linux does not tell."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # gives back what earlier calls left, so that it does not hide this one
        Path("/proc/self/clear_refs").write_text("5")  # starts the peak afresh
        before = _status("VmRSS")
        call()
        return _status("VmHWM") - before
    except (OSError, AttributeError):
        return None


def _status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))
