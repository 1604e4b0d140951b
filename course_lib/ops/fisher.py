"""From a set of descriptors to one vector: Fisher vectors, and the bag of words beside them.

F. Perronnin, J. Sanchez, T. Mensink. Improving the Fisher kernel for large-scale image classification. ECCV 2010.
J. Sanchez, F. Perronnin, T. Mensink, J. Verbeek. Image classification with the Fisher vector. IJCV 2013.

A video has thousands of descriptors, another number in every video. The codebook, learnt once, is a mixture of K
Gaussians with weights pi_k, means mu_k and deviations sigma_k (one per dimension). A descriptor x belongs to Gaussian k
with the share (posterior) gamma_k(x). The bag of words only counts: how many descriptors are nearest to word k? The
Fisher vector says, for every Gaussian and every dimension, how far and how widely the descriptors lie around the mean:

    G_mu    = 1 / (N sqrt(pi_k))    sum_n gamma_k(x_n) (x_n - mu_k) / sigma_k
    G_sigma = 1 / (N sqrt(2 pi_k))  sum_n gamma_k(x_n) [(x_n - mu_k)^2 / sigma_k^2 - 1]

2 K D numbers. Then every number z becomes sign(z) sqrt|z| (power norm) and the vector gets length 1 (L2 norm).
"""

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

from course_lib.errors import CourseError, check_shape

COMPONENTS, WORDS = 64, 256  # D after PCA, K Gaussians: 2 K D = 32,768 numbers


@dataclass(frozen=True)
class Codebook:
    """PCA with whitening, and a mixture of Gaussians with diagonal covariance on what it leaves.

    center: (E,) mean of the descriptors. projection: (E, D) principal directions, divided by their deviations.
    weights: (K,) pi, sum 1. means, deviations: (K, D).
    """

    center: torch.Tensor
    projection: torch.Tensor
    weights: torch.Tensor
    means: torch.Tensor
    deviations: torch.Tensor

    def reduce(self, descriptors):
        """(N, E) -> (N, D): PCA, whitened."""
        check_shape(descriptors, f"N {len(self.center)}", "descriptors")
        return (descriptors - self.center) @ self.projection

    def posteriors(self, reduced):
        """gamma: how much of each descriptor belongs to which Gaussian, (N, D) -> (N, K), rows sum to 1."""
        return posteriors(reduced, self.weights, self.means, self.deviations)


