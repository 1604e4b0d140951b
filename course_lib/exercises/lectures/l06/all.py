"""Lecture 06, C3D: what its exercises ask, the likely mistakes, and the hints."""

import math

import torch
from torch.nn.functional import normalize

from course_lib.exercises import Case, Exercise, Mistake
from course_lib.models.c3d import video_descriptor
from course_lib.ops.embedding import nearest_neighbours
from course_lib.ops.linear_svm import svm_objective

# ---- 06.1 cost of a 3D layer ----------------------------------------------------------------------------------------


def _layer_cost(inputs, outputs, size, depth=3):
    """What the exercise asks: (parameters, multiply-adds) of a padded convolution of depth x 3 x 3 with bias."""
    weights = outputs * inputs * depth * 3 * 3
    return weights + outputs, weights * math.prod(size)


def _draw(generator, low, high):
    """A whole number from low to high."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def _cost_cases(generator):
    another = tuple(_draw(generator, 8, 30) for _ in range(3))
    return [
        Case("conv1 of C3D: 3 -> 64", (3, 64, (16, 112, 112))),
        Case("conv4a of C3D: 256 -> 512, fewer places", (256, 512, (4, 14, 14))),
        Case("depth 1", (8, 16, (8, 6, 10), 1)),
        Case("depth 7", (5, 4, (9, 7, 11), 7)),
        Case("another layer", (_draw(generator, 2, 9), _draw(generator, 10, 19), another, 5)),
    ]


def _cost(wrong):
    """A wrong pair from the parts: inputs C, outputs D, frames, pixels of a frame, depth."""

    def layer_cost(inputs, outputs, size, depth=3):
        frames, rows, columns = size
        return wrong(inputs, outputs, frames, rows * columns, depth)

    return layer_cost


def _valid_places(inputs, outputs, size, depth=3):
    """As if nothing were padded."""
    frames, rows, columns = size
    weights = outputs * inputs * depth * 9
    return weights + outputs, weights * (frames - depth + 1) * (rows - 2) * (columns - 2)


COST = Exercise(
    id="06.1",
    title="What does a layer cost?",
    name="layer_cost",
    kind="function",
    reference=_layer_cost,
    cases=_cost_cases,
    mistakes=(
        Mistake(
            "the depth is missing: a kernel of depth d has d times as many weights as one of 3 x 3",
            _cost(lambda c, d, t, p, k: (d * c * 9 + d, d * c * 9 * t * p)),
        ),
        Mistake(
            "the depth is fixed to 3: use the argument `depth`",
            _cost(lambda c, d, t, p, k: (d * c * 27 + d, d * c * 27 * t * p)),
        ),
        Mistake(
            "the frames are missing: the kernel stands at T x H x W places, not at H x W",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k + d, d * c * 9 * k * p)),
        ),
        Mistake(
            "the kernel is depth x 3 x 3; this one is as deep as it is wide (depth x depth x depth)",
            _cost(lambda c, d, t, p, k: (d * c * k**3 + d, d * c * k**3 * t * p)),
        ),
        Mistake(
            "the input channels are missing: each output has a kernel for every channel",
            _cost(lambda c, d, t, p, k: (d * 9 * k + d, d * 9 * k * t * p)),
        ),
        Mistake(
            "the biases are missing among the parameters: one per output",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k, d * c * 9 * k * t * p)),
        ),
        Mistake(
            "the layer is padded: there are as many places in time as frames, not T - depth + 1",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k + d, d * c * 9 * k * (t - k + 1) * p)),
        ),
        Mistake(
            "the layer is padded: it has as many places as the clip has pixels, in rows and columns, too",
            _valid_places,
        ),
        Mistake(
            "there is one bias per output, not one per input channel",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k + c, d * c * 9 * k * t * p)),
        ),
        Mistake(
            "there is one bias per output, not one for the layer",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k + 1, d * c * 9 * k * t * p)),
        ),
        Mistake(
            "one 3 is missing: the kernel has depth x 3 x 3 numbers",
            _cost(lambda c, d, t, p, k: (d * c * 3 * k + d, d * c * 3 * k * t * p)),
        ),
        Mistake(
            "the outputs count twice in the multiply-adds: the weights have them already",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k + d, d * d * c * 9 * k * t * p)),
        ),
        Mistake(
            "the number of places is the product T x H x W, not the sum",
            lambda inputs, outputs, size, depth=3: (
                outputs * (inputs * depth * 9 + 1),
                outputs * inputs * depth * 9 * sum(size),
            ),
        ),
        Mistake(
            "these are only the parameters: return the pair (parameters, multiply-adds)",
            _cost(lambda c, d, t, p, k: d * c * 9 * k + d),
        ),
        Mistake(
            "these are only the multiply-adds: return the pair (parameters, multiply-adds)",
            _cost(lambda c, d, t, p, k: d * c * 9 * k * t * p),
        ),
        Mistake(
            "these are FLOPs: a multiply-add counts once here, not as two operations",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k + d, 2 * d * c * 9 * k * t * p)),
        ),
        Mistake(
            "adding a bias is no multiplication: multiply-adds count the weights alone",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k + d, (d * c * 9 * k + d) * t * p)),
        ),
        Mistake(
            "the order is (parameters, multiply-adds)",
            _cost(lambda c, d, t, p, k: (d * c * 9 * k * t * p, d * c * 9 * k + d)),
        ),
    ),
    hints=(
        "Time is one more axis, of the kernel and of the places. How many weights does one kernel of depth "
        "$d$ have? And at how many places does it stand when the layer is padded?",
        "`T, H, W = size`. The weights of the worked example get one more factor, and so do its multiply-adds. The "
        "biases stay as they are.",
        "`weights = outputs * inputs * ... * 3 * 3`; return `weights + outputs, weights * T * ...`.",
    ),
    points=1,
)

# ---- 06.2 the shape table -------------------------------------------------------------------------------------------


def _table(time_of_pool, smaller, time=None):
    """Sizes after the five pools, with a rule for the window in time and one for n / window (another for `time`)."""

    def sizes_after_pools(clip):
        sizes, (frames, rows, columns) = [], clip
        for i in range(5):
            window = time_of_pool(i)
            frames, rows, columns = (time or smaller)(frames, window), smaller(rows, 2), smaller(columns, 2)
            sizes.append((frames, rows, columns))
        return sizes

    return sizes_after_pools


def _up(size, window):
    return -(-size // window)


def _down(size, window):
    return size // window


def _first_leaves_time(i):
    return 1 if i == 0 else 2


_sizes_after_pools = _table(_first_leaves_time, _up)
_right_sizes = _table(_first_leaves_time, _up)  # for the mistakes, which may not call the answer itself


def _padded_everywhere(size, window):
    return size if window == 1 else (size + 2) // 2


def _table_cases(generator):
    another = (_draw(generator, 33, 64), _draw(generator, 70, 130), _draw(generator, 70, 130))
    return [
        Case("the published clip, 16 x 112 x 112", ((16, 112, 112),)),
        Case("16 x 128 x 171, not cropped", ((16, 128, 171),)),
        Case("odd sizes, 9 x 50 x 67", ((9, 50, 67),)),
        Case("a long clip, 40 x 24 x 24", ((40, 24, 24),)),
        Case(f"another clip, {another[0]} x {another[1]} x {another[2]}", (another,)),
    ]


SIZES = Exercise(
    id="06.2",
    title="Fix the bugs: the shape table",
    name="sizes_after_pools",
    kind="function",
    reference=_sizes_after_pools,
    cases=_table_cases,
    mistakes=(
        Mistake(
            "both bugs are still there: a window that is not full counts, and the first pool leaves time alone",
            _table(lambda i: 2, _down),
        ),
        Mistake("one bug is left: the first pool leaves time alone (window 1 in time)", _table(lambda i: 2, _up)),
        Mistake(
            "one bug is left: Caffe rounds up, so that the last row and column get a window of their own",
            _table(_first_leaves_time, _down),
        ),
        Mistake(
            "no pool halves time now: only the first one leaves it alone",
            _table(lambda i: 1, _up),
        ),
        Mistake(
            "time is left alone by the last pool: it is the first one that leaves it alone",
            _table(lambda i: 1 if i == 4 else 2, _up),
        ),
        Mistake(
            "the pools are counted from 0 here: pool1 has i == 0",
            _table(lambda i: 1 if i == 1 else 2, _up),
        ),
        Mistake(
            "the two cases are exchanged: pool1 has window 1 in time, the others 2",
            _table(lambda i: 2 if i == 0 else 1, _up),
        ),
        Mistake(
            "time still rounds down: Caffe rounds up along every axis",
            _table(_first_leaves_time, _up, time=_down),
        ),
        Mistake(
            "rows and columns still round down: Caffe rounds up along every axis",
            _table(_first_leaves_time, _down, time=_up),
        ),
        Mistake(
            "sizes are whole numbers: np.ceil gives floats; math.ceil gives ints",
            _table(_first_leaves_time, lambda size, window: float(_up(int(size), window))),
        ),
        Mistake(
            "half a place is left over: a size is a whole number, so round up with math.ceil",
            _table(_first_leaves_time, lambda size, window: size / window),
        ),
        Mistake(
            "only the last size came: give the list of all five",
            lambda clip: _right_sizes(clip)[-1],
        ),
        Mistake(
            "the order is (T, H, W): rows and columns are exchanged",
            lambda clip: [(t, w, h) for t, h, w in _right_sizes(clip)],
        ),
        Mistake(
            "this pads every axis by one before it pools; Caffe pads nothing and rounds up",
            _table(_first_leaves_time, _padded_everywhere),
        ),
        Mistake(
            "`round` goes to the nearest even number at a half: round up with math.ceil",
            _table(_first_leaves_time, lambda size, window: round(size / window)),
        ),
    ),
    hints=(
        "Two things are special about C3D's pools: what the first one does to time, and what becomes of a row that is "
        "left over when the size is odd.",
        "`i` counts the pools from 0. `//` rounds down; `math.ceil(size / 2)` rounds up.",
        "`time = 1 if i == ... else 2`, and then `frames, rows, columns = math.ceil(frames / time), math.ceil(...), "
        "math.ceil(...)`.",
    ),
    points=2,
)

# ---- 06.3 the video descriptor --------------------------------------------------------------------------------------


def _descriptor_cases(generator):
    def features(clips, width):
        return torch.randn(clips, width, generator=generator).relu() * (1 + torch.arange(clips).view(-1, 1))

    return [
        Case("5 clips, 7 features", (features(5, 7),)),
        Case("2 clips, 12 features", (features(2, 12),)),
        Case("a single clip", (features(1, 6) + 0.1,)),
        Case("by hand: (3, 0) and (3, 8)", (torch.tensor([[3.0, 0], [3, 8]]),)),
    ]


DESCRIPTOR = Exercise(
    id="06.3",
    title="One descriptor for a video",
    name="describe_video",
    kind="function",
    reference=video_descriptor,
    cases=_descriptor_cases,
    mistakes=(
        Mistake("the length is not 1 yet: divide by the root of the sum of squares", lambda f: f.mean(0)),
        Mistake(
            "first average, then scale: here every clip was scaled to length 1 and the mean is shorter than that",
            lambda f: normalize(f, dim=1).mean(0),
        ),
        Mistake(
            "first average, then scale: scaling the clips before makes weak clips count as much as strong ones",
            lambda f: normalize(normalize(f, dim=1).mean(0), dim=0),
        ),
        Mistake("this is the mean over features: average over clips, axis 0", lambda f: normalize(f.mean(1), dim=0)),
        Mistake(
            "the values add up to 1 (L1 norm): the paper takes the L2 norm, whose squares add up to 1",
            lambda f: f.mean(0) / f.mean(0).abs().sum(),
        ),
        Mistake(
            "this divides by the sum of squares: take its square root",
            lambda f: f.mean(0) / f.mean(0).square().sum(),
        ),
        Mistake(
            "this divides by the length of all clips together: divide by that of their mean",
            lambda f: f.mean(0) / f.norm(),
        ),
        Mistake(
            "this divides by a length per clip: divide the mean by its own length",
            lambda f: f.mean(0) / f.norm(dim=1),
        ),
        Mistake("this divides by the largest value: divide by the length", lambda f: f.mean(0) / f.mean(0).max()),
        Mistake("this multiplies by the length: divide by it", lambda f: f.mean(0) * f.mean(0).norm()),
        Mistake(
            "this divides by the root of the number of features: divide by the length, .norm()",
            lambda f: f.mean(0) / f.shape[1] ** 0.5,
        ),
        Mistake("this is the mean of everything: average over clips, axis 0", lambda f: f.mean() / f.mean().norm()),
        Mistake(
            "F.normalize takes axis 1 unless told otherwise, and the mean has one axis only: dim=0",
            lambda f: normalize(f.mean(0)),
        ),
        Mistake("this is a softmax: only the length is to become 1", lambda f: f.mean(0).softmax(0)),
        Mistake("this is the median over clips: the paper averages", lambda f: normalize(f.median(0).values, dim=0)),
        Mistake("this is the maximum over clips: the paper averages", lambda f: normalize(f.amax(0), dim=0)),
        Mistake(
            "this standardises (mean 0, variance 1): only the length is to become 1",
            lambda f: (f.mean(0) - f.mean()) / f.mean(0).std(unbiased=False),
        ),
        Mistake(
            "the features were divided one by one along the clips: scale the averaged vector as a whole",
            lambda f: normalize(f, dim=0).mean(0),
        ),
    ),
    hints=(
        "Two steps: one vector for the whole video, then the same direction with length 1.",
        "`features.mean(dim=0)` averages over clips. The length of a vector is `vector.norm()`, the root of the sum of "
        "its squares.",
        "`mean = features.mean(dim=...)`, then `return mean / mean....`.",
    ),
    points=1,
)

# ---- 06.4 the linear SVM --------------------------------------------------------------------------------------------


def _svm_cases(generator):
    def problem(number, width, classes, strength):
        labels = torch.arange(number) % classes
        numbers = [torch.randn(*shape, generator=generator) for shape in ((classes, width), (classes,))]
        return (*numbers, torch.randn(number, width, generator=generator), labels, strength)

    return [
        Case("3 classes, 7 clips of 5 features", problem(7, 5, 3, 1.0)),
        Case("4 classes, 6 clips of 2 features, strength 10", problem(6, 2, 4, 10.0)),
        Case("2 classes, 3 clips of 4 features, strength 0.5", problem(3, 4, 2, 0.5)),
        Case("2 classes, 5 clips of 3 features, the strength left out", problem(5, 3, 2, 1.0)[:4]),
        Case(
            "by hand: scores 2 and -1.5, both right by more than 1",
            (torch.tensor([[1.0], [-1]]), torch.tensor([0.0, 0.5]), torch.tensor([[2.0]]), torch.tensor([0]), 3.0),
        ),
    ]


def _svm(loss, rule=lambda weight, bias: weight.square().sum() / 2, total=torch.sum):
    """A wrong objective: another loss of the margins (N, K), another rule for the weights, another total."""

    def objective(weight, bias, features, labels, strength=1.0):
        scores = features @ weight.T + bias
        sign = 2 * torch.nn.functional.one_hot(labels, len(bias)).to(scores) - 1
        return rule(weight, bias) + strength * total(loss(sign, scores))

    return objective


def _squared(sign, scores):
    return (1 - sign * scores).clamp(min=0) ** 2


def _true_class_only(weight, bias, features, labels, strength=1.0):
    scores = features @ weight.T + bias
    own = scores[torch.arange(len(labels)), labels]
    return weight.square().sum() / 2 + strength * (1 - own).clamp(min=0).square().sum()


def _one_against_the_right_one(weight, bias, features, labels, strength=1.0):
    """The multi-class hinge of Crammer and Singer's kind, squared."""
    scores = features @ weight.T + bias
    own = scores.gather(1, labels[:, None])
    others = 1 - torch.nn.functional.one_hot(labels, len(bias))
    return weight.square().sum() / 2 + strength * (others * (1 + scores - own).clamp(min=0) ** 2).sum()


