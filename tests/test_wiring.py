"""Which step reads which: for modules, for functions between them, and for weights that are used twice."""

import pytest
import torch
from torch import nn

from course_lib.describe import describe


def steps_of(model, *shapes):
    """{name: step}, and {name: names of the steps that it reads}."""
    steps = describe(model, list(shapes), repeats=0).steps
    return {s.name: s for s in steps}, {s.name: [steps[i].name for i in s.inputs] for s in steps}


class Pair(nn.Module):
    """Two layers, joined by whatever the test says."""

    def __init__(self, join):
        super().__init__()
        self.one, self.other, self.join = nn.Linear(4, 3), nn.Linear(5, 3), join

    def forward(self, left, right):
        return self.join(self.one(left), self.other(right))


@pytest.mark.parametrize(
    ("join", "kind"),
    [
        (lambda a, b: torch.cat([a, b], 1), "cat"),
        (lambda a, b: torch.cat([a.relu(), b.flatten(1)], dim=1), "cat"),
        (lambda a, b: a + b, "add"),
        (lambda a, b: a.add_(b), "add"),
        (lambda a, b: sum([a, b]), "add"),
        (lambda a, b: a * b, "mul"),
        (lambda a, b: a - b, "sub"),
        (lambda a, b: (a - b) / 2, "sub"),
        (lambda a, b: (a.softmax(1) + b.softmax(1)) / 2, "average"),
        (lambda a, b: 0.3 * a.softmax(1) + 0.7 * b.softmax(1), "average"),
        (lambda a, b: 0.3 * a + 0.3 * b, "add"),
        (lambda a, b: torch.stack([a, b]).mean(0), "average"),
        (lambda a, b: torch.stack([a, b], 1).amax(dim=1), "max"),
        (lambda a, b: torch.stack([a, b], 1).mean(2), "stack"),
        (lambda a, b: a @ b.T, "matmul"),
    ],
)
def test_how_two_streams_meet(join, kind):
    steps, reads = steps_of(Pair(join), (4,), (5,))
    joins = [step for step in steps.values() if len(step.inputs) == 2]
    assert [step.kind for step in joins] == [kind]
    assert reads[joins[0].name] == ["one", "other"]
    assert reads["one"] == ["left"] and reads["other"] == ["right"]


@pytest.mark.parametrize("dim", [0, 1])
def test_a_stack_that_is_averaged_has_the_size_of_the_average(dim):
    one, other = (
        next(step for step in steps_of(Pair(join), (4,), (5,))[0].values() if step.kind == "average")
        for join in (lambda a, b: torch.stack([a, b], dim).mean(dim), lambda a, b: (a + b) / 2)
    )
    assert (one.output, one.copies) == (other.output, other.copies)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.act = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(True)

    def forward(self, x):
        y = self.conv2(self.act(self.conv1(x)))
        y += x
        return self.act(y)


def test_a_skip_connection_reads_what_it_skips_to():
    description = describe(Residual(), (3, 8, 8), repeats=0)
    names = [step.name for step in description.steps]
    assert names == ["x", "conv1", "act", "conv2", "add", "act"]
    assert [step.inputs for step in description.steps] == [(), (0,), (1,), (2,), (3, 0), (4,)]


def test_functions_of_one_tensor_are_transparent():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 2, 3), nn.Linear(2 * 36, 5)

        def forward(self, x):
            maps = self.conv(x - 0.5).relu()
            gated = maps * torch.sigmoid(maps)  # the same step on both sides is no join
            return self.fc(gated.flatten(1)).view_as(torch.zeros(1, 5)).softmax(-1)

    _, reads = steps_of(Net(), (3, 8, 8))
    assert reads == {"x": [], "conv": ["x"], "fc": ["conv"]}


def test_parts_of_the_input_and_other_sizes_are_steps():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

        def forward(self, image):
            small = nn.functional.avg_pool2d(image, 2)
            return self.a(small) + self.b(image[..., 2:6, 2:6])

    steps, reads = steps_of(Net(), (3, 8, 8))
    assert [steps[name].kind for name in ("avg_pool2d", "slice")] == ["pool", "crop"]
    assert reads["a"] == ["avg_pool2d"] and reads["b"] == ["slice"] and steps["slice"].output == (3, 4, 4)


def test_weights_that_are_used_twice_are_counted_once_and_numbered():
    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())

        def forward(self, exemplar, search):
            return nn.functional.conv2d(self.embed(search), self.embed(exemplar))

    description = describe(Siamese(), [(3, 5, 5), (3, 9, 9)], repeats=0)
    convs = [step for step in description.layers if step.kind == "Conv2d"]
    assert [(step.call, step.parameters) for step in convs] == [(0, 112), (1, 0)]
    assert [step.within for step in convs] == [
        (("", 0), ("embed", 0), ("embed.0", 0)),
        (("", 0), ("embed", 1), ("embed.0", 1)),
    ]
    assert description.steps[-1].kind == "conv2d" and description.steps[-1].output == (1, 5, 5)


def test_frames_in_the_batch_and_layers_that_return_several_things():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cnn, self.lstm, self.head = nn.Conv2d(3, 4, 3), nn.LSTM(4, 6, batch_first=True), nn.Linear(6, 2)

        def forward(self, clip):
            x = self.cnn(clip.transpose(1, 2).flatten(0, 1)).mean((2, 3)).unflatten(0, (clip.shape[0], -1))
            out, (hidden, _) = self.lstm(x)
            return self.head(hidden[-1])

    steps, reads = steps_of(Recurrent(), (3, 7, 8, 8))
    assert steps["cnn"].copies == 7 and steps["cnn"].output == (4, 6, 6)
    assert steps["lstm"].output == (7, 6) and reads["head"] == ["lstm"]


def test_kernels_and_strides():
    net = nn.Sequential(nn.Conv3d(1, 2, (3, 5, 5), stride=(1, 2, 2)), nn.MaxPool3d(2), nn.Flatten(), nn.LazyLinear(3))
    net(torch.zeros(1, 1, 8, 15, 15))
    layers = describe(net, (1, 8, 15, 15), repeats=0).layers
    assert [(layer.kernel, layer.stride) for layer in layers] == [
        ((3, 5, 5), (1, 2, 2)),
        ((2, 2, 2), (2, 2, 2)),
        (None, None),
        (None, None),
    ]


def test_a_buffer_does_not_remember_an_earlier_pass():
    class Running(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)
            self.register_buffer("mean", torch.zeros(1, 3))

        def forward(self, x):
            y = self.fc(x)
            out = y - self.mean
            self.mean.copy_(y)
            return out

    net = Running()
    first, second = (describe(net, (3,), repeats=0).steps for _ in range(2))
    assert first == second and [step.name for step in first] == ["x", "fc"]


def test_hooks_leave_with_the_pass():
    net = Residual()
    describe(net, (3, 8, 8), repeats=0)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


def test_a_layer_that_returns_no_tensor_is_no_step():
    class Watching(nn.Module):
        def forward(self, x):
            return {"rows": x.shape[-1]}

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.watch = nn.Linear(3, 2), Watching()

        def forward(self, x):
            y = self.fc(x)
            self.watch(y)
            return y

    assert [step.name for step in describe(Net(), (3,), repeats=0).steps] == ["x", "fc"]
