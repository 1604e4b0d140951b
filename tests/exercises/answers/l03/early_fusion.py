"""Answers to 03.1 beside those that the exercise itself knows."""

RIGHT = {
    "the frames first, in both": """
def early_fusion(clip, weight, bias, stride):
    x = clip.permute(0, 2, 1, 3, 4).reshape(clip.shape[0], -1, *clip.shape[3:])
    w = weight.permute(0, 2, 1, 3, 4).reshape(weight.shape[0], -1, *weight.shape[3:])
    return torch.conv2d(x, w, bias=bias, stride=(stride, stride))
""",
    "a matrix product": """
def early_fusion(clip, weight, bias, stride):
    D, C, T, P, Q = weight.shape
    patches = F.unfold(clip.flatten(1, 2), (P, Q), stride=stride)
    out = weight.reshape(D, -1) @ patches + bias[:, None]
    h = (clip.shape[3] - P) // stride + 1
    return out.reshape(len(clip), D, h, -1)
""",
    "a sum over frames": """
def early_fusion(clip, weight, bias, stride):
    out = sum(F.conv2d(clip[:, :, t], weight[:, :, t], stride=stride) for t in range(clip.shape[2]))
    return out + bias.view(1, -1, 1, 1)
""",
}

OWN_FORM = {
    "loops in float64": """
def early_fusion(clip, weight, bias, stride):
    P, Q = weight.shape[-2:]
    H = (clip.shape[3] - P) // stride + 1
    W = (clip.shape[4] - Q) // stride + 1
    out = torch.zeros(clip.shape[0], weight.shape[0], H, W, dtype=torch.float64)
    for b in range(out.shape[0]):
        for d in range(out.shape[1]):
            for y in range(H):
                for x in range(W):
                    block = clip[b, :, :, y*stride:y*stride+P, x*stride:x*stride+Q]
                    out[b, d, y, x] = (block.double() * weight[d].double()).sum() + bias[d]
    return out
""",
}

WRONG = [
    (
        """
def early_fusion(clip, weight, bias, stride):
    return F.conv3d(clip, weight, bias, stride=(1, stride, stride)).squeeze(2)
""",
        "conv3d",
    ),
    (
        """
def early_fusion(clip, weight, bias, stride):
    frames = range(clip.shape[2])
    return sum(F.conv2d(clip[:, :, t], weight[:, :, t], bias, stride=stride) for t in frames)
""",
        "bias is added for every frame",
    ),
    (
        """
def early_fusion(clip, weight, bias, stride):
    B, C, T, H, W = clip.shape
    frames = clip.permute(0, 2, 1, 3, 4).reshape(B, C * T, H, W)
    return F.conv2d(frames, weight.reshape(len(weight), C * T, *weight.shape[3:]), bias, stride)
""",
        "disagree about the order",
    ),
    (
        """
def early_fusion(clip, weight, bias, stride):
    maps = [F.conv2d(clip[:, :, t], weight[:, :, t], stride=stride) for t in range(clip.shape[2])]
    return torch.stack(maps).mean(0) + bias.view(1, -1, 1, 1)
""",
        None,
    ),
    ({"flatten(1, 2)": "flatten(2, 3)"}, None),
    ({"stride=stride)": "stride=stride).numpy()"}, "a numpy array came"),
    (
        """
def early_fusion(clip, weight, bias, stride):
    maps = []
    for t in range(clip.shape[2]):
        maps.append(F.conv2d(clip[:, :, t], weight[:, :, t], bias, stride=stride))
    return torch.stack(maps).sum(0)
""",
        "the bias is added for every frame: add it",
    ),
    (
        """
def early_fusion(clip, weight, bias, stride):
    out = 0
    for t in range(clip.shape[2]):
        out = out + F.conv2d(clip[:, :, t], weight[:, :, t], stride=stride)
        return out + bias.view(1, -1, 1, 1)
""",
        "only the first frame counts (in a loop over",
    ),
    (
        """
def early_fusion(clip, weight, bias, stride):
    B, C, T, H, W = clip.shape
    D, C, T, P, Q = weight.shape
    frames = clip.reshape(B, T * C, H, W)
    kernels = weight.permute(0, 2, 1, 3, 4).reshape(D, T * C, P, Q)
    return F.conv2d(frames, kernels, bias, stride=stride)
""",
        "clip and weight disagree about the order of",
    ),
    (
        """
def early_fusion(clip, weight, bias, stride):
    B, C, T, H, W = clip.shape
    D, C, T, P, Q = weight.shape
    return F.conv2d(clip.view(B * T, C, H, W), weight.view(D * T, C, P, Q), bias, stride=stride)
""",
        "the frames were made clips of their own (they",
    ),
    (
        {"stride=stride)": "stride=stride, padding=weight.shape[-1] // 2)"},
        "this pads: early fusion as asked here keeps",
    ),
    (
        """
def early_fusion(clip, weight, bias, stride):
    conv = nn.Conv2d(clip.shape[1] * clip.shape[2], weight.shape[0], weight.shape[3:], stride=stride)
    return conv(clip.flatten(1, 2))
""",
        "a new layer brings random weights of its own",
    ),
    ({"stride=stride)": "stride=stride)[:, :, None]"}, "there is still a time axis of length 1: a 2D"),
]
