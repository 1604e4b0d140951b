"""Where and when: twelve actions that share their parts, so that some of them can be kept for the test.

A sprite goes out and back (see `actions`): right, down, left or up, early, in the middle or late. Every direction and
every moment makes an action, 4 x 3. Four of them, with all directions and all moments among them, are *new*: a method
that learns from the other eight has seen each part, and never this combination.
"""

import torch

from course_lib.data.worlds.actions import DIRECTIONS, ActionWorld
from course_lib.errors import DataError

MOMENTS = ("early", "in the middle", "late")
ACTIONS = tuple(f"{way}, {moment}" for way in DIRECTIONS for moment in MOMENTS)
FOLDS = len(MOMENTS)


class WhereAndWhen:
    """Twelve actions; `sample` renders clips of all of them.

    Args:
        **size: of clips and sprites, as for `ActionWorld`. The event lasts 2 frames, so that three moments fit.
    Raises:
        DataError: if the clip is too short for three moments.
    """

    def __init__(self, **size):
        self.world = ActionWorld("out_and_back", **{"duration": 2, **size})
        onsets = self.world.last_onset + 1
        if onsets < len(MOMENTS):
            raise DataError(f"The event can begin at {onsets} frames, too few for three moments: take more frames.")
        edges = [i * onsets // len(MOMENTS) for i in range(len(MOMENTS) + 1)]
        self._onsets = [(first, end - 1) for first, end in zip(edges, edges[1:], strict=False)]

    def sample(self, number, seed=0):
        """`number` clips of each moment, as many of each direction as that allows.

        Returns:
            clips (3 number, 3, T, H, W) float32, 0..1, and labels (3 number,) long: a place in `ACTIONS`.
        """
        parts = [self.world.sample(number, seed * FOLDS + m, onset) for m, onset in enumerate(self._onsets)]
        labels = [len(MOMENTS) * part.labels + moment for moment, part in enumerate(parts)]
        return torch.cat([part.clips for part in parts]), torch.cat(labels)


def new_actions(fold):
    """The four actions that fold 0, 1 or 2 keeps for the test; over the three folds each action is new once.

    Returns:
        (4,) long, places in `ACTIONS`.
    Raises:
        DataError: if there is no such fold.
    """
    if fold not in range(FOLDS):
        raise DataError(f"fold is {fold}, expected 0 to {FOLDS - 1}.")
    ways = torch.arange(len(DIRECTIONS))
    return len(MOMENTS) * ways + (ways + fold) % len(MOMENTS)
