"""What several papers' networks share: first weights, and the three fully connected layers at the end."""

from torch import nn


def he(module):
    """He's initial weights (2015) for layers that a ReLU follows; zero biases. For `network.apply(he)`."""
    if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def start_small(last):
    """Weights for a last layer, which no ReLU follows: small scores, which say "I do not know yet"; zero biases."""
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)


def classifier(features, hidden, num_classes, dropout):
    """Three fully connected layers: what the networks of 2012 to 2015 end with.

    Args:
        features: numbers that come in; hidden: units of the first two layers; num_classes: K.
        dropout: probability after each of the first two.
    Returns:
        nn.Sequential: (B, features) -> (B, K), class scores before the softmax.
    """
    return nn.Sequential(
        nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(hidden, num_classes),
    )  # fmt: skip
