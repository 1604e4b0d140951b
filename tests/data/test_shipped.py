"""The clips that ship: they are there, small, byte-stable, and what they promise to be."""

import json

import pytest
import torch

from course_lib.data.sets import shipped
from course_lib.data.video_io import iter_frames, keyframes, probe, read_clip, read_frames
from course_lib.data.worlds.films import read_counter
from course_lib.errors import DataError


@pytest.fixture(scope="module")
def manifest():
    return json.loads((shipped.clip_path("counter").parent / "manifest.json").read_text(encoding="utf-8"))


def test_all_clips_together_take_at_most_3_mb(manifest):
    assert sum(shipped.clip_path(name).stat().st_size for name in shipped.clip_names()) <= 3_000_000
    assert set(manifest["clips"]) == set(shipped.clip_names())


@pytest.mark.parametrize("name", shipped.clip_names())
def test_a_clip_is_what_the_manifest_says(name, manifest):
    found, recorded = shipped.fingerprint(shipped.clip_path(name)), manifest["clips"][name]
    assert found["sha256"] == recorded["sha256"]
    assert [found[key] for key in ("frames", "height", "width")] == [recorded[k] for k in ("frames", "height", "width")]
    torch.testing.assert_close(torch.tensor(found["look"]), torch.tensor(recorded["look"]), rtol=0, atol=1.0)


@pytest.mark.parametrize("name", shipped.clip_names())
def test_a_clip_plays_in_browsers_and_shows_what_is_rendered(name):
    info, recipe = probe(shipped.clip_path(name)), shipped.RECIPES[name]
    assert (info.codec, info.pixel_format, info.has_audio) == ("h264", "yuv420p", False)
    assert (info.frames, info.fps) == (recipe.frames, recipe.fps)
    numbers = [0, recipe.frames // 2, recipe.frames - 1]
    decoded, rendered = read_frames(shipped.clip_path(name), numbers), shipped.render_frames(name, numbers)
    assert (decoded.float() - rendered.float()).abs().mean() < 5
    assert shipped.describe(name).endswith(".") and " s at " in shipped.describe(name)


def test_rendering_twice_gives_the_same_bytes(tmp_path, manifest):
    first = shipped.render("out_and_back", tmp_path).read_bytes()
    assert shipped.render("out_and_back", tmp_path).read_bytes() == first
    if shipped.encoder_versions() == manifest["made_with"]:
        assert shipped.clip_path("out_and_back").read_bytes() == first


def test_make_writes_clips_and_manifest(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RECIPES", {"out_and_back": shipped.RECIPES["out_and_back"]})
    (path,) = shipped.make(tmp_path / "new" / "clips")
    written = json.loads((path.parent / "manifest.json").read_text(encoding="utf-8"))
    assert written == {
        "made_with": shipped.encoder_versions(),
        "clips": {"out_and_back": shipped.fingerprint(path)},
    }


def test_the_counter_tells_which_frame_was_read():
    path = shipped.clip_path("counter")
    for number in (0, 249, 250, 987, 1799):
        assert read_counter(read_clip(path, number, 1)[:, 0]) == number
    frames = iter_frames(path, start=300)
    assert [read_counter(next(frames)) for _ in range(5)] == [300, 301, 302, 303, 304]
    assert read_counter(shipped.render_frames("counter", [42])[:, 0].float() / 255) == 42


@pytest.mark.parametrize("frame", [torch.zeros(3, 120, 160), torch.ones(3, 8, 8)])
def test_a_frame_without_a_counter_is_an_error(frame):
    with pytest.raises(DataError, match="counter"):
        read_counter(frame)


def test_the_scene_changes_once():
    clip = read_clip(shipped.clip_path("scene_cut"), 0, 100).float()
    change = (clip[:, 1:] - clip[:, :-1]).abs().mean((0, 2, 3))
    assert change.argmax() == 46 and change[46] > 5 * change[torch.arange(99) != 46].max()
    assert 47 in keyframes(shipped.clip_path("scene_cut"))


def test_out_and_back_returns_and_the_speeds_double():
    clip = read_clip(shipped.clip_path("out_and_back"), 0, 32).float()
    assert (clip[:, 0] - clip[:, -1]).abs().mean() < 3 < (clip[:, 0] - clip[:, 16]).abs().mean()
    film = shipped.render_frames("three_speeds", torch.arange(180)).float()
    moving = (film[:, 1:] - film[:, :-1]).abs().amax((0, 2, 3)) > 0
    runs = "".join(str(int(there)) for there in moving).split("0")
    assert [len(run) for run in runs if len(run) > 1] == pytest.approx([84, 42, 21], abs=6)


def test_an_installed_course_finds_its_clips_inside_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path / "course_lib")
    with pytest.raises(DataError, match="counter.mp4.*is missing.*course data make"):
        shipped.clip_path("counter")
    inside = tmp_path / "course_lib" / "shipped" / "clips" / "counter.mp4"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"")
    assert shipped.clip_path("counter") == inside


@pytest.mark.parametrize("ask", [shipped.clip_path, shipped.describe, lambda name: shipped.render(name, ".")])
def test_an_unknown_clip_names_those_that_exist(ask):
    with pytest.raises(DataError, match="no clip 'holiday'.*moving_camera, out_and_back"):
        ask("holiday")
