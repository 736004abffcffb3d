"""The automatic step of the paper's iterations."""

from collections.abc import Mapping

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood

# The curvature of the likelihood is estimated by this many products.
POWER_ITERATIONS = 20


def automatic_step(
    likelihoods: Mapping[str, PoissonLikelihood], first_guess: np.ndarray
) -> float:
    """Return one over the curvature of the likelihood at the first guess.

    Parameters
    ----------
    likelihoods : mapping of str to PoissonLikelihood
    first_guess : (energy or component, y, x) array
        In the precision of the likelihoods.
    """
    x = np.random.default_rng(0).standard_normal(first_guess.shape)
    x = x.astype(first_guess.dtype)
    weights = {
        name: (1 / np.maximum(f.expected_counts(first_guess), 1)).astype(x.dtype)
        for name, f in likelihoods.items()
    }
    curvature = 1.0
    for _ in range(POWER_ITERATIONS):
        x /= np.linalg.norm(x)
        x = sum(
            f.response.adjoint(weights[name] * f.response.apply(x))
            for name, f in likelihoods.items()
        )  # type: ignore[assignment]
        curvature = float(np.linalg.norm(x))
    return 1 / max(curvature, 1e-30)
