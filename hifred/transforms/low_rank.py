"""Spectral subspaces: the few spectra that a cube of low rank is made of."""

import numpy as np
import scipy.sparse.linalg

from hifred.errors import HifredError

# Fraction of the variance that the automatic rank reaches (section 3.2 of the paper).
VARIANCE_REACHED = 0.9
# The mean spectrum is kept above this fraction of its mean, so that the subspace
# holds a positive spectrum even where nothing was counted.
SMALLEST_MEAN = 1e-3
# Power of the noise over that of the signal, at low frequencies, for the Wiener filter.
NOISE_SHARE = 3e-3
# Coefficients vary by at least this fraction of the largest variance, so that a
# component that no spectrum holds is not forbidden to vary.
SMALLEST_VARIANCE = 1e-6
# Most components that an automatic rank takes: time and memory grow with its square.
LARGEST_RANK = 30
# From this many spectra on, only the wanted singular vectors are computed.
MANY_SPECTRA = 500


def principal_components(spectra: np.ndarray, n_components: int) -> np.ndarray:
    """Return orthonormal directions of largest variance, (energy, component).

    Parameters
    ----------
    spectra : (energy, n) array
        Centred here, energy by energy.
    n_components : int
        At most the number of spectra.

    Notes
    -----
    From the thin singular value decomposition. The largest entry of a component is
    positive, which fixes its sign.
    """
    _check_rank(n_components, spectra)
    centred = spectra - spectra.mean(axis=1, keepdims=True)
    return _upright(np.linalg.svd(centred, full_matrices=False)[0][:, :n_components])


def whitened_components(spectra: np.ndarray, n_components: int) -> np.ndarray:
    r"""Return directions of largest variance in units of the Poisson noise.

    .. math:: r_{ei} = \frac{s_{ei} - \bar s_e b_i}{\sqrt{\bar s_e b_i}}

    with :math:`b` the brightness: what differs from one spectrum to the next is
    compared with its noise, so that bright lines and bright pixels do not outvote all
    others (correspondence analysis, Greenacre 1984). On the published cubes a subspace
    of rank 10 misses 2.46 % of the noise-free spectrometer instead of 2.58 %, and the
    fusion gains 0.2 dB in the imager and 0.7 dB in the spectrometer.

    Parameters
    ----------
    spectra : (energy, n) array
    n_components : int

    Returns
    -------
    (energy, n_components) array
        Not orthogonal; see `spectral_basis`. Signs are those of `principal_components`.
    """
    _check_rank(n_components, spectra)
    along_energy, along_spectra = _noise(spectra)
    residuals = _without_mean(spectra) / np.outer(along_energy, along_spectra)
    return _leading_directions(residuals, n_components) * along_energy[:, None]


def band_limited(spectra: np.ndarray, line_spread: np.ndarray) -> np.ndarray:
    r"""Return spectra without the frequencies that a line cannot have.

    .. math:: \hat s(f) \leftarrow \frac{|\hat L(f)|^2}{|\hat L(f)|^2 + \epsilon}
        \, \hat s(f)

    A Wiener filter: what varies faster than the response ``L`` to a line is noise.

    Parameters
    ----------
    spectra : (energy, n) array
    line_spread : (odd,) array
        Of unit sum, in energy bins; the resolution that the spectra have.
    """
    n_energies, reach = len(spectra), len(line_spread)
    padded = np.pad(spectra, ((reach, reach), (0, 0)), mode="reflect")
    power = np.abs(np.fft.rfft(line_spread, len(padded))) ** 2
    passed = (power / (power + NOISE_SHARE))[:, None]
    smooth = np.fft.irfft(np.fft.rfft(padded, axis=0) * passed, len(padded), axis=0)
    return np.asarray(smooth[reach : reach + n_energies])


def spectral_basis(
    spectra: np.ndarray, rank: int, line_spread: np.ndarray | None = None
) -> np.ndarray:
    r"""Return an orthonormal basis of mean spectrum and principal components.

    Parameters
    ----------
    spectra : (energy, n) array
        Spectra with the area divided out.
    rank : int
        Dimension of the subspace: the mean and ``rank - 1`` whitened components.
    line_spread : (odd,) array, optional
        The resolution of the spectra in energy bins, by which the basis is
        `band_limited`, so that the components are those of the signal and not of
        the noise. The truth of the four models of Table 1 is then within 29.8, 26.6,
        29.2 and 30.5 dB of its projection at rank 20, instead of 24.6, 23.5, 24.2 and
        25.3 dB.

    Returns
    -------
    (energy, rank) array
        The first column is proportional to the mean, and positive.

    Raises
    ------
    HifredError
        If `rank` is below 1 or above the number of spectra.
    """
    _check_rank(rank, spectra)
    if line_spread is not None:
        spectra = band_limited(spectra, line_spread)
    mean = _positive(spectra.mean(axis=1))
    components = whitened_components(spectra, rank - 1)
    basis, triangle = np.linalg.qr(np.column_stack([mean, components]))
    return basis * np.where(np.diag(triangle) < 0, -1.0, 1.0)


