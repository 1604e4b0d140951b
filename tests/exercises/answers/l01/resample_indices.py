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
    ({"math.ceil(num_frames * fps_out / fps_in)": "num_frames"}, None),
    ({"math.ceil(num_frames * fps_out / fps_in)": "math.ceil(num_frames * fps_out / fps_in) + 1"}, "off by one"),
    ({"torch.arange(count)": "torch.arange(1, count + 1)"}, "one place too early"),
    ({"(torch.arange(count) * fps_in / fps_out).long()": "(torch.arange(count) * round(fps_in / fps_out))"}, None),
    ({".long()": ".ceil().long()"}, None),
    (
        """
def resample_indices(num_frames, fps_in, fps_out):
    return torch.arange(num_frames)
""",
        None,
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
        None,
    ),
]
