"""03.4: hit@k, from clips to videos."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def video_hit(scores, videos, labels, k):
    probabilities = scores.softmax(dim=1)
    means = torch.stack([probabilities[videos == video].mean(0) for video in range(len(labels))])
    hits = (means.topk(k, dim=1).indices == labels[:, None]).any(dim=1)
    return hits.float().mean().item()
"""

HITS = "(means.topk(k, dim=1).indices == labels[:, None]).any(dim=1)"
CLIP_HITS = "(scores.topk(k, dim=1).indices == labels[videos][:, None]).any(dim=1)"
OF_VIDEO, EACH = "[videos == video]", "video in range(len(labels))"
PER_VIDEO = f"torch.stack([{CLIP_HITS}{OF_VIDEO}.float().mean() for {EACH}])"
VOTES = "this lets the clips vote, each for its best class: average their probabilities instead"


def _cases(generator):
    def case(label, *sizes):
        args = draw(*sizes)
        while not _clear(*args):
            args = draw(*sizes)
        return Case(label, args)

    def draw(clips_of, classes, k):
        videos = torch.arange(len(clips_of)).repeat_interleave(torch.tensor(clips_of))
        videos = videos[torch.randperm(len(videos), generator=generator)]
        labels = torch.randint(classes, (len(clips_of),), generator=generator)
        scores = 3 * torch.randn(len(videos), classes, generator=generator)
        helped = torch.rand(len(videos), generator=generator) < 0.45  # some clips see the class, and one is very sure
        scores[helped, labels[videos[helped]]] += 4
        scores *= torch.where(torch.rand(len(videos), 1, generator=generator) < 0.3, 4.0, 1.0)
        return scores, videos, labels, k

    return [
        case("60 videos of 3 clips, 4 classes, hit@1", [3] * 60, 4, 1),
        case("80 videos of 2 to 6 clips, 6 classes, hit@1", [2 + i % 5 for i in range(80)], 6, 1),
        case("70 videos of 1 to 4 clips, 7 classes, hit@2", [1 + i % 4 for i in range(70)], 7, 2),
    ]


def _clear(scores, videos, labels, k):
    """Whether the k best of every video are so by more than rounding (very sure clips give ties of 0.5), and the first
    video is a hit, so that a count of it alone is not 0."""
    probabilities = scores.double().softmax(1)
    means = torch.stack([probabilities[videos == video].mean(0) for video in range(len(labels))])
    best = means.topk(k + 1)
    gaps = best.values[:, k - 1] - best.values[:, k]
    return bool((gaps > 1e-5).all()) and int(labels[0]) in best.indices[0, :k].tolist()