def fit_codebook(descriptors, components=COMPONENTS, words=WORDS, *, seed=0, iterations=100):
    """Learn a codebook with scikit-learn from descriptors of many videos.

    Args:
        descriptors: (N, E). components: D. words: K. seed: of the mixture's first guess. iterations: at most, of EM.
    Returns:
        Codebook, on the CPU, float32.
    Raises:
        CourseError: if there are fewer descriptors than `components` or `words`.
    """
    import warnings

    from sklearn.decomposition import PCA
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    check_shape(descriptors, "N E", "descriptors")
    if len(descriptors) < max(components, words) or descriptors.shape[1] < components:
        raise CourseError(
            f"{len(descriptors)} descriptors of {descriptors.shape[1]} numbers cannot teach a PCA to {components} "
            f"dimensions and {words} Gaussians: take more trajectories, or a smaller codebook"
        )
    data = descriptors.detach().cpu().double().numpy()
    pca = PCA(components, whiten=True, svd_solver="covariance_eigh").fit(data)
    mixture = GaussianMixture(words, covariance_type="diag", reg_covar=1e-4, max_iter=iterations, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a codebook need not be the very best mixture
        mixture.fit(pca.transform(data))
    projection = pca.components_.T / pca.explained_variance_.clip(1e-12) ** 0.5
    arrays = (pca.mean_, projection, mixture.weights_, mixture.means_, mixture.covariances_**0.5)
    return Codebook(*(torch.as_tensor(array, dtype=torch.float32) for array in arrays))


def posteriors(x, weights, means, deviations):
    """Shares of K Gaussians in N points: (N, D), (K,), (K, D), (K, D) -> (N, K). In logarithms: exp would underflow.

    The squares (x - mu)^2 / sigma^2 are multiplied out, so that nothing of size N K D is ever stored.
    """
    precision = deviations**-2
    squares = x.square() @ precision.T - 2 * x @ (means * precision).T + (means.square() * precision).sum(1)
    return (weights.log() - deviations.log().sum(1) - 0.5 * squares).softmax(1)


def fisher_gradients(x, gamma, weights, means, deviations):
    """G_mu and G_sigma: how the likelihood of x asks the means and deviations to change.

    Args:
        x: (N, D). gamma: (N, K) posteriors. weights: (K,). means, deviations: (K, D).
    Returns:
        (K, D) for the means and (K, D) for the deviations. Computed from the sums of gamma, gamma x and gamma x^2.
    """
    count = gamma.sum(0).unsqueeze(1)  # (K, 1)
    first, second = gamma.T @ x, gamma.T @ x.square()  # (K, D)
    scale = len(x) * weights.sqrt().unsqueeze(1)
    toward = (first - means * count) / (deviations * scale)
    spread = (second - 2 * means * first + means.square() * count) / deviations.square()
    return toward, (spread - count) / (2**0.5 * scale)


def fisher_vector(descriptors, codebook, *, power=True):
    """One vector for one video.

    Args:
        descriptors: (N, E), before PCA. codebook: a `Codebook`. power: whether to take signed square roots.
    Returns:
        (2 K D,): gradients for the means of all Gaussians, then for the deviations; length 1. Zeros where N = 0.
    """
    size = 2 * codebook.means.numel()
    if len(descriptors) == 0:
        return descriptors.new_zeros(size)
    x = codebook.reduce(descriptors)
    gamma = codebook.posteriors(x)
    vector = torch.cat([g.flatten() for g in fisher_gradients(x, gamma, codebook.weights, codebook.means,
                                                              codebook.deviations)])  # fmt: skip
    return normalize(power_normalised(vector) if power else vector, dim=0)


def power_normalised(vector):
    """sign(z) sqrt|z|: what occurs often (a large crowd of equal descriptors) no longer drowns the rest."""
    return vector.sign() * vector.abs().sqrt()


def fisher_vector_reference(descriptors, codebook):
    """`fisher_vector` in loops, as the formulas are written."""
    x, words, size = codebook.reduce(descriptors).double(), *codebook.means.shape
    weights, means, deviations = (t.double() for t in (codebook.weights, codebook.means, codebook.deviations))
    toward, wider = torch.zeros(words, size).double(), torch.zeros(words, size).double()
    for point in x:
        density = [
            float(weights[k])
            * math.prod(
                math.exp(-0.5 * float((point[d] - means[k, d]) / deviations[k, d]) ** 2) / float(deviations[k, d])
                for d in range(size)
            )
            for k in range(words)
        ]
        for k in range(words):
            gamma = density[k] / sum(density)
            for d in range(size):
                z = (point[d] - means[k, d]) / deviations[k, d]
                toward[k, d] += gamma * z / (len(x) * weights[k].sqrt())
                wider[k, d] += gamma * (z**2 - 1) / (len(x) * (2 * weights[k]).sqrt())
    vector = torch.cat([toward.flatten(), wider.flatten()])
    vector = vector.sign() * vector.abs().sqrt()
    return (vector / vector.norm()).to(descriptors.dtype)


def fit_words(descriptors, words, *, seed=0):
    """The bag of words' codebook: K centres by k-means, (N, E) -> (K, E)."""
    from sklearn.cluster import KMeans

    check_shape(descriptors, "N E", "descriptors")
    if len(descriptors) < words:
        raise CourseError(f"{len(descriptors)} descriptors cannot make {words} words: take more, or fewer words")
    found = KMeans(words, n_init=1, random_state=seed).fit(descriptors.detach().cpu().numpy())
    return torch.as_tensor(found.cluster_centers_, dtype=torch.float32)


def bag_of_words(descriptors, words):
    """How often is each word the nearest? (N, E), (K, E) -> (K,): square roots of shares, zeros where N = 0."""
    if len(descriptors) == 0:
        return descriptors.new_zeros(len(words))
    counts = torch.cdist(descriptors, words).argmin(1).bincount(minlength=len(words))
    return (counts / counts.sum()).sqrt()
