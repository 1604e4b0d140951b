"""Sentences as numbers: what a decoder is given and what it should say, and how close a sentence came."""

import importlib

import torch

from course_lib.errors import CourseError, ShapeError

END = 0  # ends a sentence, and is the first word that a decoder is given
IGNORED = -1  # a target that does not count


def teacher_forcing(sentences, begin=END, end=END):
    """Inputs and targets for training with the true words.

    The decoder is given `begin` and the sentence, and should say the sentence and `end`: the targets are the inputs,
    one step on. Short sentences are filled up: inputs with `end`, targets with `IGNORED`.

    Args:
        sentences: list of lists of word ids, of different lengths.
    Returns:
        inputs and targets, each (B, longest + 1) long.
    Raises:
        ShapeError: if there is no sentence.
    """
    if not sentences:
        raise ShapeError("there are no sentences: expected at least one list of word ids")
    length = max(map(len, sentences)) + 1
    inputs = torch.full((len(sentences), length), end)
    targets = torch.full((len(sentences), length), IGNORED)
    for row, words in enumerate(sentences):
        words = torch.as_tensor(words, dtype=torch.long)
        inputs[row, 0] = begin
        inputs[row, 1 : len(words) + 1] = words
        targets[row, : len(words)] = words
        targets[row, len(words)] = end
    return inputs, targets


def caption_loss(scores, targets):
    """Mean cross-entropy of the words that count: scores (B, L, V), targets (B, L) with `IGNORED` -> scalar."""
    return torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def word_loss(network, batch):
    """Teacher forcing for `fit(loss=...)`: `caption_loss` of the next words.

    Args:
        network: function (features, inputs) -> scores (B, L, V).
        batch: (features, inputs, targets), the last two as from `teacher_forcing`.
    """
    features, inputs, targets = batch
    return caption_loss(network(features, inputs), targets)


def until_end(words, end=END):
    """A row of word ids as a list, up to its end: (L,) -> list of ints."""
    words = words.tolist()
    return words[: words.index(end)] if end in words else words


def bleu(sentences, references):
    """BLEU-4 of a whole set of captions, by sacrebleu.

    Args:
        sentences: N texts. references: N lists of texts, the same number of references for each.
    Returns:
        float, 0..100.
    Raises:
        CourseError: if sacrebleu is not installed.
        ShapeError: if the numbers differ.
    """
    try:
        sacrebleu = importlib.import_module("sacrebleu")
    except ImportError as error:
        raise CourseError(
            "BLEU is computed by the package sacrebleu, which is not installed. Install it with: pip install sacrebleu"
        ) from error
    if len(sentences) != len(references) or len({len(texts) for texts in references}) != 1:
        raise ShapeError(f"{len(sentences)} sentences, {len(references)} references: expected equally many for each")
    return float(sacrebleu.corpus_bleu(list(sentences), [list(texts) for texts in zip(*references, strict=True)]).score)


def share_right(said, true, kind=None):
    """Share of sentences whose words of one kind are all right, in their order.

    Args:
        said, true: equally many lists of word ids.
        kind: the ids that count; None for all.
    Returns:
        float, 0..1.
    Raises:
        ShapeError: if the numbers of sentences differ, or there are none.
    """
    if len(said) != len(true) or not true:
        raise ShapeError(f"{len(said)} sentences were said, {len(true)} are true: expected equally many, at least one")
    chosen = [
        [[word for word in words if kind is None or word in kind] for words in pair]
        for pair in zip(said, true, strict=True)
    ]
    return sum(mine == theirs for mine, theirs in chosen) / len(true)
