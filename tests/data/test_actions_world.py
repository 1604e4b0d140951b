"""The actions world: exact truth, and nothing but what a task names tells its classes apart."""

import pytest
import torch
from torch.nn.functional import avg_pool2d, grid_sample, one_hot

from course_lib.data.worlds.actions import TASKS, ActionWorld
from course_lib.data.worlds.photographs import PHOTOGRAPHS, photograph, random_crops
from course_lib.data.worlds.sprites import SHAPES, composite, draw_shapes, place, place_reference
from course_lib.errors import DataError

MANY = 1200


def linear_accuracy(features, labels):
    """Accuracy on the second half of a ridge classifier fitted to the first half."""
    x = features.flatten(1).double()
    x = torch.cat([(x - x.mean(0)) / (x.std(0) + 1e-6), torch.ones(len(x), 1)], 1)
    half = len(x) // 2
    gram = x[:half].T @ x[:half] + 10 * torch.eye(x.shape[1])
    weight = torch.linalg.solve(gram, x[:half].T @ one_hot(labels[:half]).double())
    return float(((x[half:] @ weight).argmax(1) == labels[half:]).double().mean())


def at_chance(accuracy, classes):
    """Within four standard errors of guessing, for MANY / 2 test clips."""
    chance = 1 / classes
    return abs(accuracy - chance) < 4 * (chance * (1 - chance) / (MANY / 2)) ** 0.5


def small(frames):
    """Frames (B, 3, H, W) as grey pictures of a quarter of the size."""
    return avg_pool2d(frames.mean(1, keepdim=True), 4)


@pytest.fixture(scope="module")
def batches():
    return {task: ActionWorld(task, 48, 48, 12).sample(MANY, seed=5) for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_has_its_shapes_and_ranges(task):
    world = ActionWorld(task, height=36, width=52, frames=13, noise=0.05)
    batch = world.sample(7, seed=2)
    assert batch.clips.shape == (7, 3, 13, 36, 52) and batch.clips.dtype == torch.float32
    assert batch.clips.is_contiguous() and 0 <= batch.clips.min() and batch.clips.max() <= 1
    assert batch.boxes.shape == (7, 13, 4) and batch.flow.shape == (7, 12, 2, 36, 52)
    assert batch.mask.shape == (7, 13, 36, 52) and len(batch) == 7
    counts = torch.bincount(batch.labels, minlength=len(world.classes))
    assert counts.max() - counts.min() <= 1


def test_the_seed_decides_everything():
    world = ActionWorld("direction", 24, 24, 8, noise=0.1, camera=0.3)
    first, again, other = (world.sample(4, seed=seed) for seed in (1, 1, 2))
    for name in ("clips", "labels", "boxes", "onset", "camera", "flow"):
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.clips, other.clips)


def test_batches_are_a_function_of_the_step():
    batches = ActionWorld("direction", 24, 24, 8).batches(4, seed=3)
    clips, labels = batches(10)
    assert torch.equal(batches(10)[0], clips) and torch.equal(batches(10)[1], labels)
    assert not torch.equal(batches(11)[0], clips)


def test_sprites_land_where_the_reference_puts_them():
    generator = torch.Generator().manual_seed(0)
    sprite = torch.rand(2, 3, 4, 5, generator=generator)
    corner = torch.tensor([[[1.0, 2.0], [2.25, 0.6]], [[-1.7, 5.3], [6.5, -2.4]]])  # inside, and across every edge
    expected = place_reference(sprite, corner, 8, 9)
    assert expected.amax((2, 3, 4)).min() > 0
    torch.testing.assert_close(place(sprite, corner, 8, 9), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(7, 6), (3, 9)])  # the second is no larger than the sprite
