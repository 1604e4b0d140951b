"""The small clips that ship with the course: find them, or render them again.

`course data make` renders `data/clips/*.mp4` and their manifest.json. The same PyAV gives the same bytes; another
may compress differently, so the manifest also tells what the decoded frames must look like.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch

import course_lib
from course_lib.atomic import write_atomically
from course_lib.data.video_io import probe, read_frames, write_video
from course_lib.data.worlds import films
from course_lib.errors import DataError
from course_lib.places import place, system_errors

FRAMES_AT_ONCE = 25  # float64 frames in memory while rendering
PACKAGE = Path(course_lib.__file__).parent


@dataclass(frozen=True)
class Recipe:
    """How a clip is made from the function of that name in `films`.

    Attributes:
        frames: length.
        fps: frames per second.
        crf: x264's rate factor: larger is smaller. Chosen so that the five files stay under 3 MB together.
    """

    frames: int
    fps: int
    crf: int


RECIPES = {
    "moving_camera": Recipe(frames=300, fps=30, crf=18),
    "out_and_back": Recipe(frames=32, fps=16, crf=18),
    "three_speeds": Recipe(frames=180, fps=30, crf=20),
    "scene_cut": Recipe(frames=100, fps=25, crf=20),
    "counter": Recipe(frames=1800, fps=30, crf=26),
}


def clip_names():
    """Names of the clips that ship."""
    return tuple(RECIPES)


def describe(name):
    """One line about a clip."""
    _check(name)
    return getattr(films, name).__doc__.splitlines()[0]


def clip_path(name):
    """Path of the clip `name`.

    Raises:
        DataError: if there is no such clip, or its file is missing.
    """
    _check(name)
    try:
        return shipped_path(f"clips/{name}.mp4")
    except DataError as error:
        raise DataError(f"{error} Render it again with: course data make") from None


def shipped_path(relative):
    """Where a file of the folder `data` lies: inside the package when it is installed, else in the checkout.

    Raises:
        DataError: if it is in neither place.
    """
    places = [PACKAGE / "shipped" / relative, PACKAGE.parent / "data" / relative]
    for path in places:
        if path.is_file():
            return path
    raise DataError(f"{Path(relative).name}, which ships with the course, is missing: expected {places[-1]}.")


@system_errors("the clips cannot be written", DataError)
def make(directory):
    """Render every clip and the manifest into `directory`, which is created if needed.

    Returns:
        list of Path, the clips.
    """
    from course_lib.progress import progress

    directory = place(directory, DataError)
    directory.mkdir(parents=True, exist_ok=True)
    paths, manifest = [], {}
    for name in progress(RECIPES, desc="rendering clips"):
        paths.append(render(name, directory))
        manifest[name] = fingerprint(paths[-1])
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(facts)}" for name, facts in manifest.items())  # one per clip
    text = f'{{\n "made_with": {json.dumps(encoder_versions())},\n "clips": {{\n{lines}\n }}\n}}\n'
    write_atomically(directory / "manifest.json", text)
    return paths


def render(name, directory):
    """Render one clip into `directory` and return its path."""
    _check(name)
    recipe = RECIPES[name]
    film = torch.cat([render_frames(name, some) for some in torch.arange(recipe.frames).split(FRAMES_AT_ONCE)], 1)
    return write_video(Path(directory) / f"{name}.mp4", film, recipe.fps, crf=recipe.crf)


def render_frames(name, numbers):
    """Frames `numbers` of a clip before compression: uint8 (3, T, H, W)."""
    _check(name)
    return (getattr(films, name)(torch.as_tensor(numbers)) * 255).round().clamp(0, 255).byte()


def fingerprint(path):
    """What a clip is: the hash of its bytes, and its look, which survives another encoder or decoder.

    Returns:
        dict: sha256; frames, height, width; look: mean red, green, blue (0..255) of eight frames spread over the clip.
    """
    path = Path(path)
    frames = probe(path).frames
    clip = read_frames(path, [i * (frames - 1) // 7 for i in range(8)])  # (3, 8, H, W)
    means = clip.double().mean((2, 3)).T
    return {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "frames": frames,
        "height": clip.shape[2],
        "width": clip.shape[3],
        "look": [[round(value, 1) for value in frame] for frame in means.tolist()],
    }


def encoder_versions():
    """What the bytes depend on."""
    import av

    return {"av": av.__version__, "libavcodec": ".".join(map(str, av.library_versions["libavcodec"]))}


def _check(name):
    if name not in RECIPES:
        raise DataError(f"There is no clip {name!r} that ships with the course. There are: {', '.join(RECIPES)}.")
