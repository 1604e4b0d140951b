"""The linear support vector machine as what it minimises.

Scikit-learn's `LinearSVC` minimises the same sum (and, with its default settings, counts the biases among the weights
that are kept small) with a solver made for it; see R.-E. Fan et al., "LIBLINEAR", JMLR 9, 2008.
"""

import torch

from course_lib.errors import ShapeError, check_shape


def svm_objective(weight, bias, features, labels, strength=1.0):
    """Squared hinge loss of K classifiers, one class against the rest each, plus half the squared weights.

    Args:
        weight: (K, D). bias: (K,).
        features: (N, D). labels: (N,) long, 0 to K - 1.
        strength: how much the examples count against the weights (C in the literature), above 0.
    Returns:
        Scalar tensor: 1/2 sum w^2 + strength * sum over n and k of max(0, 1 - y (w_k x_n + b_k))^2, with y = 1 where
        k is the label of n and y = -1 elsewhere.
    Raises:
        ShapeError: if the shapes do not fit together.
    """
    classes, width = check_shape(weight, "K D", "weight").values()
    number = check_shape(features, f"N {width}", "features")["N"]
    check_shape(bias, f"{classes}", "bias")
    check_shape(labels, f"{number}", "labels")
    if labels.max() >= classes or labels.min() < 0:
        raise ShapeError(f"labels go from {labels.min()} to {labels.max()}, expected 0 to {classes - 1} as weight has.")
    scores = features @ weight.T + bias  # (N, K)
    sign = torch.full_like(scores, -1.0)
    sign[torch.arange(number), labels] = 1.0
    violation = (1 - sign * scores).clamp(min=0)
    return weight.square().sum() / 2 + strength * violation.square().sum()
