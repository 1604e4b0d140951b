"""From a network that scores the next word to a sentence: greedily, by beam search, or with two networks together.

A decoder has two methods: `start(inputs)` reads the picture or the video and returns its state, a nest of tuples whose
tensors have the batch on axis 1, as those of `nn.LSTM`; `step(words, state)` takes the last words (B,) and returns the
scores of the next ones (B, V) and the new state.
"""

import torch
from torch import nn

from course_lib.errors import ShapeError


@torch.no_grad()
def greedy(decoder, inputs, longest, *, begin=0, end=0):
    """The likeliest word, again and again.

    Args:
        decoder: see the top of this file. inputs: what its `start` takes.
        longest: words per sentence at most.
        begin: id of the word that the decoder is given first. end: id that ends a sentence; None for a fixed length.
    Returns:
        (B, longest) long; after its end a sentence is filled with `end`.
    """
    state = decoder.start(inputs)
    words = torch.full((_batch(state),), begin, device=_first(state).device)
    done, sentences = torch.zeros_like(words, dtype=torch.bool), []
    for _ in range(longest):
        scores, state = decoder.step(words, state)
        words = scores.argmax(dim=1)
        if end is not None:
            words = words.masked_fill(done, end)
            done = done | (words == end)
        sentences.append(words)
    return torch.stack(sentences, dim=1)


@torch.no_grad()
def beam_search(decoder, inputs, longest, *, width=3, begin=0, end=0):
    """The likeliest sentences, found by keeping the `width` best beginnings after every word.

    Args:
        decoder, longest, begin, end: as for `greedy`.
        inputs: for a single picture or video (batch of one).
    Returns:
        list of (log probability, list of word ids without `end`), best first, at most `width` of them. Sentences that
        reached `longest` without an end are among them.
    Raises:
        ShapeError: if there is more than one video.
    """
    state = decoder.start(inputs)
    if _batch(state) != 1:
        raise ShapeError(f"beam_search takes one video at a time, {_batch(state)} came: call it in a loop.")
    beams, finished = [(0.0, [])], []
    words = torch.full((1,), begin, device=_first(state).device)
    for _ in range(longest):
        scores, state = decoder.step(words, state)
        logs = torch.tensor([log for log, _ in beams], device=scores.device)[:, None] + scores.log_softmax(dim=1)
        best = logs.flatten().topk(min(width, logs.numel()))
        places = [divmod(place, logs.shape[1]) for place in best.indices.tolist()]
        ranked = [(log, row, word) for log, (row, word) in zip(best.values.tolist(), places, strict=True)]
        finished += [(log, beams[row][1]) for log, row, word in ranked if word == end]
        going = [(log, row, word) for log, row, word in ranked if word != end]
        beams = [(log, [*beams[row][1], word]) for log, row, word in going]
        finished = sorted(finished, key=lambda sentence: -sentence[0])[:width]
        if not beams or (len(finished) == width and finished[-1][0] >= beams[0][0]):
            beams = []
            break
        words = torch.tensor([word for *_, word in going], device=scores.device)
        state = _rows(state, torch.tensor([row for _, row, _ in going], device=scores.device))
    return sorted(finished + beams, key=lambda sentence: -sentence[0])[:width]


class Together(nn.Module):
    """Two decoders that agree on every word: p = weight * p_first + (1 - weight) * p_second.

    So S2VT joins RGB and flow (Section 3.3 there): both networks are trained alone, and both read the same words.

    Args:
        first, second: decoders. weight: of the first one, 0..1; chosen on a validation set.
    """

    def __init__(self, first, second, weight=0.5):
        super().__init__()
        self.first, self.second, self.weight = first, second, weight

    def start(self, inputs):
        """inputs: a pair, one for each decoder."""
        return self.first.start(inputs[0]), self.second.start(inputs[1])

    def step(self, words, state):
        """Log of the joint probabilities (B, V), and the new state."""
        one, first = self.first.step(words, state[0])
        two, second = self.second.step(words, state[1])
        together = self.weight * one.softmax(dim=1) + (1 - self.weight) * two.softmax(dim=1)
        return together.clamp(min=1e-30).log(), (first, second)


def _first(state):
    while not isinstance(state, torch.Tensor):
        state = state[0]
    return state


def _batch(state):
    return _first(state).shape[1]


def _rows(state, rows):
    if isinstance(state, torch.Tensor):
        return state[:, rows]
    return tuple(_rows(part, rows) for part in state)
