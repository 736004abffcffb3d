"""The noise of the likelihood's gradient, which sets the scale of sparse penalties."""

from collections.abc import Iterator, Mapping

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood


def gradient_noise(
    likelihoods: Mapping[str, PoissonLikelihood],
    sky: np.ndarray,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    r"""Yield gradients of the likelihood that are noise alone, without end.

    .. math:: g = \sum_o A_o^T \epsilon_o / \sqrt{m_o}, \qquad \epsilon_o \sim N(0, 1)

    Their covariance is the Fisher information :math:`A^T \mathrm{diag}(1/m) A` at
    `sky`. Normal draws, unlike counts, have a median deviation where few are expected.

    Parameters
    ----------
    likelihoods : mapping of str to PoissonLikelihood
        Drawn in the order of their names.
    sky : array of the responses' input shape
        Where the noise is wanted; its expected counts should resemble the data.
    rng : numpy.random.Generator

    Yields
    ------
    array of the shape of `sky`
    """
    named = [likelihoods[name] for name in sorted(likelihoods)]
    means = [np.maximum(f.expected_counts(sky), f.floor) for f in named]
    while True:
        gradient = np.zeros(sky.shape)
        for f, mean in zip(named, means, strict=True):
            slope = rng.standard_normal(mean.shape) / np.sqrt(mean)
            if f.mask is not None:
                slope = np.where(f.mask, slope, 0)
            gradient += f.response.adjoint(slope)
        yield gradient
