"""07.5: the two halves of a Fisher vector."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import fisher

SOLUTION = """
import torch


def fisher_gradients(x, gamma, weights, means, deviations):
    z = (x[:, None] - means) / deviations  # (N, K, D)
    share = gamma[..., None]  # (N, K, 1)
    scale = len(x) * weights[:, None].sqrt()  # (K, 1)
    toward = (share * z).sum(0) / scale
    wider = (share * (z**2 - 1)).sum(0) / (2**0.5 * scale)
    return toward, wider
"""

Z, SCALE = "(x[:, None] - means) / deviations", "len(x) * weights[:, None].sqrt()"
TOWARD, WIDER = "(share * z).sum(0) / scale", "(share * (z**2 - 1)).sum(0) / (2**0.5 * scale)"


def _cases(generator):
    def case(label, number, words, size):
        weights = (0.3 + torch.rand(words, generator=generator)).softmax(0)
        means = torch.randn(words, size, generator=generator)
        deviations = 0.5 + 1.5 * torch.rand(words, size, generator=generator)
        x = 2 * torch.randn(number, size, generator=generator)
        return Case(label, (x, fisher.posteriors(x, weights, means, deviations), weights, means, deviations))

    one = torch.tensor([[3.0], [-1.0]]), torch.ones(2, 1), torch.ones(1), torch.zeros(1, 1), torch.full((1, 1), 2.0)
    return [
        Case("by hand: 3 and -1, one Gaussian with mean 0 and deviation 2", one),
        case("9 descriptors of 4 numbers, 3 Gaussians", 9, 3, 4),
        case("5 descriptors of 2 numbers, 6 Gaussians", 5, 6, 2),
        case("a single descriptor", 1, 2, 3),
    ]


fisher_gradients = exercise(
    "07.5",
    "The two halves of a Fisher vector",
    points=3,
    solution=SOLUTION,
    same_as=fisher.fisher_gradients,
    cases=_cases,
    forbidden=("course_lib.ops.fisher.fisher_vector",),
    mistakes=(
        edit("the deviations are missing: z counts in deviations, (x - mu) / sigma", {Z: "x[:, None] - means"}),
        edit("z divides by sigma, not by its square", {"/ deviations": "/ deviations**2"}),
        edit("the sign is turned: how far is x from the mean, x - mu", {"x[:, None] - means": "means - x[:, None]"}),
        edit("the posteriors are missing: each descriptor counts for a Gaussian by its share",
             {"share * z": "z", "share * (z**2 - 1)": "(z**2 - 1)"}),
        edit("these are sums: divide by N, or a long video looks unlike a short one",
             {"len(x) * weights": "weights"}),
        edit("the root of pi is missing below the means", {TOWARD: "(share * z).sum(0) / len(x)"}),
        edit("divide by the square root of pi, not by pi", {".sqrt()": ""}),
        edit("this multiplies by the root of pi: divide by it",
             {SCALE: "len(x) / weights[:, None].sqrt()"}),
        edit("the -1 is missing: where descriptors spread just as sigma says, the second half is 0",
             {"z**2 - 1": "z**2"}),
        edit("the root of 2 is missing below the deviations", {"(2**0.5 * scale)": "scale"}),
        edit("it is the root of 2 pi: 2 was taken without the root", {"2**0.5 * scale": "2 * scale"}),
        edit("the root of 2 stands below both, and belongs to the deviations alone",
             {"(share * z).sum(0) / scale": "(share * z).sum(0) / (2**0.5 * scale)"}),
        edit("the second half takes the square of z, minus 1", {"z**2 - 1": "z - 1"}),
        edit("the second half takes the square of z, not its absolute value", {"z**2 - 1": "z.abs() - 1"}),
        edit("the order is (means, deviations)", {"return toward, wider": "return wider, toward"}),
        edit("this is only the half of the means: return both", {"return toward, wider": "return toward"}),
        edit("the two halves stand in one tensor: return a pair",
             {"return toward, wider": "return torch.cat([toward, wider])"}),
        edit("this divides by what belongs to the Gaussian, sum of gamma: Eq. 2 divides by N and the root of pi",
             {"/ scale": "/ gamma.sum(0)[:, None]", "(2**0.5 * scale)": "(2**0.5 * gamma.sum(0)[:, None])"}),
        edit("each descriptor went to its best Gaussian alone: take shares",
             {"gamma[..., None]": "torch.nn.functional.one_hot(gamma.argmax(1), gamma.shape[1])[..., None]"}),
        edit("the -1 is outside the sum: it is weighted by the posteriors like the square",
             {"(share * (z**2 - 1)).sum(0)": "((share * z**2).sum(0) - 1)"}),
        edit("these are the power-normalised values already: that comes after, on the whole vector",
             {"return toward, wider": "return toward.sign() * toward.abs().sqrt(), "
                                      "wider.sign() * wider.abs().sqrt()"}),
        edit("the posteriors are missing in the second half: it is a weighted sum like the first",
             {"share * (z**2 - 1)": "(z**2 - 1)"}),
        edit("the posteriors are missing in the first half: it is a weighted sum like the second",
             {TOWARD: "z.sum(0) / scale"}),
        edit("deviations are sigma, not its square: take no root of them", {"/ deviations": "/ deviations.sqrt()"}),
        edit("this divides by the sum of gamma: Eq. 2 divides by N",
             {SCALE: "gamma.sum(0)[:, None] * weights[:, None].sqrt()"}),
        edit("in the second half, pi is to stand under the root, together with the 2",
             {"(2**0.5 * scale)": "(len(x) * 2**0.5 * weights[:, None])"}),
        edit("N stands outside the root: only pi is under it", {SCALE: "(len(x) * weights[:, None]).sqrt()"}),
        edit("pi_k is the weight of Gaussian k, `weights`, not the number 3.14", {SCALE: "len(x) * 3.14159265**0.5"}),
        edit("z squared, then minus 1: here 1 was subtracted before squaring", {"z**2 - 1": "(z - 1)**2"}),
        edit("the second half forgot sigma: z is (x - mu) / sigma there, too",
             {"share * (z**2 - 1)": "share * ((x[:, None] - means)**2 - 1)"}),
        edit("N is the number of descriptors, len(x); here is the number of their dimensions, D",
             {"len(x)": "x.shape[1]"}),
        edit("N is the number of descriptors, len(x); here is the number of Gaussians, K", {"len(x)": "len(weights)"}),
        edit("this divides by N twice: a mean over descriptors has it already", {".sum(0)": ".mean(0)"}),
        edit("this has length 1 already: that comes after, on the whole vector", {
            "return toward, wider":
                "length = torch.cat([toward, wider]).norm()\n    return toward / length, wider / length"}),
        edit("these are roots, and the signs are gone: Eq. 2 has neither, and the power norm comes after",
             {"return toward, wider": "return toward.abs().sqrt(), wider.abs().sqrt()"}),
        edit("brackets: x - mu comes first, then the division by sigma", {Z: "x[:, None] - means / deviations"}),
        edit("the first half is divided by sigma twice: z has it already", {TOWARD: TOWARD + " / deviations"}),
        edit("only z is squared: the posterior stays outside of the square and of the -1",
             {"share * (z**2 - 1)": "(share * z)**2 - 1"}),
        edit("the second half has the wrong sign: z squared minus 1, large where descriptors spread widely",
             {"z**2 - 1": "1 - z**2"}),
        edit("the root of 2 pi stands below the second half: here the root of 2 stands above it",
             {"(2**0.5 * scale)": "(0.5**0.5 * scale)"}),
        edit("the root of pi is missing below the deviations",
             {WIDER: "(share * (z**2 - 1)).sum(0) / (2**0.5 * len(x))"}),
        edit("this multiplies by sigma: z divides by it", {"/ deviations": "* deviations"}),
        edit("the posteriors of a Gaussian were made to add up to 1: Eq. 2 takes them as they are",
             {"gamma[..., None]": "(gamma / gamma.sum(0))[..., None]"}),
        edit("divide by the square root of pi, not by its square", {".sqrt()": "**2"}),
    ),
    hints=(
        "For every descriptor, Gaussian and dimension: how many deviations is it from the mean? The first half adds "
        "this up, weighted by the posteriors; the second adds up its square minus 1.",
        "`x[:, None] - means` is (N, K, D). Posteriors (N, K) get a last axis with `gamma[..., None]`, weights (K,) "
        "with `weights[:, None]`. Sum over axis 0.",
        "`z = (x[:, None] - means) / ____`; `toward = (gamma[..., None] * z).sum(0) / (len(x) * weights[:, None].sqrt"
        "())`; for `wider`, put `z**2 - ____` in place of `z` and `(____ * weights[:, None]).sqrt()` below.",
    ),
)
