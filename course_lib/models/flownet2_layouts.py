"""The layouts in which FlowNet 2's weights were published, translated to ours.

NVIDIA's names are a network's (`flownetc.`, `flownets_1.`, `flownets_2.`, `flownets_d.`, `flownetfusion.`) and then a
layer's as in FlowNet; a network that was published alone has no such prefix. Caffe's prefixes are none, `net2_`,
`net3_`, `netsd_` and `fuse_`; mmflow's `flownetC.`, `flownetS1.`, `flownetSD.` ... Both expect BGR images: the first
layers' channels are turned around.
"""

import re

from course_lib.models.caffemodel import read_weights
from course_lib.models.flownet_layouts import from_bgr, from_mmflow, is_mmflow, our_name

NETWORKS = r"(flownetc|flownets_[12d]|flownets|flownetfusion)\."
CAFFE = {"net2": "flownets_1", "net3": "flownets_2", "netsd": "flownets_d", "fuse": "flownetfusion"}
MMFLOW = {
    "flownetC": "flownetc",
    "flownetS1": "flownets_1",
    "flownetS2": "flownets_2",
    "flownetSD": "flownets_d",
    "flownet_fusion": "flownetfusion",
}
# How many images are in the first layer's input; two in the others.
IMAGES = {"flownetc": 1, "flownets_1": 3, "flownets_2": 3, "flownetfusion": 1}
COARSEST = {"flownetfusion": 2}  # level of the coarsest flow; 6 in the others
FIRST_PREDICTION = {"flownetfusion": 5}  # Caffe numbers its layers `Convolution` from here; from 1 in the others


def our_weights(source):
    """Weights of a FlowNet 2 in our names, its variant, and the convention for which the weights are meant.

    Args:
        source: path or state dict of one of the layouts.
    Returns:
        state dict; "full", "c", "s", "sd", "cs", "ss" or "css"; "nvidia", "caffe" or "mmflow".
    """
    weights = read_weights(source)
    if any(re.match(r"(\w+_)?(conv\d|Convolution\d)\.weight", key) for key in weights):
        named, convention = _turned(_from_caffe(weights)), "caffe"
    elif is_mmflow(weights):
        named, convention = _turned(_from_mmflow(weights)), "mmflow"
    else:
        named, convention = _with_network(weights), "nvidia"
    networks = {key.split(".")[0] for key in named}
    return {_our_name(key): value for key, value in named.items()}, _variant(networks), convention


def _variant(networks):
    if "flownetfusion" in networks:
        return "full"
    if networks == {"flownets_d"}:
        return "sd"
    first = "c" if "flownetc" in networks else "s"
    return first + "s" * len(networks & {"flownets_1", "flownets_2"})


def _with_network(weights):
    """A network that was published alone gets the prefix that it has in a stack."""
    if any(re.match(NETWORKS, key) for key in weights):
        return weights
    network = _alone(weights)
    return {f"{network}.{key}": value for key, value in weights.items()}


def _alone(layers):
    """Which network has these layers: names without a prefix."""
    if any(name.startswith("conv_redir") for name in layers):
        return "flownetc"
    return "flownets_d" if any(re.match("inter_?conv", name) for name in layers) else "flownets"


def _from_mmflow(weights):
    """mmflow's names in NVIDIA's."""
    parts = {}
    for key, value in weights.items():
        key = key.removeprefix("flownetCSS.")
        prefix = key.split(".")[0]
        part = prefix if prefix in MMFLOW else ""
        parts.setdefault(part, {})[key.removeprefix(f"{part}.")] = value
    named = {}
    for part, theirs in parts.items():
        layers = from_mmflow(theirs)
        network = MMFLOW[part] if part else _alone(layers)
        for layer, value in layers.items():
            if network == "flownetfusion":  # mmflow counts its levels from 1, NVIDIA from 0
                layer = re.sub(r"(?<=[a-z])\d|(?<=_to_)\d", lambda level: str(int(level[0]) - 1), layer)
            named[f"{network}.{layer}"] = value
    return named


def _from_caffe(layers):
    """Caffe's names in NVIDIA's."""
    split = {}
    for key, value in layers.items():
        layer, kind = key.rsplit(".", 1)
        prefix, name = re.fullmatch(r"(?:(net2|net3|netsd|fuse)_)?(.+)", layer).groups()
        split[key] = prefix, re.sub(rf"^({prefix})?_", "", name) if prefix else name, kind, value
    unnamed = [name for prefix, name, _, _ in split.values() if not prefix]
    weights = {}
    for prefix, name, kind, value in split.values():
        network = CAFFE[prefix] if prefix else _alone(unnamed)
        weights[f"{network}.{_nvidia_layer(name, network)}.{kind}"] = value
    for key in list(weights):
        network, layer, *rest = key.split(".")
        # FlowNetS upsamples flow without biases; Caffe may store zeros.
        if network.startswith("flownets") and network != "flownets_d" and "upsampled" in layer and rest == ["bias"]:
            if not weights[key].any():
                del weights[key]
    return weights


def _nvidia_layer(name, network):
    coarsest = COARSEST.get(network, 6)
    number = re.fullmatch(r"Convolution(\d)", name)
    if number:
        return f"predict_flow{coarsest - int(number[1]) + FIRST_PREDICTION.get(network, 1)}"
    number = re.fullmatch(r"predict_conv(\d)", name)
    if number:
        return f"predict_flow{number[1]}"
    number = re.fullmatch(r"upsample_flow(\d)to(\d)", name)
    if number:
        return f"upsampled_flow{number[1]}_to_{number[2]}"
    return f"{name.replace('interconv', 'inter_conv')}.0"


def _turned(weights):
    """Weights in NVIDIA's names whose first layers expect BGR images, made to expect RGB."""
    turned = dict(weights)
    for key in weights:
        network, layer, *rest = key.split(".")
        first = "conv0" if network in ("flownets_d", "flownetfusion") else "conv1"
        if layer == first and rest[-1] == "weight":
            turned[key] = from_bgr(weights[key], IMAGES.get(network, 2))
    return turned


def _our_name(key):
    found = re.match(NETWORKS, key)
    if not found:
        return key
    layer = key[found.end() :]
    if found[1] == "flownetfusion":  # its levels are 2 to 0 where the others have 6 to 4
        layer = re.sub(r"^(deconv|predict_flow|inter_conv)(\d)", lambda m: f"{m[1]}{int(m[2]) + 4}", layer)
        layer = layer.replace("upsampled_flow2_to_1", "upsampled_flow6_to_5")
        layer = layer.replace("upsampled_flow1_to_0", "upsampled_flow5_to_4")
    return f"{found[1]}.{our_name(layer)}"
