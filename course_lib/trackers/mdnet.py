"""MDNet's tracker: learn a branch from the first frame, score candidates in each further one, and go on learning.

Nam and Han, CVPR 2016, arXiv:1510.07945, Section 4. The convolutions never change, so their features are computed once
per crop and kept; fc4, fc5 and a branch of their own for this video are trained on them. In each frame:

1. 256 candidates are drawn around the last box, and scored.
2. The best ones give the box, and the score says whether to believe it.
3. If believed, the box is put right by a regression that was learnt in the first frame, and new samples are kept.
4. If not, the network is trained on the latest samples (short-term update), and the next search is wider. Every 10
   frames it is trained on samples of the last 100 frames (long-term update).

Three rules are there, which differ in ways that matter: `PAPER` is what the paper says. `MATLAB`, the authors' code of
that time, takes the mean of the five best candidates where the paper takes the best, and believes a raw score above 0
where the paper asks for a softmax above 0.5. `PY_MDNET`, their later PyTorch code, learns with larger steps and shows
the network less around the box, and dark red outside the frame (it gives Pillow the number 128 as a color). In both
codes the regressed box is only reported: the search goes on from the other.
"""

import copy
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from course_lib.models.mdnet import GREY, TARGET
from course_lib.ops.box_regression import fit_ridge
from course_lib.ops.box_samples import SMALLEST, by_overlap, gaussian, uniform, whole
from course_lib.ops.boxes import crop, scale
from course_lib.trackers.protocol import Tracker

AT_ONCE = 256  # crops that go through the convolutions together


@dataclass(frozen=True)
class Rules:
    """The numbers of the tracker. Counts are per frame unless it says otherwise.

    Attributes:
        best: candidates whose mean is the new box. accept: "probability", a softmax above 0.5, or "score", above 0.
        enlarge: a crop shows the box made so much larger. outside: RGB of what lies outside the frame, 0..1.
        candidates: how many. shift: how far they are strewn, in mean sides; it grows after a failure, to widest.
        first_positives, first_negatives: samples of the first frame. first_steps, first_lr: training there.
        positives, negatives: samples of a later frame. steps, lr: of an update.
        positive_growth: sides of positive samples vary by this factor.
        every: frames between long-term updates. long, short: frames whose samples they and short-term updates use.
        batch: positives, negatives, and the negatives among which those are the hardest, of a training step.
        branch: the branch learns so many times faster than fc4 and fc5; bias: biases than their weights.
        clip_norm: largest norm of the gradients, or None.
        regression: samples to learn the box regression from. ridge: its strength.
        smallest: no sample is narrower, in pixels.
    """

    best: int = 1
    accept: str = "probability"
    enlarge: float = 107 / 75
    outside: tuple[float, float, float] = (GREY,) * 3
    candidates: int = 256
    shift: float = 0.6
    widest: float = 1.5
    first_positives: int = 500
    first_negatives: int = 5000
    first_steps: int = 30
    first_lr: float = 1e-4
    positives: int = 50
    negatives: int = 200
    steps: int = 10
    lr: float = 3e-4
    positive_growth: float = 1.05**5
    every: int = 10
    long: int = 100
    short: int = 20
    batch: tuple[int, int, int] = (32, 96, 1024)
    branch: float = 10.0
    bias: float = 2.0
    clip_norm: float | None = None
    regression: int = 1000
    ridge: float = 1000.0
    smallest: int = SMALLEST


