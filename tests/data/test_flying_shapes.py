"""Flying shapes: the truth against pencil and paper, against warping, and against a slow independent reading."""

import math

import pytest
import torch

from course_lib.data.worlds.flying_shapes import DETAIL, FlyingShapes, render
from course_lib.errors import DataError
from course_lib.ops.warp import in_view, warp


def pose(x, y, turn=0.0, scale=1.0):
    """Canvas to frame: turn, scale, and put the canvas's middle at (x, y)."""
    c, s = scale * math.cos(turn), scale * math.sin(turn)
    return torch.tensor([[[c, -s, x], [s, c, y], [0, 0, 1]]])


def ramp(rows, columns, right, down, coverage=1.0):
    """A canvas of rows x columns frame pixels whose brightness grows evenly; in it, interpolation is exact."""
    y = (torch.arange(DETAIL * rows) + 0.5) / DETAIL - rows / 2
    x = (torch.arange(DETAIL * columns) + 0.5) / DETAIL - columns / 2
    grey = 0.5 + right * x[None, :] + down * y[:, None]
    return torch.cat([grey.expand(3, -1, -1), torch.full_like(grey, coverage)[None]])[None]


def square_over_ground():
    """A square of 4 x 4 pixels (columns 3 to 6, rows 2 to 5) moves 3 right and 1 down; the ground moves 1 left."""
    ground = (ramp(40, 40, 0.004, 0.002), pose(8.0, 6.0), pose(7.0, 6.0))
    square = (ramp(4, 4, 0.01, 0.03), pose(4.5, 3.5), pose(7.5, 4.5))
    return [ground, square]


def mask(height, width, rows, columns):
    there = torch.zeros(height, width, dtype=torch.bool)
    there[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1] = True
    return there


def test_truth_of_a_square_by_hand():
    batch = render(square_over_ground(), 12, 16)
    before, after = mask(12, 16, (2, 5), (3, 6)), mask(12, 16, (3, 6), (6, 9))
    assert torch.equal(batch.layer1[0] == 1, before) and torch.equal(batch.layer2[0] == 1, after)
    flow, backward = batch.flow[0].permute(1, 2, 0), batch.backward[0].permute(1, 2, 0)
    assert torch.allclose(flow[before], torch.tensor([3.0, 1.0]), atol=1e-4)
    assert torch.allclose(flow[~before], torch.tensor([-1.0, 0.0]), atol=1e-4)
    assert torch.allclose(backward[after], torch.tensor([-3.0, -1.0]), atol=1e-4)
    assert torch.allclose(backward[~after], torch.tensor([1.0, 0.0]), atol=1e-4)
    # Ground that goes one to the left is hidden where it lands in columns 6 to 9, and where it leaves the picture.
    hidden = mask(12, 16, (3, 6), (7, 10)) & ~before | mask(12, 16, (0, 11), (0, 0))
    assert torch.equal(batch.occluded[0], hidden)
    appeared = mask(12, 16, (2, 5), (2, 5)) & ~after | mask(12, 16, (0, 11), (15, 15))
    assert torch.equal(batch.occluded_backward[0], appeared)


def test_warping_ramps_is_exact_where_nothing_is_hidden():
    ground = (ramp(60, 60, 0.004, 0.002), pose(11.5, 9.5), pose(10.2, 9.9, turn=0.06, scale=1.02))
    square = (ramp(9, 9, 0.01, 0.03), pose(9.0, 8.0, turn=0.4), pose(11.3, 9.4, turn=0.5, scale=0.97))
    batch = render([ground, square], 20, 24)
    for one, other, flow, occluded, layers in (
        (batch.image1, batch.image2, batch.flow, batch.occluded, (batch.layer1, batch.layer2)),
        (batch.image2, batch.image1, batch.backward, batch.occluded_backward, (batch.layer2, batch.layer1)),
    ):
        clear = ~occluded & pure(layers[0]) & (warp(pure(layers[1])[:, None].float(), flow)[:, 0] > 0.999)
        difference = (warp(other, flow) - one).abs().amax(1)
        assert clear.float().mean() > 0.4 and (clear & (layers[0] == 1)).any()
        assert difference[clear].max() < 2e-4
        assert difference[occluded & in_view(flow)].max() > 0.02
        assert (warp(other, -flow) - one).abs().amax(1)[clear].max() > 0.01


def pure(layer):
    """Pixels all of whose neighbours belong to the same layer: no edge mixes two layers into them."""
    padded = torch.nn.functional.pad(layer[:, None].float(), (1,) * 4, mode="replicate")
    windows = padded.unfold(2, 3, 1).unfold(3, 3, 1)
    return (windows.amax((-1, -2)) == windows.amin((-1, -2)))[:, 0]