def test_compositing_is_sprite_plus_what_shines_through(height, width):
    generator = torch.Generator().manual_seed(0)
    background, sprite = (
        torch.rand(3, 3, height, width, generator=generator),
        torch.rand(3, 4, 3, 3, generator=generator),
    )
    corner = torch.rand(3, 5, 2, generator=generator) * 14 - 4  # inside, across every edge, and outside
    flash = torch.rand(3, 5, generator=generator)
    layer = place_reference(sprite, corner, height, width)  # (B, T, 4, H, W)
    color, alpha = layer[:, :, :3], layer[:, :, 3:]
    lit = color + flash[:, :, None, None, None] * (alpha - color)
    for moving in (background, background.unsqueeze(2).repeat(1, 1, 5, 1, 1)):
        before = moving.clone()
        expected = (color + (1 - alpha) * background[:, None]).transpose(1, 2)
        torch.testing.assert_close(composite(moving, sprite, corner), expected)
        expected = (lit + (1 - alpha) * background[:, None]).transpose(1, 2)
        torch.testing.assert_close(composite(moving, sprite, corner, flash), expected)
        assert torch.equal(moving, before)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_a_shape_fills_its_box(shape):
    drawn = draw_shapes(torch.tensor([shape]), torch.tensor([6.0]), 16)[0]
    rows, columns = (torch.nonzero(drawn.amax(axis) >= 0.5).flatten() for axis in (1, 0))
    assert (rows[0], rows[-1] + 1) == (2, 14) or SHAPES[shape] == "triangle"  # its tip is thinner than a pixel
    assert (columns[0], columns[-1] + 1) == (2, 14)
    assert drawn[0].max() == 0 and drawn[:, 0].max() == 0


@pytest.mark.parametrize("task", TASKS)
def test_boxes_fit_the_masks(task):
    batch = ActionWorld(task, 40, 56, 10).sample(8, seed=1)
    for mask, box in zip(batch.mask.flatten(0, 1), batch.boxes.flatten(0, 1), strict=True):
        rows, columns = torch.nonzero(mask, as_tuple=True)
        tight = torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert (tight - box).abs().max() <= 1.6  # a pixel, and the thin tip of the triangle


def test_boxes_are_cut_at_the_frame_and_nan_outside():
    batch = ActionWorld("direction", 32, 32, 16, camera=(4.0, 0.0)).sample(16, seed=0)
    seen = ~batch.boxes.isnan().any(-1)
    assert seen.any() and not seen.all()
    assert torch.equal(batch.boxes.isnan().all(-1), ~seen)
    assert batch.boxes[seen].min() >= 0 and batch.boxes[seen].max() <= 32
    assert not batch.mask[~seen].any()


def warp_error(batch, flow, inside):
    """Mean absolute difference between frame t and frame t+1 sampled along `flow`, over the pixels `inside`."""
    frames, after = (x.transpose(1, 2).flatten(0, 1) for x in (batch.clips[:, :, :-1], batch.clips[:, :, 1:]))
    height, width = frames.shape[-2:]
    j, i = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    u, v = flow.flatten(0, 1).unbind(1)
    grid = torch.stack([(2 * (i + u) + 1) / width - 1, (2 * (j + v) + 1) / height - 1], -1)
    warped = grid_sample(after, grid, align_corners=False, padding_mode="border")
    return (warped - frames).abs().mean(1)[inside.flatten(0, 1)].mean()


@pytest.mark.parametrize("camera", [0.0, (0.7, -0.4)])
def test_flow_takes_frame_t_from_frame_t_plus_1(camera):
    batch = ActionWorld("direction", 64, 64, 10, size=20, camera=camera).sample(32, seed=4)
    covered = batch.mask.float().flatten(0, 1).unsqueeze(1)
    core = (avg_pool2d(covered, 5, stride=1, padding=2) == 1).view(batch.mask.shape)[:, :-1]  # two pixels from the edge
    moving = (batch.centers[:, 1:] != batch.centers[:, :-1]).any(-1)
    inside = core & moving[..., None, None]
    right, still = warp_error(batch, batch.flow, inside), warp_error(batch, 0 * batch.flow, inside)
    assert right < 0.25 * still and warp_error(batch, -batch.flow, inside) > still

    outside = avg_pool2d(covered, 5, stride=1, padding=2).view(batch.mask.shape) == 0
    background = outside[:, :-1] & outside[:, 1:]
    background[..., :4, :] = background[..., -4:, :] = background[..., :4] = background[..., -4:] = False
    error = warp_error(batch, batch.flow, background)
    assert error < 1e-6 if camera == 0.0 else error < 0.5 * warp_error(batch, 0 * batch.flow, background)