SVM = Exercise(
    id="06.4",
    title="What a linear SVM minimises",
    name="svm_loss",
    kind="function",
    reference=svm_objective,
    cases=_svm_cases,
    differentiable=True,
    mistakes=(
        Mistake(
            "the hinge is not squared: this is the other common SVM; here violations count squared",
            _svm(lambda sign, scores: (1 - sign * scores).clamp(min=0)),
        ),
        Mistake(
            "clips that are right by more than 1 cost nothing: the maximum with 0 is missing",
            _svm(lambda sign, scores: (1 - sign * scores) ** 2),
        ),
        Mistake(
            "the margin is missing: being right by less than 1 also costs (1 - y s, not 0 - y s)",
            _svm(lambda sign, scores: (-sign * scores).clamp(min=0) ** 2),
        ),
        Mistake(
            "every class is its own problem: the classes that are *not* the label (y = -1) must count as well",
            _true_class_only,
        ),
        Mistake(
            "y is +1 and -1: with 0 for the other classes their scores cost the same whatever they are",
            _svm(lambda sign, scores: _squared((sign + 1) / 2, scores)),
        ),
        Mistake("the sign is turned: y = +1 belongs to the label", _svm(lambda sign, scores: _squared(-sign, scores))),
        Mistake("the weights' own term is missing: half the sum of their squares", _svm(_squared, lambda w, b: 0)),
        Mistake(
            "the strength C belongs to the violations: a large one allows few of them",
            lambda w, b, x, y, c=1.0: c * w.square().sum() / 2 + _svm(_squared, lambda w, b: 0)(w, b, x, y),
        ),
        Mistake(
            "the strength C is missing in front of the violations",
            lambda w, b, x, y, c=1.0: _svm(_squared)(w, b, x, y),
        ),
        Mistake(
            "the half stands in front of everything: it belongs to the squared weights alone",
            lambda w, b, x, y, c=1.0: _svm(_squared)(w, b, x, y, c / 2),
        ),
        Mistake(
            "the bias is missing in the scores",
            lambda w, b, x, y, c=1.0: _svm(_squared)(w, 0 * b, x, y, c),
        ),
        Mistake(
            "this squares the sum of the violations: square each of them, then add up",
            _svm(lambda sign, scores: (1 - sign * scores).clamp(min=0), total=lambda v: v.sum() ** 2),
        ),
        Mistake(
            "this averages over the clips: the SVM adds up",
            _svm(_squared, total=lambda v: v.sum(1).mean()),
        ),
        Mistake(
            "the clamp keeps the wrong side: what exceeds 1 is free, what is missing to 1 counts; .clamp(min=0)",
            _svm(lambda sign, scores: (1 - sign * scores).clamp(max=0) ** 2),
        ),
        Mistake(
            "this compares each class with the right one: here every class is a question of its own, y = +1 or -1",
            _one_against_the_right_one,
        ),
        Mistake(
            "the violations still have an axis: one number for all clips and classes is asked for",
            _svm(_squared, total=lambda v: v.sum(1)),
        ),
        Mistake("the half is missing in front of the squared weights", _svm(_squared, lambda w, b: w.square().sum())),
        Mistake(
            "the biases are free: only the weights are kept small",
            _svm(_squared, lambda w, b: (w.square().sum() + b.square().sum()) / 2),
        ),
        Mistake(
            "the root is too much: half the sum of squares, not half the length",
            _svm(_squared, lambda w, b: w.norm() / 2),
        ),
        Mistake("this averages the violations: the SVM adds them up", _svm(_squared, total=torch.mean)),
    ),
    hints=(
        "K separate questions: is this clip of class k (y = +1) or not (y = -1)? Each answer should be right by at "
        "least 1. What is missing to 1 counts squared; what exceeds 1 is free.",
        "Scores `features @ weight.T + bias` are $(N, K)$. Signs of the same shape: "
        "`2 * F.one_hot(labels, len(weight)) - 1`. `.clamp(min=0)` is the maximum with 0.",
        "`violation = (1 - sign * ...).clamp(min=0)`; return `(weight**2).sum() / 2 + strength * (violation**...)"
        ".sum()`.",
    ),
    points=2,
)