video_hit = exercise(
    "03.4",
    "hit@k, from clips to videos",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("k is ignored: this is hit@1", {"topk(k": "topk(1"}),
        edit(
            "only the k-th best class counts here: a hit may be any of the k best",
            {".indices == labels[:, None]).any(dim=1)": ".indices[:, -1] == labels)"},
        ),
        edit("one hit among the k best is enough: take .any over them, not .all", {".any": ".all"}),
        edit(
            "this divides by k as well: a video is a hit once, or not at all; take .any over the k best first",
            {".any(dim=1)": ""},
        ),
        edit(
            "this is clip hit@k: average the clips of a video before you look for the best classes", {HITS: CLIP_HITS}
        ),
        edit(
            "this averages scores, or their logarithms, which rank alike: take the softmax of each clip first, "
            "then the "
            "mean of these probabilities",
            {".softmax(dim=1)": ""},
        ),
        edit("a video counts here as soon as one clip is right: average the clips first", {HITS: f"{PER_VIDEO} > 0"}),
        edit(VOTES, {HITS: f"{PER_VIDEO} > 0.5"}),
        edit("this averages the hits of the clips: average the probabilities, then ask for a hit", {HITS: PER_VIDEO}),
        edit("this takes the strongest clip for each class: the mean is asked for", {".mean(0)": ".amax(0)"}),
        edit("this looks at one clip of each video only", {".mean(0)": "[0]"}),
        edit(
            "a video counts here only if all its clips are right: average the clips first", {HITS: f"{PER_VIDEO} == 1"}
        ),
        edit(
            "range(labels.max() + 1) counts the classes: the videos are range(len(labels))",
            {"hits.float().mean().item()": "hits[: int(labels.max()) + 1].sum().item() / len(labels)"},
        ),
        edit(VOTES, {"scores.softmax(dim=1)": "torch.eye(scores.shape[1])[scores.argmax(1)]"}),
        edit(VOTES, {HITS: f"torch.stack([scores.argmax(1){OF_VIDEO}.mode()[0] for {EACH}]) == labels"}),
        edit(
            "the softmax runs over the clips of a video: the probabilities of one clip sum to 1 over the classes, "
            "axis 1",
            {f"probabilities{OF_VIDEO}": f"scores{OF_VIDEO}.softmax(0)"},
        ),
        edit(
            "the exponentials are divided by the sum over all clips: each clip has a sum of its own, over its classes",
            {"scores.softmax(dim=1)": "scores.exp() / scores.exp().sum()"},
        ),
        edit(
            "a sigmoid asks each class by itself: the probabilities of a clip are to sum to 1, a softmax over axis 1",
            {"softmax(dim=1)": "sigmoid()"},
        ),
        edit("this averages over the classes: a video's clips are the rows, axis 0", {".mean(0)": ".mean(1)"}),
        edit("this averages over clips and classes at once: over the clips only, axis 0", {".mean(0)": ".mean()"}),
        edit(".max(0) gives a pair, and the mean over the clips is asked for", {".mean(0)": ".max(0)"}),
        edit(
            "nothing is ever a hit: these are the probabilities of the best classes, compare their numbers, .indices",
            {".indices": ".values"},
        ),
        edit("topk gives a pair, values and indices: compare the .indices", {".indices": ""}),
        edit(
            "each row is compared with all labels: one label belongs to each video's row, labels[:, None]",
            {"labels[:, None]": "labels"},
        ),
        edit(
            "only the first video was looked at: return after the loop, not in it",
            {"hits.float().mean().item()": "int(hits[0]) / len(labels)"},
        ),
        edit(
            "the softmax runs over the clips: the probabilities of one clip sum to 1 over the classes, axis 1",
            {"softmax(dim=1)": "softmax(dim=0)"},
        ),
        edit(
            "the clips come in any order: `videos` says which clips belong to a video",
            {"videos == video": "videos.sort().values == video"},
        ),
        edit(
            "this is the share of videos that are missed: the share of hits is asked for",
            {"return hits": "return 1 - hits"},
        ),
        edit(
            "this divides by the number of clips: divide by the number of videos",
            {".mean().item()": ".sum().item() / len(videos)"},
        ),
        edit("this is the number of hits: divide by the number of videos", {".mean().item()": ".sum().item()"}),
        edit("these are percent: a share in 0..1 is asked for", {"return hits": "return 100 * hits"}),
        edit(
            "this misses the best class: the k best are those with the largest values, the first ones of topk",
            {"(k, dim=1)": "(k, dim=1, largest=False)"},
        ),
        edit("this keeps the last clip of each video only: average all of them", {".mean(0)": "[-1]"}),
    ),
    hints=(
        "Every clip gives probabilities for the classes. A video's are the mean of its clips'. Only then ask whether "
        "the right class is among the k best.",
        "`scores.softmax(dim=1)`, then `probabilities[videos == video].mean(0)` for every video, `torch.stack`, and "
        "`topk(k, dim=1).indices`.",
        "`hits = (means.topk(k, dim=1).indices == labels[:, None]).any(dim=____)`; return `hits.float().mean()`, with "
        "`means = torch.stack([____ for video in range(len(labels))])`.",
    ),
)
