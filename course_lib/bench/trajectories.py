"""Fisher vectors beside scikit-image's."""

import torch

from course_lib.bench.runner import need, row
from course_lib.timing import alternate


@row("Fisher vector of 2,000 descriptors, K = 256, D = 64, CPU", peer="scikit-image fisher_vector")
def fisher(rounds):
    """Both from the same mixture, without PCA; scikit-image's has the 256 gradients of the weights as well."""
    feature = need("skimage.feature", "pip install scikit-image")
    mixture_of = need("sklearn.mixture", "pip install scikit-learn")
    from course_lib.ops.fisher import fisher_gradients, posteriors

    torch.manual_seed(0)
    x = torch.randn(2000, 64)
    mixture = mixture_of.GaussianMixture(256, covariance_type="diag", reg_covar=0.1, random_state=0)
    theirs = x.numpy()
    mixture.fit(theirs)
    learnt = (mixture.weights_, mixture.means_, mixture.covariances_**0.5)
    book = [torch.as_tensor(array, dtype=torch.float32) for array in learnt]

    def ours():
        return fisher_gradients(x, posteriors(x, *book), *book)

    def peer():
        return feature.fisher_vector(theirs, mixture)

    return *alternate(ours, peer, rounds), "2 x 256 x 64 numbers"