def test_under_a_moving_camera_subtracting_it_leaves_the_action():
    batch = ActionWorld("direction", 64, 64, 10, camera=1.5).sample(40, seed=0)
    assert torch.allclose(batch.camera.norm(dim=1), torch.tensor(1.5)) and batch.camera.std(0).min() > 0.5
    own = batch.flow - batch.camera[:, None, :, None, None]
    total = torch.einsum("btchw->bc", own)
    angle = torch.atan2(total[:, 1], total[:, 0]) / (torch.pi / 2)
    assert torch.equal(angle.round().long() % 4, batch.labels)
    still = ActionWorld("direction", 64, 64, 10).sample(40, seed=0)
    assert still.flow[~still.mask[:, :-1, None].expand_as(still.flow)].abs().max() == 0


@pytest.mark.parametrize("task", [task for task in TASKS if task != "time"])
def test_the_event_starts_in_the_range_asked_for(task):
    world = ActionWorld(task, 32, 32, 14, duration=6)
    batch = world.sample(60, seed=0, onset=(2, 4))
    assert set(batch.onset.tolist()) == {2, 3, 4}
    change = (batch.clips[:, :, 1:] - batch.clips[:, :, :-1]).abs().amax((1, 3, 4))  # (B, T-1)
    changes = change > 1e-3
    first = changes.int().argmax(1)
    last = changes.shape[1] - changes.flip(1).int().argmax(1)
    if task == "order":  # runs backwards for one class: then the quiet frame after the flash comes first or last
        assert ((first - batch.onset).abs() <= 1).all() and (last - batch.onset <= 6).all()
    else:
        assert torch.equal(first, batch.onset) and (last - batch.onset <= 6).all()
    assert set(world.sample(200, seed=1).onset.tolist()) == set(range(world.last_onset + 1))


def test_time_is_told_by_the_onset_alone(batches):
    world, batch = ActionWorld("time", 48, 48, 12), batches["time"]
    ranges = [batch.onset[batch.labels == label] for label in range(3)]
    assert ranges[0].max() < ranges[1].min() and ranges[1].max() < ranges[2].min()
    assert ranges[0].min() == 0 and ranges[2].max() == world.last_onset
    with pytest.raises(DataError, match="leave `onset` out"):
        world.sample(2, onset=(0, 1))


@pytest.mark.parametrize("task", ["direction", "out_and_back", "speed", "order", "time"])
def test_the_first_frame_does_not_tell_the_class(batches, task):
    batch, classes = batches[task], len(TASKS[task])
    assert at_chance(linear_accuracy(batch.centers[:, 0], batch.labels), classes)
    assert at_chance(linear_accuracy(small(batch.clips[:, :, 0]), batch.labels), classes)
    means = torch.stack([batch.clips[batch.labels == label, :, 0].mean() for label in range(classes)])
    assert means.std() < 4 * batch.clips[:, :, 0].mean((1, 2, 3)).std() / (MANY / classes) ** 0.5


def test_the_classifier_of_these_tests_sees_a_leak_where_there_is_one(batches):
    batch = batches["direction"]
    assert linear_accuracy(batch.centers[:, -1], batch.labels) > 0.5
    assert linear_accuracy(small((batch.clips[:, :, -1] - batch.clips[:, :, 0]).abs()), batch.labels) > 0.5
    tinted = batch.clips[:, :, 0] + 0.2 * batch.labels.view(-1, 1, 1, 1)
    assert linear_accuracy(small(tinted), batch.labels) > 0.35


@pytest.mark.parametrize("task", ["out_and_back", "order", "time"])
def test_first_and_last_frame_are_the_same(batches, task):
    clips = batches[task].clips
    torch.testing.assert_close(clips[:, :, 0], clips[:, :, -1], rtol=0, atol=1e-4)
    assert (clips - clips[:, :, :1]).abs().amax((1, 2, 3, 4)).min() > 0.02


