"""Answers to 07.4 beside those that the exercise itself knows."""

RIGHT = {
    "the frame of the first point": """
def cells_of_record(end, points, size, video):
    rows, columns = size
    length = points.shape[1]
    x, y = points[..., 0] - 1, points[..., 1] - 1
    column = (x * columns / video[1]).round().long().clamp(0, columns - 1)
    row = (y * rows / video[0]).round().long().clamp(0, rows - 1)
    first = end - (length - 1) - 1
    return first.unsqueeze(1) + torch.arange(length), row, column
""",
    "frame by frame": """
def cells_of_record(end, points, size, video):
    rows, columns = size
    P = points.shape[1]
    frame = torch.stack([end - 1 - (P - 1 - p) for p in range(P)], dim=1)
    cell = (points - 1) / torch.tensor([video[1] / columns, video[0] / rows])
    cell = (cell + 0.5).floor().long()
    return frame, cell[..., 1].clamp(0, rows - 1), cell[..., 0].clamp(0, columns - 1)
""",
    "cells per pixel, and a frame per step": """
def cells_of_record(end, points, size, video):
    rows, columns = size
    x, y = (points - 1).unbind(-1)
    column = torch.round(x * (columns / video[1])).clamp(0, columns - 1).long()
    row = torch.round(y * (rows / video[0])).clamp(0, rows - 1).long()
    steps_left = torch.arange(points.shape[1]).flip(0)
    return (end - 1)[:, None] - steps_left, row, column
""",
}

OWN_FORM = {
    "int32, a list": """
def cells_of_record(end, points, size, video):
    rows, columns = size
    length = points.shape[1]
    x, y = points[..., 0] - 1, points[..., 1] - 1
    ratio_x, ratio_y = video[1] / columns, video[0] / rows
    column = (x / ratio_x).round().int().clamp(0, columns - 1)
    row = (y / ratio_y).round().int().clamp(0, rows - 1)
    frame = end[:, None] - length + torch.arange(length)
    return [frame.int(), row, column]
""",
}

WRONG = [
    (
        """
def cells_of_record(end, points, size, video):
    rows, columns = size
    length = points.shape[1]
    x, y = points[..., 0] - 1, points[..., 1] - 1
    ratio_x, ratio_y = video[1] / columns, video[0] / rows
    column = (x / ratio_x).round().long().clamp(0, columns - 1)
    row = (y / ratio_y).round().long().clamp(0, rows - 1)
    frame = end[:, None] - torch.arange(length)
    return frame - 1, row, column
""",
        "backwards",
    ),
    ({"- length + torch": "- 10 + torch"}, None),
    ({"return frame, row, column": "return row, column"}, None),
    ({"video[1] / columns, video[0] / rows": "video[1] / columns, video[0] / columns"}, None),
]
