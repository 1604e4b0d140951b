"""Videos of one object each, with a box in every frame, in the layouts of OTB, GOT-10k, VOT and ILSVRC-VID on disk.

    sequences = otb("~/data/OTB100")
    sequence = sequences["DragonBaby"]             # or a number, or: for sequence in sequences
    sequence.frames[0], sequence.boxes[0]          # uint8 (3, H, W); x, y, w, h

Annotations are read when a sequence is asked for, frames when a frame is.
"""

from course_lib.data.sets.tracking.got10k_layout import got10k
from course_lib.data.sets.tracking.ilsvrc_vid_layout import ilsvrc_vid
from course_lib.data.sets.tracking.otb_layout import otb
from course_lib.data.sets.tracking.sequences import Pictures, Sequence, Sequences, VideoFrames
from course_lib.data.sets.tracking.vot_layout import video_sequence, vot

__all__ = [
    "Pictures",
    "Sequence",
    "Sequences",
    "VideoFrames",
    "got10k",
    "ilsvrc_vid",
    "otb",
    "video_sequence",
    "vot",
]
