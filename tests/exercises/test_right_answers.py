"""Right answers that are written in another way than the course's own are right: nobody is sent away with one.

Each row is an answer as a learner types it into the exercise's cell, after the imports of the lecture and whatever
functions from above it calls. `test_there_are_enough_right_answers` wants two of them for every exercise.
"""

from collections import Counter

import pytest
from table import _cells, _edition, typed

from course_lib.exercises import evaluate, find, lecture, lecture_numbers
from course_lib.grading.names import definitions, used_names

LATE_FUSION = """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        convolution = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.tower = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)
"""

RIGHT = [  # exercise, what is special about the answer, its cell
    (
        "03.1",
        "the frames first, in both",
        """
def early_fusion(clip, weight, bias, stride):
    x = clip.permute(0, 2, 1, 3, 4).reshape(clip.shape[0], -1, *clip.shape[3:])
    w = weight.permute(0, 2, 1, 3, 4).reshape(weight.shape[0], -1, *weight.shape[3:])
    return torch.conv2d(x, w, bias=bias, stride=(stride, stride))
""",
    ),
    (
        "03.1",
        "a matrix product",
        """
def early_fusion(clip, weight, bias, stride):
    D, C, T, P, Q = weight.shape
    patches = F.unfold(clip.flatten(1, 2), (P, Q), stride=stride)
    out = weight.reshape(D, -1) @ patches + bias[:, None]
    h = (clip.shape[3] - P) // stride + 1
    return out.reshape(len(clip), D, h, -1)
""",
    ),
    (
        "03.1",
        "a sum over frames",
        """
def early_fusion(clip, weight, bias, stride):
    out = sum(F.conv2d(clip[:, :, t], weight[:, :, t], stride=stride) for t in range(clip.shape[2]))
    return out + bias.view(1, -1, 1, 1)
""",
    ),
    (
        "03.1",
        "loops in float64",
        """
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
    ),
    (
        "03.2",
        "all the frames",
        """
def frames_seen(unit, extents, strides):
    seen = {unit}
    for e, s in list(zip(extents, strides))[::-1]:
        seen = {u * s + i for u in seen for i in range(e)}
    return min(seen), max(seen)
""",
    ),
    (
        "03.2",
        "upwards, a list",
        """
def frames_seen(unit, extents, strides):
    field, jump = 1, 1
    for e, s in zip(extents, strides):
        field += (e - 1) * jump
        jump *= s
    return [unit * jump, unit * jump + field - 1]
""",
    ),
    (
        "03.2",
        "a tensor of two",
        """
def frames_seen(unit, extents, strides):
    e, s = torch.tensor(extents), torch.tensor(strides)
    first, last = torch.tensor(unit), torch.tensor(unit)
    for i in range(len(e)).__reversed__():
        first, last = first * s[i], last * s[i] + e[i] - 1
    return torch.stack([first, last])
""",
    ),
    (
        "03.3",
        "blocks as axes",
        """
def two_streams(clip):
    B, C, T, H, W = clip.shape
    context = clip.reshape(B, C, T, H // 2, 2, W // 2, 2).mean(dim=(4, 6))
    fovea = clip.narrow(3, H // 4, H // 2).narrow(4, W // 4, W // 2).clone()
    return context, fovea
""",
    ),
    (
        "03.3",
        "trilinear",
        """
def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.interpolate(clip, size=(clip.shape[2], H // 2, W // 2), mode="trilinear", align_corners=False)
    top, left = (H - H // 2) // 2, (W - W // 2) // 2
    return context, clip[..., top:top + H // 2, left:left + W // 2].contiguous()
""",
    ),
    (
        "03.3",
        "the context in float64",
        """
import math
import numpy as np
def two_streams(clip):
    a = clip.numpy()
    B, C, T, H, W = a.shape
    context = np.zeros((B, C, T, H // 2, W // 2))
    for i in range(H // 2):
        for j in range(W // 2):
            context[..., i, j] = a[..., 2*i:2*i+2, 2*j:2*j+2].mean(axis=(-2, -1))
    t, l = math.floor((H - H / 2) / 2), math.floor((W - W / 2) / 2)
    return torch.from_numpy(context), torch.from_numpy(a[..., t:t + H // 2, l:l + W // 2])
""",
    ),
    (
        "03.4",
        "sums by index",
        """
def video_hit(scores, videos, labels, k):
    V = len(labels)
    p = scores.softmax(1)
    sums = torch.zeros(V, scores.shape[1]).index_add_(0, videos, p)
    counts = torch.bincount(videos, minlength=V)
    mean = sums / counts[:, None]
    top = mean.argsort(1, descending=True)[:, :k]
    return (top == labels[:, None]).any(1).float().mean()
""",
    ),
    (
        "03.4",
        "ranked by NumPy",
        """
import numpy as np
def video_hit(scores, videos, labels, k):
    s = scores.numpy().astype(np.float64)
    e = np.exp(s - s.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    hits = []
    for v, y in enumerate(labels.numpy()):
        mean = p[videos.numpy() == v].mean(0)
        hits.append(y in np.argsort(-mean)[:k])
    return np.mean(hits)
""",
    ),
    (
        "03.4",
        "how many are better",
        """
def video_hit(scores, videos, labels, k):
    p = scores.softmax(1)
    total = 0
    for v in labels.new_tensor(range(len(labels))):
        mean = p[videos == v].mean(0)
        own = mean[labels[v]]
        total += int((mean > own).sum() < k)
    return total / len(labels)
""",
    ),
    (
        "03.5",
        "both frames as one batch",
        LATE_FUSION
        + """
    def forward(self, clip):
        B = clip.shape[0]
        both = torch.cat([clip[:, :, 0], clip[:, :, self.gap]])
        out = self.tower(both).view(2, B, -1)
        return self.head(torch.cat([out[0], out[1]], dim=1))
""",
    ),
    (
        "03.5",
        "the pair as an axis",
        LATE_FUSION
        + """
    def forward(self, clip):
        pair = clip[:, :, [0, self.gap]].transpose(1, 2)
        features = self.tower(pair.flatten(0, 1)).flatten(1)
        return self.head(features.reshape(clip.size(0), -1))
""",
    ),
    (
        "03.5",
        "layers with other names",
        """
class LateFusionNet(nn.Module):
    def __init__(self, channels, classes, side, gap=15):
        super().__init__()
        self.gap = gap
        self.conv = nn.Conv2d(3, channels, 5, stride=2, padding=2)
        self.pool = nn.MaxPool2d(2)
        self.classifier = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def tower(self, frame):
        return self.pool(F.relu(self.conv(frame))).flatten(1)

    def forward(self, clip):
        return self.classifier(torch.cat((self.tower(clip[:, :, 0]), self.tower(clip[:, :, self.gap])), 1))
""",
    ),
    (
        "05.1",
        "channel by channel",
        """
def stack_flow(flow, start, length):
    B, T, _, H, W = flow.shape
    out = torch.zeros(B, 2 * length, H, W)
    for k in range(length):
        out[:, 2 * k] = flow[:, start + k, 0]
        out[:, 2 * k + 1] = flow[:, start + k, 1]
    return out
""",
    ),
    (
        "05.1",
        "float64 from NumPy",
        """
import numpy as np
def stack_flow(flow, start, length):
    B, T, _, H, W = flow.shape
    out = np.zeros((B, 2 * length, H, W))
    out[:, 0::2] = flow[:, start:start + length, 0]
    out[:, 1::2] = flow[:, start:start + length, 1]
    return torch.from_numpy(out)
""",
    ),
    (
        "05.2",
        "positions instead of ways",
        """
def stack_trajectories(flow, start, length):
    B, T, _, H, W = flow.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    p = torch.stack([x, y]).float().expand(B, 2, H, W).clone()
    out = []
    for k in range(length):
        grid = torch.stack([2 * p[:, 0] / (W - 1) - 1, 2 * p[:, 1] / (H - 1) - 1], -1)
        d = torch.nn.functional.grid_sample(flow[:, start + k], grid, padding_mode="border", align_corners=True)
        out.append(d)
        p = p + d
    return torch.cat(out, 1)
""",
    ),
    (
        "05.2",
        "recursion",
        """
def stack_trajectories(flow, start, length):
    def follow(travelled, k):
        if k == length:
            return []
        here = warp(flow[:, start + k], travelled, outside="border")
        return [here] + follow(travelled + here, k + 1)
    return torch.cat(follow(torch.zeros_like(flow[:, 0]), 0), 1)
""",
    ),
    (
        "05.2",
        "float64",
        """
def stack_trajectories(flow, start, length):
    flow = flow.double()
    travelled = torch.zeros_like(flow[:, 0])
    out = flow.new_empty(flow.shape[0], length, *flow.shape[2:])
    for k in range(length):
        out[:, k] = warp(flow[:, start + k], travelled, outside="border")
        travelled = travelled + out[:, k]
    return out.flatten(1, 2)
""",
    ),
    (
        "05.3",
        "one backward field after the other",
        """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    ahead = forward[:, middle : middle + half]
    behind = torch.stack([backward[:, middle - 1 - i] for i in range(half)], dim=1)
    return torch.cat([ahead, behind], dim=1).flatten(1, 2)
""",
    ),
    (
        "05.3",
        "an index that runs backwards",
        """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    index = torch.arange(middle - 1, middle - 1 - half, -1)
    both = torch.cat([forward[:, middle : middle + half], backward[:, index]], 1)
    return both.reshape(both.shape[0], -1, *both.shape[3:])
""",
    ),
    (
        "05.3",
        "turned around first",
        """
def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    T = backward.shape[1]
    behind = torch.flip(backward, [1])[:, T - middle : T - middle + half]
    return torch.cat([forward[:, middle : middle + half], behind], dim=1).flatten(1, 2)
""",
    ),
    (
        "05.4",
        "one axis of pixels",
        """
def subtract_mean_flow(stack):
    return stack - stack.flatten(2).mean(-1)[..., None, None]
""",
    ),
    (
        "05.4",
        "float64 from NumPy",
        """
import numpy as np
def subtract_mean_flow(stack):
    a = stack.numpy().astype(float)
    return torch.from_numpy(a - a.mean(axis=(2, 3), keepdims=True))
""",
    ),
    (
        "05.4",
        "a normalisation undone",
        """
def subtract_mean_flow(stack):
    return torch.nn.functional.instance_norm(stack, eps=0.0) * stack.std((2, 3), keepdim=True, unbiased=False)
""",
    ),
    (
        "05.5",
        "with the library's mean",
        """
def fuse(spatial, temporal, weight=0.5):
    s = average_predictions(spatial)
    t = average_predictions(temporal)
    return s * (1 - weight) + t * weight
""",
    ),
    (
        "05.5",
        "float64 from NumPy",
        """
import numpy as np
def _softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
def fuse(spatial, temporal, weight=0.5):
    s, t = _softmax(spatial.numpy().astype("float64")).mean(1), _softmax(temporal.numpy().astype("float64")).mean(1)
    return torch.tensor((1 - weight) * s + weight * t)
""",
    ),
    (
        "05.5",
        "loops, softmax as in its formula",
        """
def fuse(spatial, temporal, weight=0.5):
    N, V, K = spatial.shape
    out = torch.zeros(N, K)
    for n in range(N):
        for v in range(V):
            e = torch.exp(spatial[n, v])
            out[n] += (1 - weight) * e / e.sum() / V
        for v in range(temporal.shape[1]):
            e = torch.exp(temporal[n, v])
            out[n] += weight * e / e.sum() / temporal.shape[1]
    return out
""",
    ),
    (
        "05.5",
        "one sum over all views",
        """
def fuse(spatial, temporal, weight=0.5):
    views = torch.cat([spatial.softmax(2), temporal.softmax(2)], 1)
    V, W = spatial.shape[1], temporal.shape[1]
    w = torch.tensor([(1 - weight) / V] * V + [weight / W] * W)
    return torch.einsum("nvk,v->nk", views, w)
""",
    ),
]

OF_ITS_OWN_FORM = {  # right, and not what the cells below are made for: they go on with the course's version
    "an array", "a tensor of two", "one tensor of three", "a Python number", "NumPy, without gradients", "int32",
    "float64", "float64 from NumPy", "the context in float64", "loops in float64", "two matrices in float64",
}  # fmt: skip


@pytest.mark.parametrize("exercise_id, way, source", RIGHT, ids=[f"{row[0]} {row[1]}" for row in RIGHT])
def test_right_answer(exercise_id, way, source):
    answer = typed(exercise_id, source, _called_from_above(exercise_id, source))
    report = evaluate(find(exercise_id), answer)
    assert report.passed and report.points == find(exercise_id).points, report.as_text()
    assert report.fits == (way not in OF_ITS_OWN_FORM), report.as_text()


def _called_from_above(exercise_id, source):
    """The functions of the cells above, the solutions among them, that an answer calls."""
    above = []
    for cell in _cells(exercise_id[:2]):
        if cell.exercise == exercise_id:
            break
        above.append(definitions(_edition(cell, "solutions"), used_names(source) - {find(exercise_id).name}))
    return "\n".join(above)


def test_there_are_enough_right_answers():
    counts = Counter(row[0] for row in RIGHT)
    few = [exercise.id for number in lecture_numbers() for exercise in lecture(number) if counts[exercise.id] < 2]
    assert not [exercise_id for exercise_id in few if not find(exercise_id).solution], few
