"""The noise of the likelihood's gradient, which sets the scale of sparse penalties."""

from collections.abc import Iterable, Iterator

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood


def gradient_noise(
    likelihoods: Iterable[PoissonLikelihood],
    sky: np.ndarray,
    rng: np.random.Generator,
    n_draws: int,
) -> Iterator[np.ndarray]:
    r"""Yield gradients of the likelihood that are noise alone.

    .. math:: g = \sum_o A_o^T \frac{m_o - d_o}{m_o}, \qquad d_o \sim P(m_o)

    Their covariance is the Fisher information at `sky`.

    Parameters
    ----------
    likelihoods : iterable of PoissonLikelihood
    sky : array of the responses' input shape
        Where the noise is wanted; its expected counts should resemble the data.
    rng : numpy.random.Generator
    n_draws : int

    Yields
    ------
    array of the shape of `sky`
    """
    likelihoods = list(likelihoods)
    means = [f.expected_counts(sky) for f in likelihoods]
    for _ in range(n_draws):
        gradient = np.zeros(sky.shape)
        for f, mean in zip(likelihoods, means, strict=True):
            floored = np.maximum(mean, f.floor)
            slope = 1 - rng.poisson(floored) / floored
            if f.mask is not None:
                slope = np.where(f.mask, slope, 0)
            gradient += f.response.adjoint(slope)
        yield gradient
