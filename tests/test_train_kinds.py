"""`fit` takes what the lectures need: captions, pairs, triplets, several losses, sets of points, trackers.

Each test trains a small network on a made-up task of its kind and measures the task, not the loss.
"""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, interpolate, pad, triplet_margin_loss
from torch.nn.utils.rnn import pack_sequence

from course_lib.ops.batches import minibatches
from course_lib.train import fit


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class Speller(nn.Module):
    """An LSTM that reads what was said so far, beginning with 0, and tells the next word."""

    def __init__(self, words):
        super().__init__()
        self.embed, self.lstm, self.head = nn.Embedding(words, 16), nn.LSTM(16, 32), nn.Linear(32, words)

    def forward(self, captions):
        """Mean cross-entropy of the next words: a list of (L,) long, of different lengths."""
        said = pack_sequence([pad(caption[:-1], (1, 0)) for caption in captions], enforce_sorted=False)
        next_words = pack_sequence(captions, enforce_sorted=False).data
        hidden = self.lstm(said._replace(data=self.embed(said.data)))[0].data
        return cross_entropy(self.head(hidden), next_words)


def test_captions_of_different_lengths():
    captions = [torch.arange(1, 2 + n % 5) for n in range(20)]  # each says 1 2 3 ... and stops somewhere
    speller = Speller(words=6)
    fit(speller, minibatches(captions, 5), 60, lr=1e-2, loss=lambda network, batch: network(batch))
    with torch.no_grad():
        assert speller([torch.arange(1, 6)]) < 0.2 < 5 * speller([torch.tensor([1, 5, 3])])


def test_several_inputs_by_name():
    """Two streams that see half of the answer each."""
    picture, motion = torch.randn(64, 4, generator=generator(0)), torch.randn(64, 4, generator=generator(1))
    data = {"picture": picture, "motion": motion, "label": (picture[:, 0] + motion[:, 0] > 0).long()}
    streams = nn.ModuleDict({"picture": nn.Linear(4, 2), "motion": nn.Linear(4, 2)})

    def both(network, batch):
        return sum(stream(batch[name]) for name, stream in network.items())

    def loss(network, batch):
        return cross_entropy(both(network, batch), batch["label"])

    fit(streams, minibatches(data, 16), 100, lr=5e-2, loss=loss)
    assert (both(streams, data).argmax(1) == data["label"]).float().mean() > 0.95


def test_pairs_of_one_network():
    """A Siamese network: near for the same class, at least 1 apart for others (contrastive loss)."""
    centres = torch.eye(4)

    def pairs(step):
        g = generator(step)
        left, right = torch.randint(4, (2, 32), generator=g)
        noise = torch.randn(2, 32, 4, generator=g) / 5
        return centres[left] + noise[0], centres[right] + noise[1], left == right

    def loss(network, batch):
        left, right, same = batch
        distance = (network(left) - network(right)).norm(dim=1)
        return torch.where(same, distance**2, (1 - distance).clamp(min=0) ** 2).mean()

    network = nn.Linear(4, 2)
    fit(network, pairs, 150, lr=2e-2, loss=loss)
    left, right, same = pairs(10_000)
    distance = (network(left) - network(right)).norm(dim=1)
    assert distance[same].mean() < 0.5 * distance[~same].mean()


def test_triplets():
    def triplets(step):
        g = generator(step)
        kind, noise = torch.randint(2, (32,), generator=g), torch.randn(3, 32, 6, generator=g)
        for row, sign in enumerate((kind, kind, 1 - kind)):
            noise[row, :, 0] = 1.0 * sign  # only the first number tells the two kinds apart
        return {"anchor": noise[0], "positive": noise[1], "negative": noise[2]}

    def loss(network, batch):
        return triplet_margin_loss(*(network(batch[name]) for name in ("anchor", "positive", "negative")))

    network = nn.Linear(6, 2)
    fit(network, triplets, 150, lr=2e-2, loss=loss)
    anchor, positive, negative = (network(part) for part in triplets(10_000).values())
    assert ((anchor - positive).norm(dim=1) < (anchor - negative).norm(dim=1)).float().mean() > 0.95


class Coarse(nn.Module):
    """Predicts a field at two scales, as FlowNet does at five."""

    def __init__(self):
        super().__init__()
        self.coarse, self.fine = nn.Conv2d(2, 2, 2, stride=2), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        coarse = self.coarse(x)
        return coarse, self.fine(torch.cat([x, interpolate(coarse, scale_factor=2)], 1))


def test_losses_at_several_scales():
    fields = torch.randn(32, 2, 8, 8, generator=generator(0))

    def loss(network, flow):
        coarse, fine = network(flow)
        small = interpolate(flow, size=coarse.shape[2:], mode="area")
        return 0.5 * (coarse - small).norm(dim=1).mean() + (fine - flow).norm(dim=1).mean()

    network = Coarse()
    fit(network, minibatches(fields, 8), 300, lr=3e-2, loss=loss)
    assert loss(network, fields) < 0.1


def test_sets_of_points_of_different_sizes():
    """A Chamfer loss: twelve points move onto a circle from which every cloud shows another part."""
    clouds = []
    for number in range(16):
        angle = 6.2832 * torch.rand(20 + number, generator=generator(number))
        clouds.append(torch.stack([angle.cos(), angle.sin()], 1))

    class Points(nn.Module):
        def __init__(self):
            super().__init__()
            self.points = nn.Parameter(torch.randn(12, 2) / 4)

    def loss(network, batch):
        distances = [torch.cdist(network.points, cloud) for cloud in batch]
        return sum(d.amin(0).mean() + d.amin(1).mean() for d in distances) / len(batch)

    network = Points()
    fit(network, minibatches(clouds, 4), 150, lr=3e-2, loss=loss)
    assert (network.points.norm(dim=1) - 1).abs().max() < 0.15


def test_one_template_searched_in_many_places():
    """A Siamese tracker: features are trained by where the template's best answer should be."""
    signs = torch.randn(5, 6, generator=generator(0))

    def searches(step):
        g = generator(step)
        which, place = torch.randint(5, (16,), generator=g), torch.randint(9, (16,), generator=g)
        search = torch.randn(16, 9, 6, generator=g)
        search[torch.arange(16), place] = signs[which] + torch.randn(16, 6, generator=g) / 3
        return {"template": signs[which], "search": search, "place": place, "step": step}

    def answers(network, batch):
        return (network(batch["search"]) @ network(batch["template"]).unsqueeze(2)).squeeze(2)  # (B, places)

    def loss(network, batch):
        return cross_entropy(answers(network, batch), batch["place"])

    network = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 8))
    fit(network, searches, 150, lr=1e-2, loss=loss, clip_norm=5.0)
    batch = searches(10_000)
    assert (answers(network, batch).argmax(1) == batch["place"]).float().mean() > 0.8
