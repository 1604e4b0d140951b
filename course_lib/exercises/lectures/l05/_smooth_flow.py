"""Flow fields that several exercises are tried with."""

import torch


def fields(generator, batch=2, fields=6, height=5, width=7, largest=1.5):
    """Smooth flow, so that reading it between pixels makes sense: (B, T, 2, H, W), up to `largest` pixels."""
    coarse = 2 * torch.rand(batch * fields, 2, 3, 3, generator=generator) - 1
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=True)
    return largest * smooth.unflatten(0, (batch, fields))
