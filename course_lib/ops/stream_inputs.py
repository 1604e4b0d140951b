"""What the two streams look at: one moment of a clip in training, ten crops at 25 moments of a video in a test.

Karen Simonyan, Andrew Zisserman, "Two-Stream Convolutional Networks for Action Recognition in Videos", NIPS 2014,
arXiv:1406.2199, Section 5. The networks are in `course_lib.models.two_stream`.
"""

import torch

from course_lib.errors import CourseError, check_shape
from course_lib.ops.clip_flow import clip_flow
from course_lib.ops.flow_stacking import mirror_stack, stack_flow, subtract_mean_flow
from course_lib.ops.sampling import ten_crop, uniform_indices

CROP = 224  # rows and columns that the networks see
STACK = 10  # L: flow fields that the temporal stream sees
MOMENTS = 25  # frames, or stacks, of a video at test time
MEAN = (123.68, 116.779, 103.939)  # R, G, B of ImageNet, as the VGG group subtracts it; from memory
VIDEO_FLOW = {"levels": 4, "sigma": 2.0, "iterations": 3}  # of frames of some 200 pixels


def spatial_input(clips):
    """Middle frames, for the spatial stream: uint8 (B, 3, T, H, W) -> float (B, 3, H, W), mean colour removed."""
    check_shape(clips, "B 3 T H W", "clips")
    frame = clips[:, :, clips.shape[2] // 2].float()
    return frame - frame.new_tensor(MEAN).view(3, 1, 1)


def temporal_input(clips):
    """Flow of each clip, for the temporal stream: uint8 (B, 3, T, H, W) -> (B, 2 (T - 1), H, W), mean flow removed.

    Flow is lecture 04's, with the settings for real videos; T = 11 gives L = 10.
    """
    check_shape(clips, "B 3 T H W", "clips")
    flow = clip_flow(clips.float() / 255, pairs=320, **VIDEO_FLOW)  # 320: a GPU wants many pairs at once
    return subtract_mean_flow(flow.flatten(1, 2))


def spread_moments(clips, moments, length=STACK):
    """Frames at moments spread over each clip, and the flow that begins there, for networks that fuse over time.

    Args:
        clips: uint8 (B, 3, T, H, W). moments: how many, equally spaced. length: L, fields of flow of each.
    Returns:
        frames uint8 (B, moments, 3, H, W); flow (B, moments, 2 * length, H, W) in pixels.
    Raises:
        CourseError: if a clip has fewer than `length` + 1 frames.
    """
    check_shape(clips, "B 3 T H W", "clips")
    flow = clip_flow(clips.float() / 255, pairs=320, **VIDEO_FLOW)  # (B, T - 1, 2, H, W)
    if flow.shape[1] < length:
        raise CourseError(
            f"clips have {clips.shape[2]} frames, expected at least {length + 1}: {length} fields of flow."
        )
    starts = torch.linspace(0, flow.shape[1] - length, moments).long().tolist()
    frames = torch.stack([clips[:, :, start] for start in starts], dim=1)
    return frames, torch.stack([stack_flow(flow, start, length) for start in starts], dim=1)


def spatial_views(video, moments=MOMENTS, crop=CROP):
    """What the spatial stream looks at when it is tested: ten crops of frames spread over the video.

    Args:
        video: uint8 (3, T, H, W).
        moments: frames, equally spaced. crop: rows and columns; the published size needs H and W of at least 224.
    Returns:
        float (moments * 10, 3, crop, crop), 0..255 minus the mean colour.
    """
    check_shape(video, "3 T H W", "video")
    frames = video[:, uniform_indices(video.shape[1], moments).to(video.device)]
    views = ten_crop(frames, crop).float()  # (10, 3, moments, crop, crop)
    return views.permute(2, 0, 1, 3, 4).flatten(0, 1) - views.new_tensor(MEAN).view(3, 1, 1)


def temporal_views(flow, moments=MOMENTS, crop=CROP, length=STACK):
    """What the temporal stream looks at when it is tested: ten crops of stacks spread over the video.

    Args:
        flow: (T - 1, 2, H, W) in pixels. moments: stacks, equally spaced. crop: rows and columns. length: L.
    Returns:
        (moments * 10, 2 * length, crop, crop), every channel with mean 0. Where a crop is mirrored, u is negated.
    Raises:
        CourseError: if there are fewer than `length` fields.
    """
    check_shape(flow, "T 2 H W", "flow")
    if len(flow) < length:
        raise CourseError(f"flow has {len(flow)} fields, expected at least {length}: the video is too short.")
    starts = uniform_indices(len(flow), moments, clip_len=length)
    stacks = torch.cat([stack_flow(flow[None], start, length) for start in starts.tolist()])
    five = ten_crop(stacks.transpose(0, 1), crop)[:5].transpose(1, 2)  # (5, moments, 2L, crop, crop)
    ten = torch.cat([five, mirror_stack(five.flatten(0, 1)).unflatten(0, five.shape[:2])])
    return subtract_mean_flow(ten.transpose(0, 1).flatten(0, 1))
