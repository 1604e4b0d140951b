"""Answers to 01.3 beside those that the exercise itself knows."""

RIGHT = {
    "while the video lasts": """
def resample_indices(num_frames, fps_in, fps_out):
    out, j = [], 0
    while j / fps_out < num_frames / fps_in:
        out.append(int(j * fps_in / fps_out))
        j += 1
    return torch.tensor(out)
""",
    "times first, float32": """
def resample_indices(num_frames, fps_in, fps_out):
    duration = num_frames / fps_in
    count = math.ceil(duration * fps_out)
    times = torch.arange(count) / fps_out
    return (times * fps_in).floor().long()
""",
    "times first, Python": """
def resample_indices(num_frames, fps_in, fps_out):
    duration = num_frames / fps_in
    return torch.tensor([int(j / fps_out * fps_in) for j in range(math.ceil(duration * fps_out))])
""",
    "whole numbers only": """
def resample_indices(num_frames, fps_in, fps_out):
    count = -(-num_frames * fps_out // fps_in)
    return torch.arange(count) * fps_in // fps_out
""",
}

WRONG = [
    ({"torch.arange(count)": "torch.arange(1, count + 1)"}, "output frame 0 is source frame 0"),
    (
        {"(torch.arange(count) * fps_in / fps_out).long()": "(torch.arange(count) * round(fps_in / fps_out))"},
        "the ratio is rounded before it is multiplied",
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    return torch.arange(num_frames)
""",
        "these are the frames as they were",
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    return torch.linspace(0, num_frames - 1, math.ceil(num_frames * fps_out / fps_in)).round().long()
""",
        None,
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    out, time = [], 0.0
    while time < num_frames / fps_in:
        out.append(int(time * fps_in))
        time += 1 / fps_out
    return torch.tensor(out)
""",
        "off by one",
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    return (torch.arange(num_frames) * fps_in / fps_out).long()
""",
        "there are as many output frames as source frames",
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    return (torch.arange(num_frames) * fps_out / fps_in).long()
""",
        "there are as many output frames as source frames",
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    count = math.ceil(num_frames * fps_out / fps_in)
    return [int(j * fps_in / fps_out) for j in range(count)]
""",
        "a list came",
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    count = int(num_frames / fps_in) * fps_out
    return (torch.arange(count) * fps_in / fps_out).long()
""",
        "the duration is cut to whole seconds before it is multiplied",
    ),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    return torch.tensor([i for i in range(num_frames) if i % (fps_in / fps_out) < 1])
""",
        None,
    ),
]
