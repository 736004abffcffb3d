"""Goodness of fit to Poisson counts: the deviance, its mean and its variance."""

import functools

import numpy as np
import scipy
from scipy import special

from hifred.errors import HifredError

# Between these means the expected deviance is read off a table of exact sums; below,
# counts above 4 do not matter; above, the asymptotic series is good to 1e-8.
TABLE_RANGE = (1e-3, 400.0)


def deviance(
    counts: np.ndarray, expected_counts: np.ndarray, *, mask: np.ndarray | None = None
) -> np.ndarray:
    r"""Return the Poisson deviance (C-statistic) of every voxel.

    .. math:: 2 \left( m - d + d \ln \frac{d}{m} \right)

    Parameters
    ----------
    counts, expected_counts : arrays of one shape, count
    mask : bool array, optional
        Voxels that count; the others have 0.

    Returns
    -------
    array of the same shape
        Sum over any axes for pixels, bands or the whole; infinite where counts were
        recorded that the model holds impossible.

    Raises
    ------
    HifredError
        If the shapes differ, or a value is negative or not finite.
    """
    counts, expected = _checked(counts, expected_counts)
    values = 2.0 * (
        expected
        - counts
        + special.xlogy(counts, counts)
        - special.xlogy(counts, expected)
    )
    # Rounding can leave -1e-16 where the model meets the data.
    values = np.maximum(values, 0.0)
    return values if mask is None else np.where(mask, values, 0.0)


def deviance_moments(expected_counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the variance of the deviance when the model is right.

    Parameters
    ----------
    expected_counts : array, count

    Returns
    -------
    two arrays of the same shape
        The deviance summed over many voxels is about normal with the sums of these.

    Notes
    -----
    Exact sums over the Poisson probabilities (interpolated to 1e-6); the textbook
    values, 1 and 2, hold for means above about 10 only.

    References
    ----------
    Kaastra (2017), A&A 605, A51.
    """
    expected = np.asarray(expected_counts, float)
    if not np.isfinite(expected).all() or np.any(expected < 0):
        raise HifredError("expected_counts must be finite and not negative.")
    mean_of, variance_of = _moment_table()
    inside = np.log(np.clip(expected, *TABLE_RANGE))
    mean, variance = mean_of(inside), variance_of(inside)
    low, high = expected < TABLE_RANGE[0], expected > TABLE_RANGE[1]
    mean[low], variance[low] = exact_moments(expected[low], n_terms=5)
    large = expected[high]
    mean[high] = 1.0 + 1.0 / (6.0 * large) + 1.0 / (6.0 * large**2)
    variance[high] = 2.0 + 2.0 / (3.0 * large) + 4.0 / (3.0 * large**2)
    return mean, variance


def exact_moments(
    expected_counts: np.ndarray, n_terms: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the deviance, summed over counts below `n_terms`."""
    expected = np.asarray(expected_counts, float)[..., None]
    counts = np.arange(n_terms, dtype=float)
    log_probability = special.xlogy(counts, expected) - expected
    probability = np.exp(log_probability - special.gammaln(counts + 1.0))
    positive = np.where(expected > 0, expected, 1.0)
    values = 2.0 * (
        expected
        - counts
        + special.xlogy(counts, counts)
        - special.xlogy(counts, positive)
    )
    mean = np.sum(probability * values, axis=-1)
    variance = np.sum(probability * (values - mean[..., None]) ** 2, axis=-1)
    return mean, variance


@functools.cache
def _moment_table() -> tuple[
    "scipy.interpolate.CubicSpline", "scipy.interpolate.CubicSpline"
]:
    log_expected = np.linspace(np.log(TABLE_RANGE[0]), np.log(TABLE_RANGE[1]), 1200)
    n_terms = int(TABLE_RANGE[1] + 12 * np.sqrt(TABLE_RANGE[1]) + 30)
    mean, variance = exact_moments(np.exp(log_expected), n_terms)
    return (
        scipy.interpolate.CubicSpline(log_expected, mean),
        scipy.interpolate.CubicSpline(log_expected, variance),
    )


def _checked(
    counts: np.ndarray, expected_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    counts, expected = np.asarray(counts, float), np.asarray(expected_counts, float)
    if counts.shape != expected.shape:
        raise HifredError(
            "counts and expected_counts must have one shape; got "
            f"{counts.shape} and {expected.shape}."
        )
    for name, values in (("counts", counts), ("expected_counts", expected)):
        if not np.isfinite(values).all() or np.any(values < 0):
            raise HifredError(f"{name} must be finite and not negative.")
    return counts, expected