# ---- 06.5 nearest neighbours ----------------------------------------------------------------------------------------


def _neighbour_cases(generator):
    def descriptors(number, width):
        lengths = 0.2 + 5 * torch.rand(number, 1, generator=generator)
        return torch.randn(number, width, generator=generator) * lengths

    return [
        Case("by hand: four arrows, 2 neighbours", (torch.tensor([[1.0, 0], [9, 1], [0, 2], [1, 5]]), 2)),
        Case("12 descriptors of 5, 3 neighbours", (descriptors(12, 5), 3)),
        Case("9 descriptors of 4, 1 neighbour", (descriptors(9, 4), 1)),
        Case("20 descriptors of 8, 6 neighbours", (descriptors(20, 8), 6)),
    ]


def _neighbours(similar, largest=True, own=-torch.inf):
    def neighbours(descriptors, k):
        similarity = similar(descriptors)
        if own is not None:
            similarity = similarity.clone().fill_diagonal_(own)
        return similarity.topk(k, dim=1, largest=largest).indices

    return neighbours


def _cosine(descriptors):
    unit = normalize(descriptors, dim=1)
    return unit @ unit.T


NEIGHBOURS = Exercise(
    id="06.5",
    title="Nearest neighbours in the embedding",
    name="neighbours",
    kind="function",
    reference=nearest_neighbours,
    cases=_neighbour_cases,
    mistakes=(
        Mistake("each clip is its own first neighbour: leave it out", _neighbours(_cosine, own=None)),
        Mistake(
            "long descriptors win: scale them to length 1 before the product, then only the direction counts",
            _neighbours(lambda d: d @ d.T),
        ),
        Mistake(
            "long descriptors win, and each clip counts as its own neighbour: scale to length 1 and leave it out",
            _neighbours(lambda d: d @ d.T, own=None),
        ),
        Mistake(
            "these are the farthest ones: a large cosine means near",
            _neighbours(_cosine, largest=False, own=torch.inf),
        ),
        Mistake(
            "this is the distance between descriptors of different lengths: compare directions (scale to length 1)",
            _neighbours(lambda d: torch.cdist(d, d), largest=False, own=torch.inf),
        ),
        Mistake(
            "scaled along the wrong axis: every *row* should have length 1",
            _neighbours(lambda d: normalize(d, dim=0) @ normalize(d, dim=0).T),
        ),
        Mistake(
            "argsort lists the smallest first, which are the farthest: descending=True",
            lambda d, k: _cosine(d).fill_diagonal_(-torch.inf).argsort(dim=1)[:, :k],
        ),
        Mistake(
            "a cosine may be negative: with 0 the clip itself still beats those; take -torch.inf",
            _neighbours(_cosine, own=0.0),
        ),
        Mistake(
            "these are the cosines: the numbers of the neighbours are asked for, .indices",
            lambda d, k: _cosine(d).fill_diagonal_(-torch.inf).topk(k, dim=1).values,
        ),
        Mistake(
            "this compares features with each other, (D, D): clips are the rows, so unit @ unit.T is (N, N)",
            lambda d, k: (
                (normalize(d, dim=1).T @ normalize(d, dim=1)).fill_diagonal_(-torch.inf).topk(k, dim=1).indices
            ),
        ),
        Mistake(
            "descriptors are numbered from 0: these numbers are one too large",
            lambda d, k: _neighbours(_cosine)(d, k) + 1,
        ),
        Mistake(
            "only the nearest one came: k of them are asked for",
            lambda d, k: _neighbours(_cosine)(d, 1)[:, 0],
        ),
        Mistake(
            "the lengths have lost their axis, and each column is divided instead of each row: keepdim=True",
            lambda d, k: _neighbours(lambda d: (d / d.norm(dim=1)) @ (d / d.norm(dim=1)).T)(d, k),
        ),
        Mistake(
            "nearest first: the order is turned around",
            lambda d, k: _neighbours(_cosine)(d, k).flip(1),
        ),
        Mistake(
            "the absolute value makes opposite descriptors neighbours: keep the sign",
            _neighbours(lambda d: _cosine(d).abs()),
        ),
        Mistake(
            "the nearest neighbour was dropped, not the clip itself: one clip too far on",
            lambda d, k: (
                _cosine(d).fill_diagonal_(-torch.inf).topk(min(k + 1, len(d) - 1), dim=1).indices[:, 1 : k + 1]
            ),
        ),
    ),
    hints=(
        "Similar means: almost the same direction. The cosine of the angle between two vectors of length 1 is their "
        "product. The clip itself would always win, so it may not take part.",
        "`F.normalize(descriptors, dim=1)` scales rows. `matrix.fill_diagonal_(-torch.inf)` takes the clips themselves "
        "out; `.topk(k, dim=1).indices` lists the k largest, largest first.",
        "`unit = F.normalize(descriptors, dim=1)`, `similarity = unit @ unit....`, `similarity.fill_diagonal_(...)`, "
        "return `similarity.topk(k, dim=1).indices`.",
    ),
    points=2,
)


EXERCISES = (COST, SIZES, DESCRIPTOR, SVM, NEIGHBOURS)
