"""The five networks: published counts, what each looks at, and that each can learn."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from course_lib.errors import ShapeError
from course_lib.models.i3d import MINI
from course_lib.models.quo_vadis import ConvNet3D, FusedTwoStream, LSTMNet, TwoStream, TwoStreamI3D

PUBLISHED = {
    LSTMNet: 8_947_648, ConvNet3D: 79_634_576, TwoStream: 12_058_560, FusedTwoStream: 39_755_824,
    TwoStreamI3D: 25_372_576,
}  # fmt: skip
MINIS = {
    "LSTM": (lambda: LSTMNet.mini(3), [(3, 8, 32, 32)]),
    "3D-ConvNet": (lambda: ConvNet3D.mini(3), [(3, 8, 32, 32)]),
    "two-stream": (lambda: TwoStream.mini(3, stack=4), [(3, 32, 32), (8, 32, 32)]),
    "3D-fused": (lambda: FusedTwoStream.mini(3, stack=2), [(3, 3, 32, 32), (4, 3, 32, 32)]),
    "two-stream I3D": (lambda: TwoStreamI3D.mini(3), [(3, 8, 32, 32), (2, 7, 32, 32)]),
}


@pytest.mark.parametrize("build, expected", PUBLISHED.items(), ids=lambda value: getattr(value, "__qualname__", None))
def test_published_size(build, expected):
    with torch.device("meta"):
        assert sum(p.numel() for p in build().parameters()) == expected


def test_published_inputs():
    with torch.device("meta"):
        one, clip = torch.zeros(1, 3, 224, 224), torch.zeros(1, 3, 16, 112, 112)
        assert ConvNet3D().eval()(clip).shape == (1, 400)
        assert TwoStream()(one, torch.zeros(1, 20, 224, 224)).shape == (1, 400)
        assert LSTMNet()(torch.zeros(1, 3, 50, 224, 224)).shape == (1, 400)
        frames, flow = torch.zeros(1, 3, 5, 224, 224), torch.zeros(1, 20, 5, 224, 224)
        fused = FusedTwoStream()
        assert fused(frames, flow).shape == (1, 400)
        assert fused.spatial(frames[:, :, 0]).shape == (1, 1024, 7, 7)


@pytest.mark.parametrize("name", MINIS)
def test_mini_overfits_one_batch(name):
    torch.manual_seed(0)
    build, shapes = MINIS[name]
    model, labels = build(), torch.arange(6) % 3
    inputs = [torch.randn(6, *shape) for shape in shapes]
    assert model(*inputs).shape == (6, 3)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        cross_entropy(model(*inputs), labels).backward()
        optimizer.step()
    assert (model(*inputs).argmax(1) == labels).all()


def test_the_lstm_looks_at_every_fifth_frame_in_their_order():
    torch.manual_seed(0)
    model = LSTMNet(4, hidden=16, trunk=MINI).eval()
    clip = torch.randn(2, 3, 16, 32, 32)
    scores = model.logits_in_time(clip)
    assert scores.shape == (2, 4, 4) and torch.equal(model(clip), scores[:, :, -1])
    other = clip.clone()
    other[:, :, [t for t in range(16) if t % 5]] = 0
    assert torch.equal(model(other), model(clip))
    assert not torch.allclose(model(clip.flip(2)), model(clip))
    later = clip.clone()
    later[:, :, 11:] = 0
    assert torch.equal(model.logits_in_time(later)[:, :, :3], scores[:, :, :3])  # it cannot see the future


def test_scores_of_two_streams_are_averaged():
    torch.manual_seed(0)
    model = TwoStreamI3D.mini(3).eval()
    clip, flow = torch.randn(2, 3, 8, 32, 32), torch.randn(2, 2, 7, 32, 32)
    assert torch.allclose(model(clip, flow), (model.rgb(clip) + model.flow(flow)) / 2)
    both = TwoStream.mini(3, stack=4).eval()
    frame, stack = torch.randn(2, 3, 32, 32), torch.randn(2, 8, 32, 32)
    assert torch.allclose(both(frame, stack), (both.spatial(frame) + both.temporal(stack)) / 2)


def test_the_fused_network_joins_the_same_moments():
    model = FusedTwoStream.mini(3, stack=2).eval()
    with pytest.raises(ShapeError, match="flow has shape"):
        model(torch.zeros(2, 3, 4, 32, 32), torch.zeros(2, 4, 3, 32, 32))
    small, large = torch.zeros(1, 3, 2, 32, 32), torch.zeros(1, 3, 5, 100, 70)
    for frames in (small, large):  # too little to pool, and enough
        assert model(frames, frames[:, :1].expand(-1, 4, -1, -1, -1)).shape == (1, 3)


def test_a_clip_of_another_rank_is_refused():
    for model in (LSTMNet.mini(3), ConvNet3D.mini(3)):
        with pytest.raises(ShapeError, match="clip has shape"):
            model(torch.zeros(3, 8, 32, 32))
