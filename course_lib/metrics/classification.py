"""How often is the right class among the first?"""

from course_lib.errors import ShapeError, check_shape


def accuracy(scores, labels):
    """Share of rows whose highest score is at the label.

    Args:
        scores: (B, K), logits or probabilities.
        labels: (B,) long, 0 to K - 1.
    Returns:
        float in 0..1.
    Raises:
        ShapeError: if the two do not share B, or B is 0.
    """
    return hit_at(scores, labels, k=1)


def hit_at(scores, labels, k=1):
    """Hit@k: share of rows whose label is among the k highest scores.

    Args:
        scores: (B, K), logits or probabilities.
        labels: (B,) long, 0 to K - 1.
        k: 1 to K.
    Returns:
        float in 0..1.
    Raises:
        ShapeError: if scores and labels do not share B, B is 0, or k is not in 1..K.
    """
    sizes = check_shape(scores, "B K", "scores")
    check_shape(labels, "B", "labels")
    if labels.shape[0] != sizes["B"] or sizes["B"] == 0:
        raise ShapeError(f"scores has {sizes['B']} rows, labels {labels.shape[0]}: both need the same B, at least 1.")
    if not 1 <= k <= sizes["K"]:
        raise ShapeError(f"k is {k}, expected 1 to {sizes['K']}, the number of classes.")
    top = scores.topk(k, dim=1).indices  # (B, k)
    return (top == labels.to(top.device)[:, None]).any(dim=1).float().mean().item()
