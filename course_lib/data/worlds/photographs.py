"""Real photographs to build worlds from: the ones that lie inside the scikit-image wheel, so nothing is downloaded.

Only PNG files are used: every decoder gives the same pixels for them, which a JPEG does not promise.
"""

from functools import cache, lru_cache
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from course_lib.errors import DataError

# name: credit as scikit-image records it. All are in the public domain or CC0.
PHOTOGRAPHS = {
    "astronaut": "Eileen Collins, photograph by NASA, public domain",
    "coffee": "photograph by Rachel Michetti, CC0",
    "chelsea": "a cat, photograph by Stefan van der Walt, CC0",
    "brick": "CC0Textures Bricks25, CC0",
    "grass": "grass by linolafett, CC0",
    "gravel": "CC0Textures Gravel04, CC0",
}


@cache
def photograph(name):
    """One photograph as uint8 (3, H, W), RGB; grey ones have three equal channels. Treat it as read-only: it is cached.

    Raises:
        DataError: if the name is unknown, or scikit-image is missing or was built without the picture.
    """
    if name not in PHOTOGRAPHS:
        raise DataError(f"There is no photograph {name!r}. There are: {', '.join(PHOTOGRAPHS)}.")
    try:
        import skimage.data
        from skimage.io import imread
    except ImportError as error:
        raise DataError(
            "The worlds are built from the photographs in scikit-image, which is missing: pip install scikit-image"
        ) from error
    path = Path(skimage.data.__file__).parent / f"{name}.png"
    if not path.is_file():
        raise DataError(
            f"This scikit-image has no {path.name} beside its code (the wheel has it): "
            "install the wheel with pip install --force-reinstall scikit-image"
        )
    pixels = torch.from_numpy(imread(path))
    if pixels.ndim == 2:
        pixels = pixels.unsqueeze(-1).expand(-1, -1, 3)
    return pixels.permute(2, 0, 1).contiguous()


@lru_cache(maxsize=32)
def scaled_photograph(name, shorter):
    """A photograph resized (antialiased) so that its shorter side has `shorter` pixels: float (3, H, W) in 0..1."""
    picture = photograph(name).unsqueeze(0).float() / 255
    height, width = picture.shape[-2:]
    size = [max(shorter, round(side * shorter / min(height, width))) for side in (height, width)]
    return interpolate(picture, size=size, mode="bilinear", antialias=True, align_corners=False)[0].clamp_(0, 1)


def random_crops(number, height, width, generator, zoom=2.0, names=tuple(PHOTOGRAPHS)):
    """Crops from random places of random photographs.

    Args:
        number: how many (B).
        height, width: size of a crop in pixels; any size.
        generator: torch.Generator on the CPU.
        zoom: the photograph is resized so that its shorter side is `zoom` times the crop's longer side:
            1 shows nearly all of it, large values show details.
        names: of the photographs to cut from.
    Returns:
        float32 (B, 3, height, width) in 0..1, on the CPU.
    """
    pictures = [scaled_photograph(name, max(2, round(zoom * max(height, width)))) for name in names]
    which = torch.randint(len(pictures), (number,), generator=generator).tolist()
    places = torch.rand(number, 2, generator=generator).tolist()
    crops = torch.empty(number, 3, height, width)
    for crop, index, (down, right) in zip(crops, which, places, strict=True):
        picture = pictures[index]
        top = int(down * (picture.shape[1] - height + 1))
        left = int(right * (picture.shape[2] - width + 1))
        crop.copy_(picture[:, top : top + height, left : left + width])
    return crops
