"""Figures of networks: what is drawn comes from the model, is to scale, and stays readable."""

import itertools

import pytest
import torch
from torch import nn

from course_lib import plots
from course_lib.describe import describe
from course_lib.errors import CourseError
from course_lib.models.c3d import C3D
from course_lib.models.fusion import EarlyFusion, LateFusion, MultiResolution, SingleFrame, SlowFusion
from course_lib.models.ji3d import Ji3D
from course_lib.models.two_stream import CNN_M_2048
from course_lib.plots.networks.blocks import blocks_of
from course_lib.plots.networks.facts import facts_of
from course_lib.plots.networks.layout import Scale, lay_out


def described(make, *shapes):
    with torch.device("meta"):
        return describe(make(), list(shapes), repeats=0)


def blocks(make, *shapes, **options):
    return {block.name: block for block in blocks_of(described(make, *shapes), **options)}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def two_streams():
    return plots.parallel(lambda a, b: (a.softmax(1) + b.softmax(1)) / 2, frame=CNN_M_2048(), flow=CNN_M_2048(101, 20))


class UNet(nn.Module):
    """Down, up, and two skip connections."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(1, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1)
        self.middle = nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU())
        self.up2, self.up1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(32, 8, 2, 2)
        self.out = nn.Conv2d(16, 1, 1)

    def forward(self, image):
        one = self.down1(image).relu()
        two = self.down2(one).relu()
        x = torch.cat([self.up2(self.middle(two)), two], 1).relu()
        return self.out(torch.cat([self.up1(x), one], 1))


def test_c3d_says_what_its_layers_are():
    fig, ax = plots.diagram(described(C3D, (3, 16, 112, 112)))
    shown = texts(ax)
    names = [f"conv{n}" for n in ("1", "2", "3a", "3b", "4a", "4b", "5a", "5b")] + ["fc6", "fc7", "fc8"]
    assert [text for text in shown if text.startswith(("conv", "fc"))] == [*names, "convolution"]
    assert shown.count("3×3×3") == 8 and shown.count("2×2×2") == 4 and shown.count("1×2×2") == 1
    for fact in ("clip", "112×112", "28×28", "33.6 M", "79.99 M parameters, 38.55 G multiply-adds"):
        assert fact in shown
    assert "8 convolutions, 3 linear layers and 5 pools" in fig.alt and "79.99 M" in fig.alt


def test_bodies_are_to_scale():
    found = blocks(C3D, (3, 16, 112, 112))
    scale = Scale.of(found.values(), tallest=96)
    (w1, h1, d1), (_, h3, d3), (w4, h4, _) = (scale.body(found[name]) for name in ("conv1", "conv3a", "conv4a"))
    assert h1 == 96 and h3 == pytest.approx(96 * (28 / 112) ** 0.5) and h4 == pytest.approx(96 * (14 / 112) ** 0.5)
    assert d1 == pytest.approx(2 * d3)
    assert (w1 - 3) / (w4 - 3) == pytest.approx((64 / 512) ** 0.5)
    assert scale.body(found["fc6"])[1] / scale.body(found["fc8"])[1] == pytest.approx((4096 / 487) ** 0.5)


def test_late_fusion_is_two_towers_with_shared_weights_until_the_first_linear_layer():
    made = blocks_of(described(LateFusion, (3, 2, 170, 170)))
    first, second = ([b for b in made if b.frame.startswith(f"frame {i}")] for i in (1, 2))
    assert [b.name for b in first] == [b.name for b in second] == ["clip", "conv1", "conv2", "conv3", "conv4", "conv5"]
    assert all(b.size[1] == 1 for b in first + second)
    assert all(b.shared for b in second[1:]) and not any(b.shared for b in first)
    meeting = next(b for b in made if b.name == "fc1")
    assert meeting.inputs == [first[-1], second[-1]]
    assert sum(b.parameters for b in made) == 125_288_295
    fig, ax = plots.diagram(described(LateFusion, (3, 2, 170, 170)))
    assert "frame 2 of 2, the same weights" in texts(ax) and texts(ax).count("conv1") == 1
    assert "frame 1 of 2 and frame 2 of 2 meet in fc1" in fig.alt


@pytest.mark.parametrize("model", [SingleFrame, EarlyFusion, SlowFusion])
def test_frames_that_meet_in_a_convolution_stay_one_tower(model):
    made = blocks_of(described(model, (3, model.frames, 170, 170)))
    assert not any(block.frame for block in made)
    assert [block.size[1] for block in made[:4]] == {
        SingleFrame: [1, 1, 1, 1],
        EarlyFusion: [10, 1, 1, 1],
        SlowFusion: [10, 4, 2, 1],
    }[model]


def test_towers_of_frames_end_where_a_kernel_mixes_them():
    class Mixing(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv3d(1, 2, (1, 3, 3)), nn.Conv3d(2, 2, (2, 3, 3))

        def forward(self, clip):
            return self.conv2(self.conv1(clip)).mean((2, 3, 4))

    made = blocks_of(described(Mixing, (1, 2, 9, 9)))
    assert [len(block.inputs) for block in made] == [0, 1, 0, 1, 2], "two towers of conv1, which meet in conv2"
    assert made[-1].name == "conv2"


def test_multiresolution_parts_and_meets_where_the_model_does():
    found = blocks_of(described(MultiResolution, (3, 1, 178, 178)))
    clip, resized, cropped = found[:3]
    assert (clip.name, resized.name, cropped.name) == ("clip", "resized", "cropped")
    assert resized.inputs == cropped.inputs == [clip] and resized.size == cropped.size == (3, 1, 89, 89)
    meeting = next(block for block in found if block.name == "concat")
    assert [source.path for source in meeting.inputs] == ["context.convs.4", "fovea.convs.4"]
    _, ax = plots.diagram(described(MultiResolution, (3, 1, 178, 178)))
    assert {"context", "fovea"} <= set(texts(ax))


def test_two_streams_meet_in_an_average():
    fig, ax = plots.diagram({"two streams": described(two_streams, (3, 224, 224), (20, 224, 224))})
    shown = texts(ax)
    assert shown[0] == "two streams" and {"frame", "flow", "average"} <= set(shown)
    assert {"14.2 k", "94.2 k"} <= set(shown), "conv1 is where the streams differ"
    assert "frame and flow meet in an average" in fig.alt


def test_skip_connections_run_above_what_they_skip():
    made = blocks_of(described(UNet, (1, 64, 64)))
    page = lay_out(made, Scale.of(made, 96), 768)
    heights = {(start.block.name, end.block.name): y for start, end, y in page.skips}
    assert set(heights) == {("down1", "concat"), ("down2", "concat")}
    assert all(y < place.y - place.tall / 2 for *_, y in page.skips for place in page.places.values())
    assert heights["down1", "concat"] < heights["down2", "concat"], "the longer one is the outer one"


def test_normalisation_and_activations_belong_to_their_layer():
    found = blocks(UNet, (1, 64, 64))
    assert found["middle"].parameters == 16 * 32 * 9 + 32 + 64 and found["middle"].kernel == (3, 3)
    assert set(found) == {"image", "down1", "down2", "middle", "up2", "up1", "concat", "out"}


def test_groups_make_one_block_of_several():
    found = blocks(C3D, (3, 16, 112, 112), groups={"conv3": "conv3a conv3b", "conv4": "conv4a conv4b"})
    assert found["conv3"].parameters == 884_992 + 1_769_728 and found["conv3"].layers == 2
    assert found["conv4"].inputs == [found["conv3"]] and found["conv4"].size == (512, 4, 14, 14)
    assert facts_of(found["conv3"])["kernel"] == "2 layers"
    with pytest.raises(CourseError, match="conv9.*never ran.*conv1, .*conv2"):
        blocks(C3D, (3, 16, 112, 112), groups={"x": "conv9"})
    with pytest.raises(CourseError, match="'ends' is not in one piece"):
        blocks(C3D, (3, 16, 112, 112), groups={"ends": "conv1 fc8"})


def test_a_deep_network_folds_along_its_modules_and_keeps_all_parameters():
    torchvision = pytest.importorskip("torchvision")
    made = blocks_of(described(torchvision.models.resnet18, (3, 224, 224)))
    assert [b.name for b in made] == ["x", "conv1", *(f"layer{i}.{j}" for i in (1, 2, 3, 4) for j in (0, 1)), "fc"]
    assert sum(b.parameters for b in made) == 11_689_512
    fine = blocks_of(described(torchvision.models.resnet18, (3, 224, 224)), most=40)
    assert sum(b.name == "+" for b in fine) == 8 and sum(b.parameters for b in fine) == 11_689_512


def test_equal_layers_of_a_flat_network_fold_to_one_with_their_number():
    def flat():
        return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), *(nn.Conv2d(8, 8, 3, padding=1) for _ in range(30)))

    made = blocks_of(described(flat, (3, 16, 16)))
    assert [block.repeat for block in made] == [1, 1, 30]
    assert facts_of(made[-1])["name"].endswith("×30") and made[-1].parameters == 30 * (8 * 8 * 9 + 8)


def test_weights_that_are_used_twice_are_shown_as_shared():
    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))

        def forward(self, exemplar, search):
            return nn.functional.conv2d(self.embed(search), self.embed(exemplar))

    fig, ax = plots.diagram(described(Siamese, (3, 8, 8), (3, 20, 20)))
    shown = texts(ax)
    assert shown.count("shared") == 2 and "embed, the same weights" in shown
    assert "search and exemplar meet in conv2d" in fig.alt


CASES = {
    "C3D": (C3D, (3, 16, 112, 112)),
    "LateFusion": (LateFusion, (3, 2, 170, 170)),
    "SlowFusion": (SlowFusion, (3, 10, 170, 170)),
    "MultiResolution": (MultiResolution, (3, 1, 178, 178)),
    "two streams": (two_streams, (3, 224, 224), (20, 224, 224)),
    "Ji3D": (Ji3D, (33, 60, 40)),
    "UNet": (UNet, (1, 64, 64)),
}


@pytest.mark.parametrize("name", CASES)
def test_texts_neither_overlap_nor_leave_the_figure(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    fig, ax = plots.diagram(described(*CASES[name]))
    FigureCanvasAgg(fig).draw()
    width, height = fig.get_size_inches() * fig.dpi
    assert width == pytest.approx(768)
    boxes = [(t.get_text(), t.get_window_extent()) for t in ax.texts if t.get_text()]
    for text, box in boxes:
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, text
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or down <= 3, f"{one!r} and {other!r} overlap by {across:.0f} x {down:.0f} pixels"


def test_a_long_network_goes_on_in_the_next_row():
    torchvision = pytest.importorskip("torchvision")
    made = blocks_of(described(torchvision.models.vgg16, (3, 224, 224)))
    page = lay_out(made, Scale.of(made, 96), 768)
    rows = [place.row for place in page.places.values()]
    assert sorted(rows) == rows and set(rows) == {0, 1} and 6 <= rows.count(0) <= 12
    assert all(place.right <= 768 for place in page.places.values())


def test_the_alternative_text_comes_with_the_figure(capsys):
    pair = plots.diagram(described(UNet, (1, 64, 64)))
    plots.show(pair)
    assert capsys.readouterr().out.strip() == pair[0].alt
    plots.show(pair, alt="Mine.")
    assert capsys.readouterr().out == "Mine.\n"


def test_the_same_picture_every_time_and_small():
    one, other = (plots.png(plots.diagram(described(C3D, (3, 16, 112, 112)))[0]) for _ in range(2))
    assert one == other and len(one) < 30_000


def test_a_model_and_its_shape_are_enough():
    _, ax = plots.diagram(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 2)), (1, 8, 8))
    assert {"conv1", "fc1", "3×3", "6×6"} <= set(texts(ax))
    with pytest.raises(CourseError, match="shape of its input"):
        plots.diagram(nn.Linear(2, 2))
