"""A video of one object with a box in every frame, and the frames of such a video."""

from collections.abc import Sequence as Ordered
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from course_lib.data.sets.on_disk import some
from course_lib.data.video_io import VideoReader, iter_frames, read_frames
from course_lib.errors import DataError


class Pictures(Ordered):
    """Frames that lie as one picture file each; [number] and iteration give uint8 (3, H, W), RGB."""

    def __init__(self, paths):
        self.paths = tuple(paths)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, number):
        """One frame; a slice gives Pictures.

        Raises:
            DataError: if the file cannot be read as a picture.
        """
        if isinstance(number, slice):
            return Pictures(self.paths[number])
        path = self.paths[number]
        try:
            with Image.open(path) as picture:
                pixels = np.array(picture.convert("RGB"))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise DataError(f"{path} cannot be read as a picture: {error}. Copy or unpack it again.") from error
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


class VideoFrames(Ordered):
    """Frames of a video file; iterate where you can: [number] decodes from the keyframe before."""

    def __init__(self, path):
        self.path = Path(path)
        with VideoReader(self.path) as video:
            self._length = len(video)

    def __len__(self):
        return self._length

    def __getitem__(self, number):
        """One frame uint8 (3, H, W), or those of a slice, (T, 3, H, W)."""
        if isinstance(number, slice):
            return read_frames(self.path, range(*number.indices(len(self)))).transpose(0, 1)
        return read_frames(self.path, [range(len(self))[number]])[:, 0]

    def __iter__(self):
        return iter_frames(self.path)


@dataclass(frozen=True, eq=False)  # == of tensors has no one answer
class Sequence:
    """A video and where its object is.

    Attributes:
        name: within its data set.
        frames: T frames uint8 (3, H, W); len, [number] and iteration.
        boxes: (T, 4) float32, x, y, w, h between pixel edges, so 0 is the left edge of the picture. (1, 4) where the
            truth is kept secret, as in GOT-10k's test set.
        regions: (T, 4) or (T, 8) as VOT wrote them, boxes or polygons, which decide on failures; else None.
        visible: (T,) float32, share of the object that can be seen; None where the data set does not say.
        absent: (T,) bool, whether the object is gone; None where the data set does not say.
        origin: the number by which the data set calls the first pixel: 1 in OTB, whose boxes are moved by it.
        about: {name: text}, whatever else the data set says.
    """

    name: str
    frames: Ordered = field(repr=False)
    boxes: torch.Tensor = field(repr=False)
    regions: torch.Tensor | None = field(default=None, repr=False)
    visible: torch.Tensor | None = field(default=None, repr=False)
    absent: torch.Tensor | None = field(default=None, repr=False)
    origin: int = 0
    about: dict = field(default_factory=dict, repr=False)

    def __len__(self):
        return len(self.frames)


class Sequences(Ordered):
    """The sequences of a data set by name or number, each read from disk when it is asked for."""

    def __init__(self, title, readers):
        """readers: {name: function without arguments that returns the Sequence}."""
        self.title, self._readers = title, dict(readers)
        self.names = tuple(self._readers)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, which):
        """A Sequence by name or number; for a slice or a list of names, Sequences of those.

        Raises:
            DataError: for a name that is not there, or a sequence that cannot be read.
        """
        if isinstance(which, slice):
            which = list(self.names[which])
        if isinstance(which, list | tuple):
            return Sequences(self.title, {self._known(name): self._readers[name] for name in which})
        return self._readers[self._known(which) if isinstance(which, str) else self.names[which]]()

    def __repr__(self):
        return f"{self.title}: {len(self)} sequences, {some(self.names)}"

    def _known(self, name):
        if name not in self._readers:
            raise DataError(f"{self.title} has no sequence {name!r}; it has {some(self.names)}.")
        return name
