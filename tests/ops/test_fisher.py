"""Fisher vectors: equal to the formulas in loops, to a derivative, and sane at the edges."""

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from course_lib.errors import CourseError, ShapeError
from course_lib.ops import fisher


@pytest.fixture(scope="module")
def codebook():
    generator = torch.Generator().manual_seed(0)
    cloud = torch.randn(600, 6, generator=generator) * torch.tensor([5.0, 1, 3, 0.2, 1, 2]) + 4
    cloud[::3] += torch.tensor([9.0, 0, -8, 0, 0, 0])
    return fisher.fit_codebook(cloud, components=3, words=4), cloud


def test_published_size():
    assert 2 * fisher.COMPONENTS * fisher.WORDS == 32_768


def test_pca_whitens(codebook):
    book, cloud = codebook
    reduced = book.reduce(cloud)
    assert reduced.shape == (600, 3)
    assert torch.allclose(reduced.T.cov(), torch.eye(3), atol=1e-3) and reduced.mean(0).abs().max() < 1e-3


def test_equal_to_the_loops(codebook):
    book, cloud = codebook
    vector = fisher.fisher_vector(cloud[:17], book)
    assert vector.shape == (2 * 4 * 3,) and vector.norm().item() == pytest.approx(1, abs=1e-5)
    assert torch.allclose(vector, fisher.fisher_vector_reference(cloud[:17], book), atol=1e-4)


def test_gradients_are_the_derivatives_of_the_likelihood():
    """G_mu and G_sigma are the derivatives by mu and sigma, scaled by sigma / sqrt(pi) and sigma / sqrt(2 pi)."""
    torch.manual_seed(0)
    x, pi = torch.randn(9, 3).double(), torch.tensor([0.2, 0.5, 0.3]).double()
    mu, sigma = torch.randn(3, 3).double().requires_grad_(), (0.5 + torch.rand(3, 3)).double().requires_grad_()
    mixture = MixtureSameFamily(Categorical(pi), Independent(Normal(mu, sigma), 1))
    by_mu, by_sigma = torch.autograd.grad(mixture.log_prob(x).mean(), (mu, sigma))
    with torch.no_grad():
        gamma = fisher.posteriors(x, pi, mu, sigma)
        toward, wider = fisher.fisher_gradients(x, gamma, pi, mu, sigma)
        assert torch.allclose(toward, by_mu * sigma / pi.sqrt()[:, None])
        assert torch.allclose(wider, by_sigma * sigma / (2 * pi).sqrt()[:, None])


def test_equal_to_scikit_image():
    """Its vector begins with the gradients for the weights; those for the deviations have the other sign there."""
    from skimage.feature import fisher_vector
    from sklearn.mixture import GaussianMixture

    torch.manual_seed(0)
    x = torch.randn(200, 3).double()
    mixture = GaussianMixture(4, covariance_type="diag", random_state=0).fit(x.numpy())
    book = [torch.from_numpy(a) for a in (mixture.weights_, mixture.means_, mixture.covariances_**0.5)]
    toward, wider = fisher.fisher_gradients(x, fisher.posteriors(x, *book), *book)
    theirs = torch.from_numpy(fisher_vector(x.numpy(), mixture))
    assert torch.allclose(toward.flatten(), theirs[4:16]) and torch.allclose(wider.flatten(), -theirs[16:])


def test_posteriors_do_not_underflow():
    far, means = torch.full((1, 64), 40.0), torch.stack([torch.zeros(64), torch.ones(64)])
    shares = fisher.posteriors(far, torch.tensor([0.5, 0.5]), means, torch.ones(2, 64))
    assert torch.isfinite(shares).all() and shares[0, 1] == 1


def test_a_crowd_of_equal_descriptors_counts_less_with_the_power_norm(codebook):
    book, cloud = codebook
    crowd = torch.cat([cloud[:20], cloud[:1].expand(200, -1)])
    alike = {
        power: fisher.fisher_vector(crowd, book, power=power) @ fisher.fisher_vector(cloud[:20], book, power=power)
        for power in (True, False)
    }
    assert alike[True] > alike[False]


def test_the_order_of_descriptors_and_their_number_do_not_matter(codebook):
    book, cloud = codebook
    vector = fisher.fisher_vector(cloud[:30], book)
    assert torch.allclose(vector, fisher.fisher_vector(cloud[:30].flip(0), book), atol=1e-5)
    assert torch.allclose(vector, fisher.fisher_vector(cloud[:30].repeat(3, 1), book), atol=1e-5)
    assert fisher.fisher_vector(cloud[:0], book).abs().max() == 0


def test_words_are_counted():
    words = torch.tensor([[0.0, 0], [10, 0], [0, 10]])
    bag = fisher.bag_of_words(torch.tensor([[1.0, 1], [9, 1], [2, 0], [-1, 0]]), words)
    assert bag.tolist() == pytest.approx([0.75**0.5, 0.5, 0])
    assert fisher.bag_of_words(torch.zeros(0, 2), words).tolist() == [0, 0, 0]
    points = torch.cat([word + 0.1 * torch.randn(20, 2, generator=torch.Generator().manual_seed(0)) for word in words])
    found = fisher.fit_words(points, 3)
    assert torch.cdist(words, found).amin(1).max() < 0.2


def test_refuses(codebook):
    book, cloud = codebook
    with pytest.raises(CourseError, match="smaller codebook"):
        fisher.fit_codebook(cloud[:3], components=3, words=4)
    with pytest.raises(CourseError, match="fewer words"):
        fisher.fit_words(cloud[:3], 4)
    with pytest.raises(ShapeError, match="descriptors"):
        book.reduce(cloud[:, :5])
