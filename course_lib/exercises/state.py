"""Keep what a learner's code changes globally from reaching the rest of the notebook."""

import contextlib
import random

import numpy as np
import torch


@contextlib.contextmanager
def restored_state(changed):
    """Restore the random generators, default dtype, default device, grad mode and determinism flag.

    Args:
        changed: a list; the names of the settings that the code inside changed are appended to it. Random generators
            are put back silently, since drawing from them is no fault.
    """
    settings = {name: read() for name, (read, _) in _SETTINGS.items()}
    numbers = random.getstate(), np.random.get_state(), torch.get_rng_state()
    on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        for name, (read, write) in _SETTINGS.items():
            if read() != settings[name]:
                changed.append(name)
                write(settings[name])
        random.setstate(numbers[0])
        np.random.set_state(numbers[1])
        torch.set_rng_state(numbers[2])
        if on_gpus is not None:
            torch.cuda.set_rng_state_all(on_gpus)


def seed_everything(seed):
    """Seed the global CPU generators, so that code that draws from them without being told to is still repeatable."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.random.default_generator.manual_seed(seed)


def _set_default_device(device):
    torch.set_default_device(None if device.type == "cpu" else device)  # None also takes torch's device hook away


_SETTINGS = {
    "the default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "the default device": (torch.get_default_device, _set_default_device),
    "the gradient mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "the determinism flag": (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
}
