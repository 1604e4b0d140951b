"""`start`: the one call with which every lecture begins."""

import os
import random
from dataclasses import dataclass

import numpy as np
import torch

from course_lib import profile as profiles
from course_lib.errors import CourseError

LARGEST_SEED = 2**32 - 1  # that NumPy takes


@dataclass(frozen=True)
class Course:
    """What a lecture runs on. Made by `start`.

    Attributes:
        lecture: number of the lecture, such as "02".
        seed: what the random numbers start from.
        device: where models and clips go.
        dtype: what autocast computes in: bfloat16 where the hardware has it, else float16 on a GPU, float32 on a CPU.
        profile: "cpu" (two cores, seconds), "gpu" (one GPU, minutes) or "smoke" (every cell runs, but training is cut
            short and claims are not judged). It scales sizes and steps, never the code path.
    """

    lecture: str
    seed: int
    device: torch.device
    dtype: torch.dtype
    profile: str

    def pick(self, *, cpu, gpu=None, smoke=None):
        """The value that belongs to this profile: `count = course.pick(cpu=400, gpu=4000, smoke=16)`.

        A profile that is not named takes the value of `cpu`. Name `smoke` for what takes seconds beside training (which
        `fit` cuts by itself): how many clips are drawn, evaluated or decoded.
        """
        own = {"cpu": cpu, "gpu": gpu, "smoke": smoke}[self.profile]
        return cpu if own is None else own

    def generator(self, offset=0):
        """A random generator on the CPU, so that the numbers are the same on every device."""
        return torch.Generator().manual_seed(self.seed + offset)


def start(lecture, seed=None):
    """Choose device, number type and profile, seed the random numbers, and say so in one line.

    From then on, names that the library had earlier are found too.

    Args:
        lecture: number of the lecture, "00" to "25".
        seed: seeds Python's, NumPy's and torch's random numbers; by default the environment variable COURSE_SEED says
            it, or it is 0.
    Returns:
        Course.
    Raises:
        CourseError: if the environment variable COURSE_PROFILE names no profile, or asks for a GPU that is not there,
            or COURSE_SEED is no whole number.
    """
    has_gpu = torch.cuda.is_available()
    profile = profiles.chosen() or ("gpu" if has_gpu else "cpu")
    seed = _default_seed() if seed is None else seed
    if profile == "gpu" and not has_gpu:
        raise CourseError(
            "COURSE_PROFILE is 'gpu', but torch sees no CUDA device. Unset it to run on the CPU; on Colab choose "
            "Runtime > Change runtime type > GPU."
        )
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    device = torch.device("cuda" if profile == "gpu" else "cpu")
    course = Course(str(lecture), seed, device, _autocast_dtype(device), profile)
    print(f"Lecture {course.lecture} on {_hardware(device)}, profile {profile}, seed {seed}, torch {torch.__version__}")
    return course


def _default_seed():
    written = os.environ.get("COURSE_SEED", "").strip() or "0"
    if not (written.isdecimal() and int(written) <= LARGEST_SEED):
        raise CourseError(f"COURSE_SEED is {written!r}, expected a whole number, 0 to 2^32 - 1. Correct or unset it.")
    return int(written)


def _autocast_dtype(device):
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _hardware(device):
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"the CPU ({threads} {'thread' if threads == 1 else 'threads'})"
