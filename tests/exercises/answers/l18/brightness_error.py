"""Answers to 18.1 beside those that the exercise itself knows."""

RIGHT = {
    "norm": """
def brightness_error(image, warped):
    return (warped - image).norm(dim=1, keepdim=True)
""",
    "three colours by hand": """
def brightness_error(image, warped):
    r, g, b = (image - warped).unbind(1)
    return torch.sqrt(r**2 + g**2 + b**2).unsqueeze(1)
""",
    "linalg": """
def brightness_error(image, warped):
    return torch.linalg.vector_norm(image - warped, dim=1)[:, None]
""",
}

WRONG = [
    (
        """
def brightness_error(image, warped):
    return (image - warped).abs().mean(1, keepdim=True)
""",
        "mean of the absolute differences",
    ),
    (
        """
def brightness_error(image, warped):
    return torch.norm(image - warped)
""",
        "one number for the whole picture",
    ),
    (
        """
def brightness_error(image, warped):
    return (image - warped).pow(2).mean(1, keepdim=True).sqrt()
""",
        "root of the mean square",
    ),
    (
        """
def brightness_error(image, warped):
    (image - warped).norm(dim=1, keepdim=True)
""",
        "return",
    ),
    (
        """
def brightness_error(image, warped):
    return torch.linalg.vector_norm(image - warped, dim=1)
""",
        "keepdim=True",
    ),
]
