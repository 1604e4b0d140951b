"""Weights before training."""

from torch import nn


def he(module):
    """He's initial weights (2015) for layers that a ReLU follows; zero biases. For `network.apply(he)`."""
    if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
