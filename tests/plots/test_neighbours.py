import torch

from course_lib.plots.neighbours import neighbour_steps


def test_an_arrow_per_point_and_each_to_its_nearest():
    x, y = torch.tensor([[0.0, 0], [3, 0], [9, 1]]), torch.tensor([[1.0, 0], [8, 0]])
    _, axes = neighbour_steps(x, y, ("guess", "true"))
    arrows = [[(note.xyann, note.xy) for note in ax.texts] for ax in axes]
    assert [len(found) for found in arrows] == [0, 3, 2]
    assert [tuple(end) for _, end in arrows[1]] == [(1, 0), (1, 0), (8, 0)]
    assert [tuple(end) for _, end in arrows[2]] == [(0, 0), (9, 1)]
    assert axes[0].yaxis_inverted() and axes[1].get_title() == "1. from guess to true"
