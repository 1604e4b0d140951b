"""Eq. 1 and Eq. 2 as loops, vectorised and from the library: one meaning, three speeds."""

import pytest
import torch
import torch.nn.functional as F

from course_lib.errors import ShapeError
from course_lib.ops.convolution import conv2d_reference, conv3d, conv3d_reference, conv_output_size


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_conv2d_by_hand():
    image = torch.tensor([[[1.0, 2, 3], [4, 5, 6]]])
    kernel = torch.tensor([[[[1.0, 0], [0, -1]]]])  # 1 - 5 and 2 - 6: not flipped, else the sign would turn
    assert conv2d_reference(image, kernel, torch.tensor([10.0])).tolist() == [[[6.0, 6.0]]]


def test_conv2d_reference_equals_library():
    image, weight, bias = rand(3, 5, 7), rand(2, 3, 2, 3, seed=1), rand(2, seed=2)
    torch.testing.assert_close(conv2d_reference(image, weight, bias), F.conv2d(image[None], weight, bias)[0])


@pytest.mark.parametrize(
    "clip, weight",
    [((1, 3, 4, 5), (1, 1, 1, 1, 1)), ((2, 5, 6, 4), (3, 2, 3, 2, 1)), ((3, 4, 3, 6), (2, 3, 4, 3, 6))],
)
def test_reference_vectorised_and_library_agree(clip, weight):
    x, w, b = rand(*clip), rand(*weight, seed=1), rand(weight[0], seed=2)
    library = F.conv3d(x[None], w, b)[0]
    torch.testing.assert_close(conv3d_reference(x, w, b), library)
    torch.testing.assert_close(conv3d(x, w, b), library)
    torch.testing.assert_close(conv3d(x, w), F.conv3d(x[None], w)[0])


@pytest.mark.parametrize("stride", [1, 2, (2, 1, 3)])
@pytest.mark.parametrize("padding", [0, 1, (2, 0, 1)])
def test_vectorised_with_stride_and_padding(stride, padding):
    x, w, b = rand(2, 3, 7, 6, 8), rand(4, 3, 3, 2, 3, seed=1), rand(4, seed=2)
    torch.testing.assert_close(conv3d(x, w, b, stride, padding), F.conv3d(x, w, b, stride, padding))


def test_gradients():
    x, w, b = (t.requires_grad_() for t in (rand(1, 2, 4, 3, 4), rand(2, 2, 3, 2, 2, seed=1), rand(2, seed=2)))
    assert torch.autograd.gradcheck(lambda *a: conv3d(*a, (2, 1, 1), (1, 0, 1)), (x, w, b))


def test_loops_keep_dtype_and_input():
    x, w = rand(1, 3, 3, 3).float(), rand(1, 1, 2, 2, 2).float()
    before = x.clone()
    assert conv3d_reference(x, w).dtype == torch.float32
    assert torch.equal(x, before)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((16, 3), 14),
        ((16, 3, 2, 1), 8),
        ((15, 3, 2, 1), 8),
        ((16, 3, 1, 0, 2), 12),
        ((7, 7), 1),
        (((20, 64, 65), (3, 4, 5), (1, 4, 2), (1, 0, 2)), (20, 16, 33)),
        (((8, 9), 3), (6, 7)),
    ],
)
def test_output_size(arguments, expected):
    assert conv_output_size(*arguments) == expected


def test_output_size_is_what_the_library_makes():
    for size in range(5, 12):
        for kernel in (1, 2, 3, 5):
            for stride, padding, dilation in ((1, 0, 1), (2, 1, 1), (3, 2, 2)):
                span = dilation * (kernel - 1) + 1
                if size + 2 * padding >= span:
                    made = F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), None, stride, padding, dilation)
                    assert conv_output_size(size, kernel, stride, padding, dilation) == made.shape[-1]


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: conv_output_size(2, 3), "does not fit"),
        (lambda: conv_output_size((4, 4, 4), (3, 3)), "2 numbers"),
        (lambda: conv3d_reference(rand(2, 4, 4, 4), rand(5, 3, 2, 2, 2)), "expects 3 input channels, the input has 2"),
        (lambda: conv3d(rand(4, 4, 4), rand(1, 1, 2, 2, 2)), "clip has shape"),
        (lambda: conv3d(rand(1, 4, 4, 4), rand(2, 1, 2, 2, 2), rand(3)), "one number per output"),
        (lambda: conv3d(rand(1, 2, 4, 4), rand(2, 1, 3, 2, 2)), "longer clip"),
        (lambda: conv2d_reference(rand(1, 4, 4), rand(2, 1, 2, 2, 2)), "weight has shape"),
    ],
)
def test_errors_name_the_cause(call, says):
    with pytest.raises(ShapeError, match=says):
        call()


def test_senseless_settings():
    with pytest.raises(ValueError, match="stride 0"):
        conv_output_size(8, 3, 0)
    with pytest.raises(ValueError, match="padding -1"):
        conv_output_size(8, 3, 1, -1)