def relative_spreads(basis: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    r"""Return how much the coefficients of every component vary, of mean 1.

    .. math:: s_i^2 \propto \mathrm{var}_n (V^T S)_{in}

    Parameters
    ----------
    basis : (energy, component) array
        ``V``, orthonormal.
    spectra : (energy, n) array
        ``S``; the same spread for all components where they do not vary.

    Returns
    -------
    (component,) array
        Above zero.
    """
    variances = np.var(basis.T @ spectra, axis=1)
    if not variances.max() > 0:
        return np.ones(len(variances))
    variances = np.maximum(variances, SMALLEST_VARIANCE * variances.max())
    spreads = np.sqrt(variances)
    return np.asarray(spreads / spreads.mean())


def shape_variances(basis: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Return how much the coefficients of spectra of unit sum vary.

    Parameters
    ----------
    basis : (energy, component) array
        Orthonormal.
    spectra : (energy, n) array
        Weighed by their brightness.

    Returns
    -------
    (component,) array
        Above zero.
    """
    brightness = _positive(spectra.sum(axis=0))
    shapes = basis.T @ (spectra / brightness)
    mean = np.average(shapes, axis=1, weights=brightness)
    squares = (shapes - mean[:, None]) ** 2
    variances = np.average(squares, axis=1, weights=brightness)
    # Equal shapes vary by rounding; what is learnt from it must be able to grow.
    largest = max(variances.max(), np.sum(mean**2))
    return np.asarray(np.maximum(variances, SMALLEST_VARIANCE * (largest or 1.0)))


def automatic_rank(spectra: np.ndarray, fraction: float = VARIANCE_REACHED) -> int:
    """Return the smallest rank whose components reach a fraction of the variance.

    Parameters
    ----------
    spectra : (energy, n) array
    fraction : float
        Between 0 and 1.
    """
    centred = spectra - spectra.mean(axis=1, keepdims=True)
    variances = np.linalg.svd(centred, compute_uv=False) ** 2
    reached = np.cumsum(variances) / max(variances.sum(), np.finfo(float).tiny)
    components = int(np.searchsorted(reached, fraction)) + 1
    return min(components + 1, spectra.shape[1])


def rank_above_noise(
    spectra: np.ndarray, noise: np.ndarray, line_spread: np.ndarray | None = None
) -> int:
    """Return how many components of the spectra are stronger than any of the noise.

    Parameters
    ----------
    spectra : (energy, n) array
        Spectra with the area divided out.
    noise : (energy, n) array
        Noise alone, as strong as that of the spectra.
    line_spread : (odd,) array, optional
        See `spectral_basis`.

    Returns
    -------
    int
        The mean and the components whose singular values, in units of the Poisson
        noise, exceed the largest of the noise (parallel analysis, Horn 1965); at most
        `LARGEST_RANK`.
    """
    if line_spread is not None:
        spectra, noise = (
            band_limited(spectra, line_spread),
            band_limited(noise, line_spread),
        )
    units = np.outer(*_noise(spectra))
    strengths = _leading_values(_without_mean(spectra) / units, LARGEST_RANK - 1)
    return 1 + int(np.sum(strengths > _leading_values(noise / units, 1).max(initial=0)))


def _without_mean(spectra: np.ndarray) -> np.ndarray:
    """Return what is left without the mean spectrum times the brightness."""
    mean, brightness = spectra.mean(axis=1), spectra.mean(axis=0)
    return spectra - np.outer(mean, brightness) / _positive(mean).mean()


def _noise(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the Poisson noise as an (energy,) array times an (n,) array."""
    mean, brightness = spectra.mean(axis=1), spectra.mean(axis=0)
    # One count more everywhere: a single count where none is expected is no signal.
    along_energy = np.sqrt(np.maximum(mean, 0) + 1)
    level = _positive(mean).mean()
    return along_energy, np.sqrt((np.maximum(brightness, 0) + 1) / level)


def _leading_values(spectra: np.ndarray, n_values: int) -> np.ndarray:
    """Return the largest singular values."""
    n_least = min(spectra.shape)
    if n_least < MANY_SPECTRA:
        return np.linalg.svd(spectra, compute_uv=False)[:n_values]
    start = np.ones(n_least)
    return scipy.sparse.linalg.svds(
        spectra, n_values, v0=start, return_singular_vectors=False
    )


def _leading_directions(spectra: np.ndarray, n_directions: int) -> np.ndarray:
    n_least = min(spectra.shape)
    if n_least < MANY_SPECTRA or 4 * n_directions > n_least or n_directions == 0:
        left = np.linalg.svd(spectra, full_matrices=False)[0]
        return _upright(left[:, :n_directions])
    start = np.ones(n_least)  # the same directions from run to run
    left = scipy.sparse.linalg.svds(spectra, n_directions, v0=start)[0]
    return _upright(left[:, ::-1])


def _upright(components: np.ndarray) -> np.ndarray:
    """Return components with a positive largest entry."""
    largest = np.abs(components).argmax(axis=0)
    signs = np.sign(components[largest, np.arange(components.shape[1])])
    return np.asarray(components * signs)


def _positive(values: np.ndarray) -> np.ndarray:
    floor = SMALLEST_MEAN * values.mean() if values.mean() > 0 else 1.0
    return np.maximum(values, floor)


def _check_rank(rank: int, spectra: np.ndarray) -> None:
    n_energies, n_spectra = spectra.shape
    largest = min(n_energies, n_spectra)
    if not 0 <= rank <= largest:
        raise HifredError(
            f"rank must be between 1 and {largest}, the number of spectra of the "
            f"spectrometer ({n_spectra}) or of energies ({n_energies}); got {rank}."
        )
