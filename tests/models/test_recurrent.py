"""Recurrent cells against torch, LRCN at its published size, and what stands beside it."""

import pytest
import torch
from torch import nn

from course_lib.errors import CourseError, ShapeError
from course_lib.models import recurrent
from course_lib.models.image_captioning import ImageCaptioner
from course_lib.models.long_clips import ConvPooling, LongLSTM
from course_lib.models.lstm_composite import LSTMComposite, composite_loss
from course_lib.models.recurrent import LRCN, FrameCNN, every_step, loss_at_every_step, over_time, preprocess
from course_lib.models.recurrent_cells import LSTM, RNN, lstm_gates, remember_at_first
from course_lib.recipes.clips import NETWORKS
from course_lib.train import fit
from tests.caffe_files import write_caffemodel


def parameters(model):
    return sum(p.numel() for p in model.parameters())


# --- cells ---


@pytest.mark.parametrize("ours, theirs", [(RNN, nn.RNN), (LSTM, nn.LSTM)])
@pytest.mark.parametrize("given", [False, True])
def test_a_cell_equals_torchs(ours, theirs, given):
    torch.manual_seed(0)
    one, other = ours(5, 7), theirs(5, 7, batch_first=True)
    one.load_state_dict(other.state_dict())
    x, state = torch.randn(3, 6, 5), None
    if given:
        state = torch.randn(1, 3, 7)
        state = state if theirs is nn.RNN else (state, torch.randn(1, 3, 7))
    out, last = one(x, state)
    expected, their_last = other(x, state)
    assert torch.allclose(out, expected, atol=1e-6)
    for mine, torchs in zip(last, their_last, strict=True):
        assert torch.allclose(mine, torchs, atol=1e-6)


def test_gates_of_torchs_layer_explain_its_output():
    lstm, x = nn.LSTM(4, 6, batch_first=True), torch.randn(2, 5, 4)
    states, _, inside = lstm_gates(lstm, x)
    assert torch.allclose(states, lstm(x)[0], atol=1e-6)
    assert torch.allclose(states, inside["output"] * inside["memory"].tanh(), atol=1e-6)
    kept = inside["forget"][:, 1:] * inside["memory"][:, :-1] + inside["input"][:, 1:] * inside["candidate"][:, 1:]
    assert torch.allclose(inside["memory"][:, 1:], kept, atol=1e-6)


@pytest.mark.parametrize("layer", [nn.LSTM(4, 6), nn.LSTM(4, 6, num_layers=2, batch_first=True)])
def test_gates_refuse_what_they_cannot_read(layer):
    with pytest.raises(ShapeError, match="one forward layer"):
        lstm_gates(layer, torch.randn(2, 5, 4))


def test_open_forget_gates_keep_a_memory():
    lstm = remember_at_first(nn.LSTM(2, 3, batch_first=True), steps=100)
    nn.init.zeros_(lstm.weight_hh_l0)  # what comes in from elsewhere is the same in both
    left = [
        lstm_gates(lstm, torch.zeros(1, 100, 2), (torch.zeros(1, 1, 3), torch.full((1, 1, 3), memory)))[2]["memory"]
        for memory in (5.0, 0.0)
    ]
    assert torch.allclose((left[0] - left[1])[0, -1], torch.full((3,), 5 * 0.99**100), rtol=1e-3)
    with pytest.raises(CourseError, match="at least 2"):
        remember_at_first(lstm, steps=1)


# --- LRCN ---


def test_published_size():
    """Caffe counts 65,421,285: its LSTM has one bias per layer, torch's has two (4 x 256 more)."""
    with torch.device("meta"):
        assert parameters(LRCN()) == 65_421_285 + 4 * 256
        flow = LRCN(hidden=1024)
        assert parameters(flow) > 80e6
        clip = torch.zeros(1, 3, 16, 227, 227)
        assert LRCN().step_scores(clip).shape == (1, 16, 101)


def test_scores_of_a_clip_are_the_average_of_its_steps():
    torch.manual_seed(0)
    network, clip = LRCN.mini(5).eval(), torch.rand(2, 3, 6, 20, 20)
    steps = network.step_scores(clip)
    assert steps.shape == (2, 6, 5)
    assert torch.allclose(network(clip).softmax(1), steps.softmax(-1).mean(1), atol=1e-6)
    assert torch.allclose(network(clip).logsumexp(1), torch.zeros(2), atol=1e-5)


