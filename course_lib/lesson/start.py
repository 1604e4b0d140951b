"""`start`: the one call with which every lecture begins."""

import os
import random
from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import CourseError

PROFILES = ("cpu", "gpu")


@dataclass(frozen=True)
class Course:
    """What a lecture runs on. Made by `start`.

    Attributes:
        lecture: number of the lecture, such as "02".
        seed: what the random numbers start from.
        device: where models and clips go.
        dtype: what autocast computes in: bfloat16 where the hardware has it, else float16 on a GPU, float32 on a CPU.
        profile: "cpu" (two cores, seconds) or "gpu" (one GPU, minutes). It scales sizes and steps, never the code path.
    """

    lecture: str
    seed: int
    device: torch.device
    dtype: torch.dtype
    profile: str

    def pick(self, *, cpu, gpu):
        """The value that belongs to this profile: `steps = course.pick(cpu=250, gpu=5000)`."""
        return gpu if self.profile == "gpu" else cpu

    def generator(self, offset=0):
        """A random generator on the CPU, so that the numbers are the same on every device."""
        return torch.Generator().manual_seed(self.seed + offset)


def start(lecture, seed=0):
    """Choose device, number type and profile, seed the random numbers, and say so in one line.

    Args:
        lecture: number of the lecture, "00" to "25".
        seed: seeds Python's, NumPy's and torch's random numbers.
    Returns:
        Course.
    Raises:
        CourseError: if the environment variable COURSE_PROFILE names no profile, or asks for a GPU that is not there.
    """
    has_gpu = torch.cuda.is_available()
    profile = os.environ.get("COURSE_PROFILE") or ("gpu" if has_gpu else "cpu")
    if profile not in PROFILES:
        raise CourseError(f"COURSE_PROFILE is {profile!r}, expected one of {', '.join(PROFILES)}. Correct or unset it.")
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


def _autocast_dtype(device):
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _hardware(device):
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"the CPU ({threads} {'thread' if threads == 1 else 'threads'})"
