"""Matched kernels: how much more one instrument blurs than another."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.fft
import xarray as xr

from hifred.errors import HifredError, SettingsError, unknown_name
from hifred.observations.matching.decided_target import check_target, decided_targets

logger = logging.getLogger(__name__)

TARGET_RESOLUTIONS = ("matched", "as_given", "intrinsic")

# Half the side of a Gaussian difference kernel, in sigma. Cut at 8 it is smooth to
# double precision, and a large response matrix keeps its low numerical rank.
GAUSSIAN_REACH = 8.0
# A kernel is called Gaussian when no sample is farther off than this, of its peak.
GAUSSIAN_TOLERANCE = 1e-6
# Widths (variances) that differ less than this are the same.
WIDTH_TOLERANCE = 1e-6
# Frequencies that the narrow kernel weakens below this amplitude are not amplified.
WEAKEST_AMPLITUDE = 1e-4
N_REFINEMENTS = 300
# A difference kernel that misses more than this of the broad one is worth a warning.
NOTICEABLE_MISFIT = 0.02


@dataclass(frozen=True, eq=False)
class Kernels:
    """What blurs the sky cube on its way to one instrument.

    Parameters
    ----------
    psf : (node, odd, odd) array, or None
        One image, or one per energy of `psf_energy`; None for a delta.
    psf_energy : (node,) array, keV, or None
    line_spread : (odd,) array, or None
    """

    psf: np.ndarray | None
    psf_energy: np.ndarray | None
    line_spread: np.ndarray | None

    def psf_at(self, energy: float) -> np.ndarray:
        """Return the PSF image at an energy, linear between the nodes."""
        if self.psf is None:
            return np.ones((1, 1))
        if self.psf_energy is None:
            return self.psf[0]
        position = np.interp(energy, self.psf_energy, np.arange(len(self.psf)))
        low = min(int(position), max(len(self.psf) - 2, 0))
        high = min(low + 1, len(self.psf) - 1)
        share = position - low
        return (1 - share) * self.psf[low] + share * self.psf[high]


def kernels_for(
    observations: Mapping[str, xr.Dataset], target_resolution: str = "matched"
) -> dict[str, Kernels]:
    """Return the kernels between the sky cube and each instrument.

    Parameters
    ----------
    observations : mapping of str to Dataset
    target_resolution : {"matched", "as_given", "intrinsic"}
        The sky's resolution: the sharpest imager's PSF and the sharpest spectrometer's
        line spread, so that other kernels become the difference to these
        ("matched"); imagers' PSFs and spectrometers' line spreads taken as deltas and
        all other kernels as they are ("as_given", as in the paper); or unblurred, so
        that every instrument keeps its full kernels ("intrinsic").

    Raises
    ------
    HifredError
        If a kernel is narrower than the target, or an unblurred sky is asked of an
        input that was prepared at the resolution of an instrument.

    Notes
    -----
    A redistribution matrix or a spatial matrix is used as it is, so an axis on which
    the sharpest instrument has one is solved at its intrinsic resolution.
    """
    check_target(decided_targets(observations.values()), target_resolution)
    full = {name: full_kernels(o) for name, o in observations.items()}
    if target_resolution == "intrinsic":
        return full
    roles = {name: o.attrs["role"] for name, o in observations.items()}
    if target_resolution == "as_given":
        return {name: _as_given(full[name], roles[name]) for name in full}
    if target_resolution != "matched":
        raise unknown_name("target_resolution", target_resolution, TARGET_RESOLUTIONS)
    imager = _sharpest(observations, full, "imager")
    spectrometer = _sharpest(observations, full, "spectrometer")
    return {
        name: _matched(name, own, imager, spectrometer, _matrices(observations[name]))
        for name, own in full.items()
    }


def target_line_spread(observations: Mapping[str, xr.Dataset]) -> np.ndarray | None:
    """Return the line spread (odd,) of a sky at the target resolution.

    That of the sharpest spectrometer, as `kernels_for` takes it; None for no blur.
    """
    full = {name: full_kernels(o) for name, o in observations.items()}
    sharpest = _sharpest(observations, full, "spectrometer")
    return None if sharpest is None else sharpest.line_spread


def full_kernels(observation: xr.Dataset) -> Kernels:
    """Return the kernels that an observation brings."""
    psf = observation["psf"].values if "psf" in observation else None
    nodes = observation["psf_energy"].values if "psf_energy" in observation else None
    if psf is not None and psf.ndim == 2:
        psf = psf[None]
    spread = observation["line_spread"].values if "line_spread" in observation else None
    return Kernels(psf, nodes, spread)


def _as_given(kernels: Kernels, role: str) -> Kernels:
    if role == "imager":
        return Kernels(None, None, kernels.line_spread)
    return Kernels(kernels.psf, kernels.psf_energy, None)


def _matrices(observation: xr.Dataset) -> set[str]:
    """Return on which axes a matrix stands in for a kernel."""
    axes = {
        "spatial_data": "psf",
        "redistribution": "line_spread",
        "redistribution_data": "line_spread",
    }
    return {axis for name, axis in axes.items() if name in observation}


def _sharpest(
    observations: Mapping[str, xr.Dataset], full: Mapping[str, Kernels], role: str
) -> Kernels | None:
    """Return the kernels that set the target on the axis where their role is sharp.

    None, for no blur in the sky, where there is no instrument of that role or where
    one of them brings a matrix, which cannot be divided out, but for those that lead
    from a sky at the resolution of the others.
    """
    axis = "psf" if role == "imager" else "line_spread"
    names = [name for name, o in observations.items() if o.attrs["role"] == role]
    alone = [name for name in names if axis not in _matrices(observations[name])]
    decided = role in decided_targets(observations.values()).values()
    if not alone or (len(alone) < len(names) and not decided):
        return None
    return min((full[name] for name in alone), key=lambda k: _width(k, axis))


def _width(kernels: Kernels, axis: str) -> float:
    found = kernels.psf if axis == "psf" else kernels.line_spread
    if found is None:
        return 0.0
    images = found if axis == "psf" else found[None]
    return float(np.mean([_variances(image).sum() for image in images]))


def _matched(
    name: str,
    own: Kernels,
    imager: Kernels | None,
    spectrometer: Kernels | None,
    matrices: set[str],
) -> Kernels:
    psf, nodes = own.psf, own.psf_energy
    if own is imager:
        psf, nodes = None, None
    elif imager is not None and imager.psf is not None and "psf" not in matrices:
        psf, nodes = _psf_difference(name, own, imager)
    spread = own.line_spread
    if own is spectrometer:
        spread = None
    elif (
        spectrometer is not None
        and spectrometer.line_spread is not None
        and "line_spread" not in matrices
    ):
        broad = np.ones(1) if spread is None else spread
        label = f"line_spread of {name}"
        spread = difference_kernel(broad, spectrometer.line_spread, name=label)
    return Kernels(psf, nodes, spread)


def _psf_difference(
    name: str, own: Kernels, target: Kernels
) -> tuple[np.ndarray, np.ndarray | None]:
    nodes = _joint_nodes(own.psf_energy, target.psf_energy)
    energies = [0.0] if nodes is None else list(nodes)
    parts = [
        difference_kernel(own.psf_at(e), target.psf_at(e), name=f"psf of {name}")
        for e in energies
    ]
    side = max(max(part.shape) for part in parts)
    return np.stack([_grown(part, (side, side)) for part in parts]), nodes


def _joint_nodes(
    first: np.ndarray | None, second: np.ndarray | None
) -> np.ndarray | None:
    if first is None or second is None:
        return second if first is None else first
    return np.union1d(first, second)


def difference_kernel(
    broad: np.ndarray, narrow: np.ndarray, *, name: str = "kernel"
) -> np.ndarray:
    r"""Return the kernel that blurs `narrow` to `broad`.

    For two Gaussians it is exact, :math:`\sigma^2 = \sigma_b^2 - \sigma_n^2`; else a
    regularised quotient of the Fourier transforms, refined so that it stays
    non-negative and sums to 1.

    Parameters
    ----------
    broad, narrow : (odd,) or (odd, odd) arrays, unit sum
        The centre is the middle sample.
    name : str
        What `broad` is, for the message.

    Returns
    -------
    (odd,) or (odd, odd) array
        Non-negative, unit sum, centre on the middle sample.

    Raises
    ------
    HifredError
        If `broad` is narrower than `narrow` along an axis.
    """
    if broad.ndim != narrow.ndim:
        raise SettingsError(
            f"kernels must have the same number of axes; got {broad.shape} and "
            f"{narrow.shape}."
        )
    if broad.shape == narrow.shape and np.allclose(broad, narrow, rtol=0, atol=1e-12):
        return np.ones((1,) * broad.ndim)
    _check_broader(broad, narrow, name)
    sigmas = gaussian_sigmas(broad), gaussian_sigmas(narrow)
    if sigmas[0] is not None and sigmas[1] is not None:
        squares = np.maximum(sigmas[0] ** 2 - sigmas[1] ** 2, 0.0)
        return _gaussian(np.sqrt(squares))
    return _quotient(broad, narrow, name)


def kernel_sigmas(kernel: np.ndarray) -> np.ndarray:
    """Return the rms width of a kernel along each of its axes, in samples."""
    return np.sqrt(_variances(kernel))


def gaussian_sigmas(kernel: np.ndarray) -> np.ndarray | None:
    """Return the sigma along each axis of a sampled Gaussian, or None if it is none.

    Measured on the slope beside the peak, so that truncated wings do not matter.
    """
    sigmas = np.array([_slope_sigma(kernel, axis) for axis in range(kernel.ndim)])
    if not np.isfinite(sigmas).all():
        return None
    halves = tuple(n // 2 for n in kernel.shape)
    expected = _gaussian(sigmas, halves)
    expected *= kernel[halves] / expected[halves]
    close = np.abs(kernel - expected) <= GAUSSIAN_TOLERANCE * kernel[halves]
    return sigmas if close.all() else None


def _slope_sigma(kernel: np.ndarray, axis: int) -> float:
    """Return the sigma that two samples of a Gaussian tell; NaN if it has no peak."""
    peak = tuple(n // 2 for n in kernel.shape)
    for step in (max(1, kernel.shape[axis] // 8), 1):
        beside = tuple(p + step * (axis == a) for a, p in enumerate(peak))
        if beside[axis] >= kernel.shape[axis] or kernel[beside] == 0:
            continue
        if kernel[peak] <= kernel[beside]:
            return float("nan")
        return float(step / np.sqrt(2 * np.log(kernel[peak] / kernel[beside])))
    return 0.0


def _variances(kernel: np.ndarray) -> np.ndarray:
    """Return the variance along each axis, in samples squared."""
    found = []
    for axis, n in enumerate(kernel.shape):
        others = tuple(a for a in range(kernel.ndim) if a != axis)
        profile = kernel.sum(axis=others) / kernel.sum()
        at = np.arange(n) - n // 2
        centre = profile @ at
        found.append(profile @ (at - centre) ** 2)
    return np.array(found)


def _check_broader(broad: np.ndarray, narrow: np.ndarray, name: str) -> None:
    wide, thin = _variances(broad), _variances(narrow)
    if np.any(wide < thin * (1 - WIDTH_TOLERANCE)):
        raise HifredError(
            f"{name} must be at least as broad as the target resolution; got rms "
            f"widths {np.sqrt(wide).round(4).tolist()} and "
            f"{np.sqrt(thin).round(4).tolist()} samples. "
            "Check the roles, or choose target_resolution 'intrinsic'."
        )


def _gaussian(sigmas: np.ndarray, halves: tuple[int, ...] | None = None) -> np.ndarray:
    """Return a sampled Gaussian of unit sum with one sigma per axis (0 = delta)."""
    if halves is None:
        halves = tuple(int(np.ceil(GAUSSIAN_REACH * s)) for s in sigmas)
    kernel = np.ones(())
    for sigma, half in zip(sigmas, halves, strict=True):
        at = np.arange(-half, half + 1)
        profile = np.exp(-0.5 * (at / sigma) ** 2) if sigma > 0 else (at == 0) * 1.0
        kernel = np.multiply.outer(kernel, profile)
    return kernel / kernel.sum()


def _quotient(broad: np.ndarray, narrow: np.ndarray, name: str) -> np.ndarray:
    shape = tuple(b + n for b, n in zip(broad.shape, narrow.shape, strict=True))
    wide, thin = _transform(broad, shape), _transform(narrow, shape)
    guard = WEAKEST_AMPLITUDE**2
    start = scipy.fft.irfftn(wide * np.conj(thin) / (np.abs(thin) ** 2 + guard), shape)
    window = _origin_first(np.ones(broad.shape), shape) > 0
    estimate = np.where(window, np.maximum(start, 0.0), 0.0)
    estimate = _refined(estimate / estimate.sum(), broad, thin, window)
    missed = np.abs(_blur(estimate, thin) - _origin_first(broad, shape)).sum()
    if missed > NOTICEABLE_MISFIT:
        logger.warning(
            "no kernel blurs the target to the %s: %.1f %% of it is missed.",
            name,
            100 * missed,
        )
    return _middle(estimate, broad.shape)


def _refined(
    estimate: np.ndarray, broad: np.ndarray, thin: np.ndarray, window: np.ndarray
) -> np.ndarray:
    """Improve a kernel by Richardson-Lucy steps: they keep its sign and its sum."""
    wanted = _origin_first(broad / broad.sum(), estimate.shape)
    # Where the estimate vanishes it could never grow again.
    estimate = np.where(window, estimate + 1e-9 * estimate.max(), 0.0)
    for _ in range(N_REFINEMENTS):
        model = np.maximum(_blur(estimate, thin), 1e-15)
        estimate = estimate * np.where(
            window, _blur(wanted / model, np.conj(thin)), 0.0
        )
    return estimate / estimate.sum()


def _transform(kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return scipy.fft.rfftn(_origin_first(kernel, shape))


def _blur(image: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return scipy.fft.irfftn(scipy.fft.rfftn(image) * transform, image.shape)


def _origin_first(kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a kernel on a larger grid with its centre at index 0."""
    large = np.zeros(shape)
    large[tuple(slice(n) for n in kernel.shape)] = kernel
    axes = tuple(range(kernel.ndim))
    return np.roll(large, [-(n // 2) for n in kernel.shape], axes)


def _middle(large: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    rolled = np.roll(large, [n // 2 for n in shape], tuple(range(large.ndim)))
    return rolled[tuple(slice(n) for n in shape)]


def _grown(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    pads = [
        ((n - m) // 2, (n - m) // 2) for n, m in zip(shape, image.shape, strict=True)
    ]
    return np.pad(image, pads)