def test_a_later_frame_changes_no_earlier_step():
    network, clip = LRCN.mini(5).eval(), torch.rand(1, 3, 6, 20, 20)
    changed = clip.clone()
    changed[:, :, 4] = 0
    difference = (network.step_scores(clip) - network.step_scores(changed)).abs().amax(dim=(0, 2))
    assert (difference[:4] == 0).all() and (difference[4:] > 0).all()


def test_loss_counts_every_step():
    scores, labels = torch.randn(2, 3, 4), torch.tensor([1, 3])
    by_hand = -torch.stack([scores.log_softmax(-1)[b, t, labels[b]] for b in range(2) for t in range(3)]).mean()
    assert every_step(scores, labels) == pytest.approx(by_hand.item(), rel=1e-5)


def test_learns_one_batch():
    torch.manual_seed(0)
    clips, labels = torch.rand(4, 3, 4, 20, 20), torch.arange(4)
    network = LRCN.mini(4)
    history = fit(network, lambda step: (clips, labels), 60, loss=loss_at_every_step, lr=5e-3)
    assert network(clips).argmax(1).tolist() == [0, 1, 2, 3]
    assert history.loss[-1] < 0.3 < history.loss[0]


def test_preprocessing_by_hand():
    clip = torch.zeros(3, 2, 240, 320, dtype=torch.uint8)
    clip[0] = 200
    ready = preprocess(clip)
    assert ready.shape == (3, 2, 227, 227)
    assert torch.allclose(ready[2], torch.full_like(ready[2], 200 - 123.68), atol=1e-3)  # red comes last
    assert torch.allclose(ready[0], torch.full_like(ready[0], -103.939), atol=1e-3)
    assert preprocess(clip[:, :, ::2], mean=(128,) * 3).shape == (3, 2, 227, 227)


def test_refuses_another_input():
    with pytest.raises(ShapeError, match="clip has shape"):
        LRCN.mini(3)(torch.zeros(2, 4, 3, 20, 20))
    with pytest.raises(CourseError, match="too small"):
        FrameCNN.mini(crop=12)


# --- its weights ---


@pytest.fixture
def small(monkeypatch):
    """LRCN's published constructor makes a miniature: 4 classes, 32 hidden units."""
    published = LRCN.__init__

    def init(self, num_classes=4, hidden=32, **_):
        published(self, num_classes, hidden=hidden, cnn=lambda: FrameCNN.mini(3))

    monkeypatch.setattr(LRCN, "__init__", init)
    torch.manual_seed(1)
    return LRCN(4, hidden=24)  # another size than the default: it must be read from the weights


def caffe_arrays(model):
    """{layer: arrays} as Caffe keeps them: one bias, and the layers in the order input, forget, output, candidate."""
    arrays = {name: [part.weight, part.bias] for name, part in model.cnn.named_children() if hasattr(part, "weight")}

    def reordered(tensor):
        i, f, g, o = tensor.chunk(4)
        return torch.cat([i, f, o, g])

    lstm = model.lstm1
    inside = (lstm.weight_ih_l0, lstm.bias_ih_l0 + lstm.bias_hh_l0, lstm.weight_hh_l0)
    arrays["lstm1"] = [reordered(tensor) for tensor in inside]
    arrays["fc8-final"] = [model.fc8.weight, model.fc8.bias]
    return {name: [array.detach() for array in found] for name, found in arrays.items()}


@pytest.mark.parametrize("layout", ["ours", "wrapped", "bare", "caffe arrays", "caffemodel", "old caffemodel"])
def test_loads_every_layout(small, tmp_path, layout):
    ours = small.state_dict()
    bare = {key.removeprefix("cnn."): value for key, value in ours.items()}
    if layout == "ours":
        source = ours
    elif layout == "wrapped":
        source = tmp_path / "lrcn.pth"
        torch.save({"state_dict": {f"module.{key}": value for key, value in bare.items()}}, source)
    elif layout == "bare":
        source = {key.replace("fc8", "fc8-final"): value for key, value in bare.items()}
    elif layout == "caffe arrays":
        source = {f"{name}.{i}": array for name, found in caffe_arrays(small).items() for i, array in enumerate(found)}
    else:
        source = write_caffemodel(tmp_path / "lrcn.caffemodel", caffe_arrays(small), old="old" in layout)
    clip = torch.rand(2, 3, 5, 20, 20)
    loaded = LRCN.from_published(source, 4)
    assert loaded.lstm1.hidden_size == 24
    assert torch.allclose(loaded(clip), small.eval()(clip), atol=1e-5)