def test_order_and_time_keep_the_bag_of_frames(batches):
    for task in ("order", "time"):
        batch = batches[task]
        away = (
            (batch.centers - batch.centers[:, :1]).norm(dim=-1).sort(1).values
        )  # where the sprite was, when forgotten
        assert at_chance(linear_accuracy(away, batch.labels), len(TASKS[task]))
        assert at_chance(linear_accuracy(small(batch.clips.mean(2)), batch.labels), len(TASKS[task]))


def test_speed_is_told_by_neither_distance_nor_direction(batches):
    batch = batches["speed"]
    way = batch.centers[:, -1] - batch.centers[:, 0]
    assert at_chance(linear_accuracy(torch.cat([way, way.norm(dim=1, keepdim=True)], 1), batch.labels), 3)
    fastest = (batch.centers[:, 1:] - batch.centers[:, :-1]).norm(dim=-1).amax(1)
    ranges = [fastest[batch.labels == label] for label in range(3)]
    assert ranges[0].max() < ranges[1].min() and ranges[1].max() < ranges[2].min()


def test_appearance_is_told_by_the_shape_alone(batches):
    batch = batches["appearance"]
    motion = (batch.centers - batch.centers[:, :1]).flatten(1)
    assert at_chance(linear_accuracy(motion, batch.labels), 4)
    area = batch.mask[:, 0].sum((1, 2)) / (batch.boxes[:, 0, 2:] - batch.boxes[:, 0, :2]).prod(1)
    fill = torch.stack([area[batch.labels == label].mean() for label in range(4)])
    expected = torch.tensor([torch.pi / 4, 1.0, 0.5, 5 / 9])  # disc, square, triangle, cross
    torch.testing.assert_close(fill, expected, rtol=0, atol=0.06)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"task": "tempo"}, "no task 'tempo'.*direction"),
        ({"task": "direction", "frames": 4, "duration": 4}, "4 frames does not fit"),
        ({"task": "order", "frames": 4}, "4 frames does not fit"),
        ({"task": "direction", "travel": 40}, "travels 40 either way does not fit"),
        ({"task": "direction", "size": 1}, "does not fit"),
        ({"task": "time", "frames": 4}, "no room for early"),
    ],
)
def test_what_does_not_fit_is_said(arguments, says):
    with pytest.raises(DataError, match=says):
        ActionWorld(**arguments)


@pytest.mark.parametrize("onset", [(-1, 2), (3, 2), (0, 8)])
def test_an_onset_that_does_not_fit_is_said(onset):
    with pytest.raises(DataError, match="starts between 0 and 7"):
        ActionWorld("direction", frames=16, duration=8).sample(2, onset=onset)


def test_photographs_come_from_the_wheel():
    for name in PHOTOGRAPHS:
        picture = photograph(name)
        assert picture.dtype == torch.uint8 and picture.shape[0] == 3 and picture.float().std() > 20
    with pytest.raises(DataError, match="no photograph 'lena'.*astronaut"):
        photograph("lena")
    crops = random_crops(3, 700, 30, torch.Generator().manual_seed(0), zoom=1)  # taller than any photograph
    assert crops.shape == (3, 3, 700, 30) and 0 <= crops.min() and crops.max() <= 1


@pytest.mark.gpu
def test_a_gpu_renders_the_same_clips():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    world = ActionWorld("order", 48, 64, 12, noise=0.05, camera=0.5)
    on_cpu, on_gpu = world.sample(16, seed=7), world.sample(16, seed=7, device="cuda")
    for name in ("clips", "labels", "boxes", "onset", "flow"):
        there = getattr(on_gpu, name)
        assert there.is_cuda
        torch.testing.assert_close(there.cpu(), getattr(on_cpu, name), rtol=1e-4, atol=1e-4, equal_nan=True)


def test_backdrop_dims_the_photograph_alone():
    lit, dim = (ActionWorld("direction", 32, 32, 6, backdrop=b).sample(3, seed=4) for b in (1.0, 0.25))
    change = (lit.clips - dim.clips).abs().amax(1)  # (B, T, H, W)
    assert (dim.clips <= lit.clips + 1e-6).all()
    assert change[lit.mask].median() < 0.05 < change[~lit.mask].median()
