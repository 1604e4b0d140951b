"""What several networks share."""

import torch
from torch import nn

from course_lib.models.layers import classifier, he, start_small


def test_he_keeps_the_size_of_what_goes_through_ten_layers():
    torch.manual_seed(0)
    layers = nn.Sequential(*(nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(10)))
    x = torch.randn(64, 256)
    plain = layers(x).pow(2).mean()
    rest = layers.apply(he)(x).pow(2).mean()
    assert 0.3 < rest / 0.5 < 3 and plain < 0.1 * rest  # half of a normal number's square is left by a ReLU
    assert all((layer[0].bias == 0).all() for layer in layers)


def test_a_small_start_says_i_do_not_know():
    torch.manual_seed(0)
    last = nn.Linear(256, 10)
    nn.init.ones_(last.bias)
    start_small(last)
    assert last(torch.randn(64, 256)).softmax(1).max() < 0.2 and (last.bias == 0).all()


def test_classifier_is_three_layers_with_dropout_after_two():
    torch.manual_seed(0)
    head = classifier(6, 8, 3, dropout=0.5)
    assert [layer.weight.shape for layer in head if isinstance(layer, nn.Linear)] == [(8, 6), (8, 8), (3, 8)]
    x = torch.randn(4, 6)
    assert head(x).shape == (4, 3) and not torch.equal(head(x), head(x))
    assert torch.equal(head.eval()(x), head(x))
