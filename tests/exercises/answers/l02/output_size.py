"""Answers to 02.2 beside those that the exercise itself knows."""

RIGHT = {
    "counting places": """
def output_size(size, kernel, stride=1, padding=0):
    return len(range(0, size + 2 * padding - kernel + 1, stride))
""",
    "asking a convolution": """
def output_size(size, kernel, stride=1, padding=0):
    return F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), stride=stride, padding=padding).shape[-1]
""",
    "a tensor without axes": """
def output_size(size, kernel, stride=1, padding=0):
    return torch.tensor((size + 2 * padding - kernel) // stride + 1)
""",
}

WRONG = [
    ({"(size + 2": "float(size + 2"}, "the value is right, and a float"),
    (
        """
def output_size(size, kernel, stride=1, padding=0):
    return len(range(0, size + 2 * padding - kernel, stride))
""",
        "one is missing",
    ),
    (
        """
def output_size(size, kernel, stride=1, padding=0):
    return conv_output_size(size, kernel, stride, padding)
from course_lib.ops.convolution import conv_output_size
""",
        "conv_output_size",
    ),
    (
        """
def output_size(size, kernel, stride=1, padding=0):
    return math.ceil((size + 2 * padding - kernel) / stride + 1)
""",
        "an import is missing",
    ),
]