def test_says_which_keys_do_not_fit(small):
    state = dict(small.state_dict())
    del state["cnn.conv3.bias"]
    state["cnn.conv9.weight"] = torch.zeros(1)
    with pytest.raises(CourseError, match=r"missing: cnn.conv3.bias(.|\n)*unexpected: cnn.conv9.weight"):
        LRCN.from_published(state, 4)


def test_published_crop_reaches_fc6_as_six_by_six():
    assert recurrent._pooled_size(recurrent.CROP, recurrent.STEM) == 6


# --- its neighbours ---


def test_pooling_forgets_the_order_and_the_long_lstm_does_not():
    torch.manual_seed(0)
    maps = torch.rand(2, 9, 6, 2, 3)
    pooling, lstm = ConvPooling(4, maps=(6, 2, 3), hidden=8), LongLSTM(4, features=6, hidden=8, layers=2)
    nn.init.normal_(lstm.fc.weight)
    assert torch.equal(pooling(maps), pooling(maps.flip(1)))
    features = maps.mean((3, 4))
    assert not torch.allclose(lstm(features), lstm(features.flip(1)), atol=1e-4)
    weights = torch.arange(9) / 36
    expected = (lstm.step_scores(features).softmax(-1) * weights[:, None]).sum(1)
    assert torch.allclose(lstm(features).softmax(1), expected, atol=1e-6)
    assert lstm(features[:, :1]).shape == (2, 4)


def test_average_over_time_of_many_steps():
    assert torch.allclose(over_time(torch.zeros(1, 7, 4)).softmax(1), torch.full((1, 4), 0.25))


def test_composite_gives_frames_back_and_goes_on():
    torch.manual_seed(0)
    frames, following = torch.rand(4, 5, 9), torch.rand(4, 2, 9)
    network = LSTMComposite(9, hidden=64, future=2)
    again, future = network(frames)
    assert again.shape == frames.shape and future.shape == following.shape
    before = composite_loss(network, (frames, following)).item()
    fit(network, lambda step: (frames, following), 150, loss=composite_loss, lr=1e-2)
    assert composite_loss(network, (frames, following)).item() < 0.2 * before
    assert network(frames[:, :1])[1].shape == (4, 2, 9)
    assert LSTMComposite.mini()(torch.rand(1, 3, 256))[1].shape == (1, 4, 256)


def test_captioner_starts_from_the_picture():
    torch.manual_seed(0)
    network = ImageCaptioner(6, features=5, embed=4, hidden=7)
    features, words = torch.randn(2, 5), torch.tensor([[0, 3, 2], [0, 1, 1]])
    scores = network(features, words)
    state = network.start(features)
    assert torch.allclose(state[0], (features @ network.picture.weight.T + network.picture.bias).tanh(), atol=1e-6)
    for place in range(3):
        step, state = network.step(words[:, place], state)
        assert torch.allclose(step, scores[:, place], atol=1e-6)


def test_captioner_as_numbers_is_its_own_step():
    torch.manual_seed(0)
    network = ImageCaptioner(7, features=5, embed=4, hidden=6)
    state, words = network.start(torch.randn(3, 5)), torch.tensor([0, 6, 2])
    table, weight_hh, weight_out, bias_out = network.as_numbers()
    h = torch.tanh(table[words] + state[0] @ weight_hh.T)
    scores, following = network.step(words, state)
    assert torch.allclose(following[0], h, atol=1e-6)
    assert torch.allclose(scores, h @ weight_out.T + bias_out, atol=1e-6)


def test_the_recipe_trains_at_every_step():
    recipe = NETWORKS["10"]["LRCN"]
    assert recipe.loss is loss_at_every_step
    ready = recipe.prepare(torch.full((1, 3, 2, 4, 4), 124, dtype=torch.uint8))
    assert torch.allclose(ready[0, :, 0, 0, 0] * 64, 124 - torch.tensor([103.939, 116.779, 123.68]), atol=1e-3)