def test_photographs_are_explained_by_the_flow():
    batch = FlyingShapes(64, 80, motion=4.0).sample(4, seed=3)
    still, moved = ((x - batch.image1).abs().mean(1) for x in (batch.image2, warp(batch.image2, batch.flow)))
    seen = ~batch.occluded
    assert moved[seen].mean() < 0.5 * still[seen].mean()
    assert moved[batch.occluded].mean() > 4 * moved[seen].mean()


def test_flow_and_backward_undo_each_other_where_seen():
    batch = FlyingShapes(64, 80, motion=4.0).sample(4, seed=4)
    back = warp(batch.backward, batch.flow, outside="border")
    gap = (batch.flow + back).norm(dim=1)
    same = (warp(batch.layer2[:, None].float(), batch.flow)[:, 0] - batch.layer1).abs() < 1e-4
    assert gap[~batch.occluded & same].max() < 0.05
    assert same[~batch.occluded].float().mean() > 0.9


def test_occlusion_equals_a_slow_reading():
    """Follow single pixels through the maps in float64, asking each layer by itself."""
    layers = [*square_over_ground(), (ramp(5, 3, 0.0, 0.0), pose(11.0, 7.0, 0.3), pose(9.0, 6.5, 0.5, 1.1))]
    batch = render(layers, 12, 16)

    def covers(layer, frame, place):
        canvas, *maps = layer
        x, y, _ = torch.linalg.inv(maps[frame][0].double()) @ torch.cat([place, torch.ones(1)]).double()
        return abs(x) <= canvas.shape[3] / 2 / DETAIL and abs(y) <= canvas.shape[2] / 2 / DETAIL

    wrong = 0
    for y in range(12):
        for x in range(16):
            place = torch.tensor([float(x), float(y)])
            top = max(number for number, layer in enumerate(layers) if covers(layer, 0, place))
            motion = layers[top][2][0].double() @ torch.linalg.inv(layers[top][1][0].double())
            goes = (motion @ torch.cat([place, torch.ones(1)]).double())[:2]
            hidden = any(covers(layer, 1, goes) for layer in layers[top + 1 :])
            outside = not (0 <= goes[0] <= 15 and 0 <= goes[1] <= 11)
            assert torch.allclose(batch.flow[0, :, y, x].double(), goes - place, atol=1e-4)
            wrong += bool(batch.occluded[0, y, x]) != (hidden or outside)
    assert wrong == 0 and (batch.layer1 == 2).any() and (batch.layer2 == 2).any()


def test_same_seed_same_pairs_other_seed_others():
    world = FlyingShapes(32, 40, shapes=2)
    once, again, other = world.sample(2, seed=1), world.sample(2, seed=1), world.sample(2, seed=2)
    assert torch.equal(once.image2, again.image2) and torch.equal(once.flow, again.flow)
    assert not torch.equal(once.image2, other.image2)
    images, flow = world.batches(3, seed=1)(5)
    assert images.shape == (3, 6, 32, 40) and flow.shape == (3, 2, 32, 40)
    assert torch.equal(images, world.batches(3, seed=1)(5)[0]) and not torch.equal(images, world.batches(3)(5)[0])


def test_ranges_and_motion():
    batch = FlyingShapes(48, 64, shapes=3, motion=6.0, camera=0.0, turn=0.0, zoom=0.0, noise=0.05).sample(40, seed=2)
    assert batch.image1.min() >= 0 and batch.image1.max() <= 1 and batch.image1.dtype == torch.float32
    assert len(batch) == 40 and batch.layer1.min() == 0 and batch.layer1.max() == 3
    length = batch.flow.norm(dim=1)
    assert length[batch.layer1 == 0].max() < 1e-4
    assert 4 < length[batch.layer1 > 0].mean() < 8 and length.max() <= 12.01


def test_a_background_that_leaves_gaps_is_refused():
    with pytest.raises(DataError, match="larger canvas"):
        render([(ramp(12, 16, 0, 0), pose(9.5, 5.5), pose(7.5, 5.5))], 12, 16)


def test_strong_turns_and_scales_still_fill_the_frame():
    world = FlyingShapes(40, 72, shapes=1, motion=8.0, camera=8.0, turn=10.0, zoom=0.1)
    assert len(world.sample(100, seed=0)) == 100  # `render` refuses gaps


@pytest.mark.parametrize("bad", [{"motion": 30}, {"motion": -1}, {"height": 8}, {"shapes": -1}, {"noise": -0.1}])
def test_worlds_that_make_no_picture_are_refused(bad):
    with pytest.raises(DataError):
        FlyingShapes(**bad)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_same_pairs_on_the_gpu():
    world = FlyingShapes(48, 64)
    here, there = world.sample(2, seed=1), world.sample(2, seed=1, device="cuda")
    assert there.image1.is_cuda and torch.allclose(here.flow, there.flow.cpu(), atol=1e-3)
    assert (here.occluded != there.occluded.cpu()).float().mean() < 1e-3
