"""Where a fusion starts when an earlier result is known."""

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.observations import SkyGrid

# Share of the default start in a warm one: away from every boundary, where an
# interior point could hardly move; 0.03 took the fewest iterations of 0.001 to 0.5.
SHARE_OF_DEFAULT = 0.03
# Largest relative part of an earlier cube outside the span of the spectra: rounding
# and rotations within the span pass, other spectra do not.
MOST_OUTSIDE = 1e-3
# Largest difference of coordinates, relative to the range they cover.
SAME_GRID = 1e-6


def initial_cube(initial: xr.Dataset, sky: SkyGrid) -> np.ndarray:
    """Return the scaled flux (energy, y, x) of an earlier result on the same sky.

    Parameters
    ----------
    initial : Dataset
        Result of a fusion.
    sky : SkyGrid
        Grid of the new fusion.

    Raises
    ------
    HifredError
        If `initial` has another grid, no flux, or values that are not finite.
    """
    _check_grid(initial, sky)
    return np.asarray(
        initial["flux"].values.astype(float) * sky.reference_exposure[:, None, None]
    )


def initial_images(initial: xr.Dataset, sky: SkyGrid, basis: np.ndarray) -> np.ndarray:
    """Return the coefficient images (component, y, x) of an earlier result.

    Parameters
    ----------
    initial : Dataset
        Result of a fusion of low rank.
    sky : SkyGrid
        Grid of the new fusion.
    basis : (energy, component) array
        Orthonormal spectra of the new fusion.

    Raises
    ------
    HifredError
        If `initial` has another grid, rank or basis, is no fusion of low rank, or has
        values that are not finite.
    """
    _check_grid(initial, sky)
    rank = basis.shape[1]
    for name in ("spectral_basis", "coefficients"):
        if name not in initial:
            raise _unfit(f"be of low rank, with {name}", "a free cube")
        if initial.sizes["component"] != rank:
            found = f"one of {initial.sizes['component']}"
            raise _unfit(f"be made of {rank} spectra", found)
    spectra, images = (
        _finite(initial, "spectral_basis"),
        _finite(initial, "coefficients"),
    )
    # In units of this fusion's scaled flux, then in terms of its spectra.
    scale = sky.reference_exposure / initial["reference_exposure"].values
    scaled = spectra.T * scale[:, None]
    mixing = basis.T @ scaled
    outside = np.linalg.norm(scaled - basis @ mixing) / np.linalg.norm(scaled)
    if not outside <= MOST_OUTSIDE:
        raise _unfit(
            "have the spectral basis of these observations",
            f"spectra of which {outside:.1%} lies outside",
        )
    return np.tensordot(mixing, images, axes=1)


def lifted_cube(cube: np.ndarray, default: np.ndarray) -> np.ndarray:
    """Return `cube` raised to a small share of the positive `default` everywhere."""
    return np.asarray(np.maximum(cube, SHARE_OF_DEFAULT * default))


def lifted_images(
    images: np.ndarray, default: np.ndarray, basis: np.ndarray
) -> np.ndarray:
    """Return the mean of `images` and `default` whose cube is positive everywhere.

    Parameters
    ----------
    images : (component, y, x) array
        Coefficients of any cube.
    default : (component, y, x) array
        Coefficients of a cube above zero.
    basis : (energy, component) array

    Returns
    -------
    (component, y, x) array
        With the share `SHARE_OF_DEFAULT` of `default`, or as much more as it takes to
        keep that share of its cube everywhere.
    """
    cube, positive = (np.tensordot(basis, part, axes=1) for part in (images, default))
    # The least share s with (1 - s) cube + s positive >= SHARE_OF_DEFAULT positive.
    lacking = SHARE_OF_DEFAULT * positive - cube
    needed = np.max(lacking / (positive - cube), where=lacking > 0, initial=0.0)
    share = max(SHARE_OF_DEFAULT, float(needed))
    return (1 - share) * images + share * default


def _check_grid(initial: xr.Dataset, sky: SkyGrid) -> None:
    for name in ("flux", "reference_exposure"):
        if name not in initial:
            raise _unfit("be the result of a fusion", f"a dataset without {name}")
    shape = tuple(initial["flux"].sizes.values())
    if initial["flux"].dims != ("energy", "y", "x") or shape != sky.shape:
        raise _unfit(f"have the shape {sky.shape} of the sky", f"shape {shape}")
    _finite(initial, "flux")
    if not np.all(_finite(initial, "reference_exposure") > 0):
        raise _unfit("have a reference_exposure above 0", "0 or less")
    for name in ("energy", "y", "x"):
        centres, earlier = getattr(sky, name), initial[name].values
        if np.max(np.abs(earlier - centres)) > SAME_GRID * np.max(np.abs(centres)):
            raise _unfit(
                f"have the sky's {name}", f"from {earlier[0]:g} to {earlier[-1]:g}"
            )


def _finite(initial: xr.Dataset, name: str) -> np.ndarray:
    values = initial[name].values
    if not np.isfinite(values).all():
        raise _unfit(f"have finite {name}", "NaN or infinity")
    return values


def _unfit(requirement: str, found: object) -> HifredError:
    return HifredError(
        f"initial must {requirement}; got {found}. "
        "Start from a result of the same observations, sky grid and rank, or afresh."
    )
