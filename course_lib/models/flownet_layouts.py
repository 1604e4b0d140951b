"""The layouts in which FlowNet's weights were published, translated to ours.

Three sets of names: NVIDIA's and ClementPinard's (`conv4_1.0.weight`, `deconv5.0.weight`, `predict_flow6.weight`,
`upsampled_flow6_to_5.weight`), mmflow's (`encoder.layers.3.layers.1.conv.weight` ...) and Caffe's (`Convolution1`
predicts the coarsest flow). The networks of Caffe and of mmflow expect BGR images: their first layer's channels are
turned around.
"""

import re

import torch

from course_lib.models.caffemodel import is_caffemodel, read_weights

COARSEST = 6  # level of the coarsest flow
SEQUENTIAL = r"(conv|deconv)\w*$"  # layers that an activation follows: their weights are those of part 0


def our_weights(source):
    """Weights of a FlowNetS or FlowNetC in our names, and the arguments that its constructor needs.

    Args:
        source: path or state dict of one of the layouts.
    Returns:
        state dict; dict with channels, norm, bias, upsampled_bias.
    """
    weights = read_weights(source)
    if is_caffemodel(source):
        weights = _from_caffe(weights)
    if is_mmflow(weights):
        weights = from_mmflow(weights)
        weights["conv1.0.weight"] = from_bgr(weights["conv1.0.weight"])
    facts = {
        "norm": "conv1.1.running_mean" in weights,
        "bias": f"predict_flow{COARSEST}.bias" in weights,
        "upsampled_bias": f"upsampled_flow{COARSEST}_to_{COARSEST - 1}.bias" in weights,
    }
    if "conv1.0.weight" in weights and weights["conv1.0.weight"].ndim == 4:
        facts["channels"] = weights["conv1.0.weight"].shape[1]
    return {our_name(key): value for key, value in weights.items()}, facts


def our_name(key):
    """A key of NVIDIA's layout in ours; a key that is not of that layout stays."""
    level = re.match(r"conv([4-6])(_1)?\.(.+)", key)
    if level:
        return f"deep.{int(level[1]) - 4}.{1 if level[2] else 0}.{level[3]}"
    for pattern, ours, first in (
        (r"deconv(\d)\.(.+)", "deconv", COARSEST - 1),
        (r"predict_flow(\d)\.(.+)", "predict", COARSEST),
        (r"upsampled_flow(\d)_to_\d\.(.+)", "upsample", COARSEST),
        (r"inter_conv(\d)\.0\.(.+)", "inter", COARSEST - 1),
    ):
        found = re.match(pattern, key)
        if found:
            return f"refinement.{ours}.{first - int(found[1])}.{found[2]}"
    return key


def _from_caffe(layers):
    """Caffe's names in NVIDIA's, and images turned from BGR to RGB."""
    weights = {}
    for key, value in layers.items():
        layer, kind = key.rsplit(".", 1)
        layer = re.sub(r"^(net\d_)+", "", layer)
        number = re.fullmatch(r"Convolution(\d)", layer) or re.fullmatch(r"predict_conv(\d)", layer)
        upsample = re.fullmatch(r"upsample_flow(\d)to(\d)", layer)
        if number:
            level = COARSEST + 1 - int(number[1]) if layer.startswith("C") else int(number[1])
            name = f"predict_flow{level}"
        elif upsample:
            name = f"upsampled_flow{upsample[1]}_to_{upsample[2]}"
        else:
            name = f"{layer}.0" if re.match(SEQUENTIAL, layer) else layer
        weights[f"{name}.{kind}"] = value
    if "conv1.0.weight" in weights:
        weights["conv1.0.weight"] = from_bgr(weights["conv1.0.weight"])
    return weights


def from_bgr(weight, images=3):
    """A first layer (D, C, P, Q) that expects BGR images as one that expects RGB.

    The first 3 * `images` channels are turned, three by three, or all if there are fewer; flows and errors follow them.
    """
    if weight.ndim != 4:
        return weight  # whoever loads it says what is wrong
    pictures, rest = weight[:, : 3 * images], weight[:, 3 * images :]
    return torch.cat([*(three.flip(1) for three in pictures.split(3, 1)), rest], 1)


def is_mmflow(weights):
    """Whether these are mmflow's names."""
    return any(re.search(r"(^|\.)encoder\.layers\.\d", key) for key in weights)


def from_mmflow(weights):
    """mmflow's names of one network in NVIDIA's.

    Its correlation is a sum over the channels, not their mean, so conv3_1 is multiplied by their number.
    """
    renamed = {_mmflow_name(key): value for key, value in weights.items()}
    if {"conv3_1.0.weight", "conv_redir.0.weight"} <= set(renamed):
        redirected, channels = renamed["conv_redir.0.weight"].shape[:2]
        scaled = renamed["conv3_1.0.weight"].clone()
        scaled[:, redirected:] *= channels  # LeakyReLU lets a positive factor through
        renamed["conv3_1.0.weight"] = scaled
    return renamed


def _mmflow_name(key):
    found = re.match(r"(corr_)?encoder\.layers\.(\d)\.layers\.(\d)\.(conv|bn)\.(\w+)", key)
    if found:
        correlated, block, part, kind, last = found.groups()
        level = int(block) + (3 if correlated else 1)
        second = part == "1" or (correlated and block == "0")  # conv3_1 comes first after the correlation
        return f"conv{level}{'_1' if second else ''}.{int(kind == 'bn')}.{last}"
    found = re.match(r"corr_encoder\.conv_redir\.(conv|bn)\.(\w+)", key)
    if found:
        return f"conv_redir.{int(found[1] == 'bn')}.{found[2]}"
    found = re.match(r"encoder\.plugin_layer\.conv\.(\w+)", key)  # of the expert for small displacements
    if found:
        return f"conv0.0.{found[1]}"
    found = re.match(r"decoder\.decoders\.level(\d)\.pred_out\.([01])\.(\w+)$", key)  # of two convolutions
    if found:
        return f"predict_flow{found[1]}.{found[3]}" if found[2] == "1" else f"inter_conv{found[1]}.0.{found[3]}"
    found = re.match(r"decoder\.decoders\.level(\d)\.(pred_out|deconv_out|upsample_pred)\.(?:deconvs\.0\.)?(\w+)$", key)
    if found:
        level, part, last = int(found[1]), found[2], found[3]
        names = {
            "pred_out": f"predict_flow{level}",
            "deconv_out": f"deconv{level - 1}.0",
            "upsample_pred": f"upsampled_flow{level}_to_{level - 1}",
        }
        return f"{names[part]}.{last}"
    return key
