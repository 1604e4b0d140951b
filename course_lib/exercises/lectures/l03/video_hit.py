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
PER_VIDEO = f"torch.stack([{CLIP_HITS}[videos == video].float().mean() for video in range(len(labels))])"


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
    """Whether the k best of every video are the k best by more than rounding: very sure clips give ties of 0.5."""
    probabilities = scores.double().softmax(1)
    means = torch.stack([probabilities[videos == video].mean(0) for video in range(len(labels))])
    best = means.topk(k + 1).values
    return bool((best[:, k - 1] - best[:, k] > 1e-5).all())


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
            "this averages scores before the softmax; the paper averages predictions, so take the softmax first",
            {".softmax(dim=1)": ""},
        ),
        edit("a video counts here as soon as one clip is right: average the clips first", {HITS: f"{PER_VIDEO} > 0"}),
        edit("this lets the clips vote: average their probabilities instead", {HITS: f"{PER_VIDEO} > 0.5"}),
        edit("this averages the hits of the clips: average the probabilities, then ask for a hit", {HITS: PER_VIDEO}),
        edit("this takes the strongest clip for each class: the mean is asked for", {".mean(0)": ".amax(0)"}),
        edit("this looks at one clip of each video only", {".mean(0)": "[0]"}),
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