PAPER = Rules()
MATLAB = Rules(best=5, accept="score")
PY_MDNET = Rules(
    best=5, accept="score", enlarge=1 + 32 / 107, outside=(GREY, 0.0, 0.0), first_steps=50, first_lr=5e-4, steps=15,
    lr=1e-3, positive_growth=1.3, short=30, bias=1.0, clip_norm=10.0,
)  # fmt: skip
MINI = Rules(
    best=5, accept="score", candidates=128, first_positives=100, first_negatives=500, first_steps=30, first_lr=0.01,
    positives=16, negatives=48, steps=8, lr=0.01, batch=(16, 48, 256), branch=5.0, bias=1.0, clip_norm=5.0,
    regression=300, ridge=30.0, smallest=6,
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What the tracker saw in its last frame.

    candidates: (N, 4). scores: (N,) of the target, before the softmax. box: (4,) their best, before regression.
    probability: of the softmax, of the best. accepted: whether it was believed. update: "short", "long" or "".
    """

    candidates: torch.Tensor
    scores: torch.Tensor
    box: torch.Tensor
    probability: float
    accepted: bool
    update: str


class MDNetTracker(Tracker):
    """Tracks with an `MDNet`, of which it keeps a copy: the network that it is given is not changed.

    Args:
        network: MDNet with published weights, or pre-trained by `course_lib.trackers.mdnet_training`.
        rules: `PAPER`, `MATLAB`, `PY_MDNET`, or `MINI` for `MDNet.mini`.
        hard: whether the hardest negatives are learnt from; otherwise as many random ones.
        regress: whether boxes are put right. update: whether the network learns after the first frame.
        seed: of all that is drawn.
    """

    def __init__(self, network, rules=MATLAB, *, hard=True, regress=True, update=True, seed=0):
        self.network, self.rules, self.seed = network, rules, seed
        self.hard, self.regress, self.update_online = hard, regress, update
        self.look = None

    def start(self, frame, box):
        rules, size = self.rules, frame.shape[1:]
        self._generator, self._number = torch.Generator().manual_seed(self.seed), 0
        with self._repeatable():
            self._net = copy.deepcopy(self.network).eval()
            self._net.new_branches(1)
            self.box, self._shift = box, rules.shift
            half = rules.first_negatives // 2
            options = {"smallest": rules.smallest, "generator": self._generator}
            near = self._positives_around(box, size, rules.first_positives)
            far = [
                by_overlap(lambda n: uniform(box, n, size, **options), box, half, high=0.5),
                by_overlap(lambda n: whole(box, n, size, **options), box, rules.first_negatives - half, high=0.5),
            ]
            positives, negatives = self.features(frame, near), self.features(frame, torch.cat(far))
            self._train(positives, negatives, rules.first_steps, rules.first_lr)
            self._regression = self._learn_regression(frame, box, options) if self.regress else None
            self._positives = deque([positives], maxlen=rules.long)
            self._negatives = deque([negatives[: rules.negatives]], maxlen=rules.short)

    def follow(self, frame):
        rules, size = self.rules, frame.shape[1:]
        self._number += 1
        options = {"smallest": rules.smallest, "generator": self._generator}
        candidates = gaussian(self.box, rules.candidates, size, shift=self._shift, **options)
        features = self.features(frame, candidates)
        with torch.no_grad():
            scores = self._net.head(features).float()
        best = scores[:, TARGET].topk(rules.best).indices
        score = scores[best, TARGET].mean().item()
        probability = scores[best].softmax(1)[:, TARGET].mean().item()
        accepted = probability > 0.5 if rules.accept == "probability" else score > 0
        self.box = found = candidates[best.cpu()].mean(0)
        if accepted:
            self._shift = rules.shift
            if self._regression is not None:
                found = self._regression(features[best].float().cpu(), candidates[best.cpu()]).mean(0)
            self._keep_samples(frame, size)
        else:
            self._shift = min(1.1 * self._shift, rules.widest)
        kind = which_update(accepted, self._number, rules.every) if self.update_online else ""
        if kind:
            memory = list(self._positives)[-rules.short :] if kind == "short" else list(self._positives)
            with self._repeatable():
                self._train(torch.cat(memory), torch.cat(list(self._negatives)), rules.steps, rules.lr)
        self.look = Look(candidates, scores[:, TARGET].cpu(), self.box, probability, accepted, kind)
        return found, probability if rules.accept == "probability" else score

    @torch.no_grad()
    def features(self, frame, boxes):
        """conv3 of the crops around boxes: (3, H, W), (N, 4) -> (N, D), on the network's device."""
        net = self._net
        frame = frame.to(net.conv1.weight.device)
        boxes = scale(boxes.to(frame), self.rules.enlarge)
        parts = (crop(frame, part, net.crop, fill=self.rules.outside) for part in boxes.split(AT_ONCE))
        return torch.cat([net.features(net.prepare(part)) for part in parts])

    def scores(self, frame, boxes):
        """Background and target, before the softmax: (3, H, W), (N, 4) -> (N, 2), on the network's device."""
        with torch.no_grad():
            return self._net.head(self.features(frame, boxes)).float()

    def _positives_around(self, box, size, number):
        rules = self.rules
        options = {"smallest": rules.smallest, "generator": self._generator}
        return by_overlap(
            lambda n: gaussian(box, n, size, shift=0.1, growth=rules.positive_growth, **options), box, number, low=0.7
        )

    def _learn_regression(self, frame, box, options):
        size = frame.shape[1:]
        boxes = by_overlap(
            lambda n: uniform(box, n, size, shift=0.3, growth=1.6, aspect=1.1, **options),
            box, self.rules.regression, low=0.6,
        )  # fmt: skip
        return fit_ridge(self.features(frame, boxes).float().cpu(), boxes, box, self.rules.ridge)

    def _keep_samples(self, frame, size):
        box, rules = self.box, self.rules
        options = {"smallest": rules.smallest, "generator": self._generator}
        near = self._positives_around(box, size, rules.positives)
        far = by_overlap(
            lambda n: uniform(box, n, size, shift=2.0, growth=rules.positive_growth, **options),
            box, rules.negatives, high=0.3,
        )  # fmt: skip
        features = self.features(frame, torch.cat([near, far]))
        self._positives.append(features[: len(near)])
        self._negatives.append(features[len(near) :])

    def _train(self, positives, negatives, steps, lr):
        train_head(self._net, positives, negatives, steps, lr, self.rules, hard=self.hard, generator=self._generator)

    @contextmanager
    def _repeatable(self):
        """New branches and dropout draw from torch's own generators: seed them, and put them back afterwards."""
        with torch.random.fork_rng():
            torch.manual_seed(self.seed * 100_003 + self._number)
            yield


def which_update(accepted, number, every=10):
    """Which samples to learn from after frame `number`: "short" on failure, "long" every so often, "" otherwise."""
    if not accepted:
        return "short"
    return "long" if number % every == 0 else ""


def hardest(scores, number):
    """Hard minibatch mining: the `number` negatives that look most like a target.

    Args:
        scores: (N, 2), of background samples.
    Returns:
        (number,) long, their rows.
    """
    return scores[:, TARGET].topk(min(number, len(scores))).indices


@torch.enable_grad()
def train_head(network, positives, negatives, steps, lr, rules=MATLAB, *, hard=True, generator=None):
    """Train fc4, fc5 and branch 0 on features of conv3, in place, by SGD; left in evaluation mode.

    Args:
        network: MDNet. positives: (N, D). negatives: (M, D). steps, lr: how long, how fast.
        rules: whose batch, branch, bias and clip_norm are used.
        hard: learn from the hardest of many negatives; otherwise from random ones.
        generator: of the order of samples.
    """
    take, hard_ones, pool = rules.batch
    optimizer = torch.optim.SGD(_groups(network, lr, rules), lr=lr, momentum=0.9, weight_decay=5e-4)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    near = _endless(len(positives), take, generator)
    far = _endless(len(negatives), pool if hard else hard_ones, generator)
    labels = torch.tensor([TARGET] * take + [1 - TARGET] * hard_ones, device=positives.device)
    for _ in range(steps):
        background = negatives[next(far).to(negatives.device)]
        if hard:
            with torch.no_grad():
                background = background[hardest(network.eval().head(background), hard_ones)]
        batch = torch.cat([positives[next(near).to(positives.device)], background])
        loss = cross_entropy(network.train().head(batch), labels[: len(batch)])
        optimizer.zero_grad()
        loss.backward()
        if rules.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, rules.clip_norm)
        optimizer.step()
    network.eval()


def _groups(network, lr, rules):
    """Parameters with their learning rates; torch's optimizers take one rate per group."""
    return [
        {"params": [parameter], "lr": lr * fast * (rules.bias if parameter.ndim == 1 else 1.0)}
        for layer, fast in ((network.fc4, 1.0), (network.fc5, 1.0), (network.branches[0], rules.branch))
        for parameter in layer.parameters()
    ]


def _endless(number, size, generator):
    """Rows in an order that goes through all of them again and again, `size` at a time."""
    order = torch.empty(0, dtype=torch.long)
    while True:
        while len(order) < size:
            order = torch.cat([order, torch.randperm(number, generator=generator)])
        yield order[:size]
        order = order[size:]
