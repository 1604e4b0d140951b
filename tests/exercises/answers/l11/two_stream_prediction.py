"""Answers to 11.5 beside those that the exercise itself knows."""

RIGHT = {
    "stacked": """
def two_stream_prediction(rgb, flow):
    return torch.stack([rgb.mean(dim=2), flow.mean(dim=2)]).mean(dim=0).softmax(dim=1)
""",
    "halfway between": """
def two_stream_prediction(rgb, flow):
    return F.softmax(torch.lerp(rgb.mean(-1), flow.mean(-1), 0.5), dim=-1)
""",
    "by hand": """
def two_stream_prediction(rgb, flow):
    one = rgb.sum(2) / rgb.shape[2]
    two = flow.sum(2) / flow.shape[2]
    e = torch.exp(0.5 * one + 0.5 * two - (0.5 * one + 0.5 * two).amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "geometric mean of the softmaxes": """
def two_stream_prediction(rgb, flow):
    both = (rgb.mean(2).log_softmax(1) + flow.mean(2).log_softmax(1)) / 2
    return both.softmax(1)
""",
}

OWN_FORM = {
    "float64": """
def two_stream_prediction(rgb, flow):
    scores = (rgb.mean(2) + flow.mean(2)) / 2
    return scores.double().softmax(1)
""",
}

WRONG = [
    (
        """
def two_stream_prediction(rgb, flow):
    both = torch.cat([rgb, flow], dim=2)
    scores = both.mean(2)
    return F.softmax(scores, dim=1)
""",
        "more steps counts more",
    ),
    ({"/ 2": "/ 3"}, None),
    (
        """
def two_stream_prediction(rgb, flow):
    steps = min(rgb.shape[2], flow.shape[2])
    return ((rgb[:, :, :steps] + flow[:, :, :steps]) / 2).mean(2).softmax(1)
""",
        "left out",
    ),
    (
        """
def two_stream_prediction(rgb, flow):
    return rgb.mean(2).softmax(1) * flow.mean(2).softmax(1)
""",
        "multiplied",
    ),
    ({"flow.mean(2)": "flow"}, None),
    ({"return scores": "scores"}, "return"),
    ({"rgb.mean(2) + flow.mean(2)": "rgb.mean(2) * flow.mean(2)"}, None),
]
