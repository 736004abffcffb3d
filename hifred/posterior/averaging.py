"""How much of a pixel's fitted flux is its own, and how much its neighbours'."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.posterior.sampling import Observations, Sampler
from hifred.threads import use_threads

OFFSETS = ("y_offset", "x_offset")


def averaging_kernel(
    result: xr.Dataset,
    observations: Observations,
    y: float,
    x: float,
    *,
    band: tuple[float, float] | None = None,
    threads: int | None = None,
) -> xr.DataArray:
    """Return the averaging kernel of one pixel, over the whole field.

    Parameters
    ----------
    result, observations
        As for `hifred.posterior.posterior`.
    y, x : float, arcsec
        A point of the pixel.
    band : (float, float), keV, optional
        Of the flux; by default all energies.
    threads : int, optional
        Of BLAS and compiled loops; by default every core.

    Returns
    -------
    (y, x) DataArray, dimensionless
        See `averaging_kernels`.
    """
    with use_threads(threads):
        probe = _Probe.of(result, observations, band)
        at = (
            result.indexes["y"].get_indexer([y], "nearest")[0],
            (result.indexes["x"].get_indexer([x], "nearest")[0]),
        )
        weights = np.zeros(probe.flux.shape)
        weights[at] = 1.0
        kernel = probe.flux.copy(data=probe.sources(weights))
    return kernel.rename("averaging_kernel").assign_attrs(_KERNEL)


def averaging_kernels(
    result: xr.Dataset,
    observations: Observations,
    *,
    band: tuple[float, float] | None = None,
    reach: int = 4,
    threads: int | None = None,
    on_probe: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    r"""Return the averaging kernel of every pixel, and maps of what it says.

    .. math:: \delta \hat f_i = \sum_j K_{ij}\, \delta f_j, \qquad
        K = M H^{-1} = 1 - P H^{-1}

    with :math:`\hat f` the fitted and :math:`f` the true flux of the pixels in a band:
    counts (curvature ``M``) and the penalty with the bounds (``P``) share the Hessian
    :math:`H = M + P`, whose inverse is the covariance of the draws. Without a penalty a
    pixel's flux is its own, however much its errors hang on its neighbours':
    correlations of draws tell which errors are shared, averaging kernels what is mixed.
    What the sky changes in the image that guides `guided` is part of it; strengths and
    spectra that are chosen from the counts are held.

    Parameters
    ----------
    result, observations
        As for `hifred.posterior.posterior`.
    band : (float, float), keV, optional
        Of the flux; by default all energies. A pixel's own spectrum changes in the band
        alone, as far as the few spectra of the cube can follow.
    reach : int
        Pixels to either side that a kernel is given for. All pixels that are
        ``2 reach + 1`` apart are probed at once, one solve each time: beyond the reach
        a kernel must have faded, or it is found in those of others.
    threads : int, optional
        Of BLAS and compiled loops; by default every core.
    on_probe : callable, optional
        Called with the number of solves that are done, and of all.

    Returns
    -------
    Dataset
        ``kernel`` (y, x, y_offset, x_offset): the share of the flux at the offset in
        that of the pixel. ``own_share`` (y, x): the kernel at no offset, 1 where
        nothing is smoothed. ``total`` (y, x): the sum of the kernel, 1 where a flat sky
        comes back as it is. ``width`` (y, x), arcsec: diameter of a disc with the
        kernel's sum at its central height. ``flux`` (y, x) in the band.

    Raises
    ------
    HifredError
        If the result cannot be sampled, see `hifred.posterior.posterior`; or the reach
        is below 1, or the band holds no energy.

    References
    ----------
    Backus & Gilbert (1970); Rodgers (2000), averaging kernels.
    """
    if reach < 1:
        raise HifredError(f"reach must be at least 1 pixel; got {reach}.")
    n = 2 * reach + 1
    with use_threads(threads):
        probe = _Probe.of(result, observations, band)
        kernel = np.empty((*probe.flux.shape, n, n))
        for done, comb in enumerate(np.ndindex(n, n)):
            teeth = tuple(slice(first, None, n) for first in comb)
            weights = np.zeros(probe.flux.shape)
            weights[teeth] = 1.0
            around = np.pad(probe.sources(weights), reach)
            windows = np.lib.stride_tricks.sliding_window_view(around, (n, n))
            kernel[teeth] = windows[teeth]
            if on_probe is not None:
                on_probe(done + 1, n * n)
    return _maps(kernel, probe.flux, result)


@final
@dataclass(frozen=True, eq=False)
class _Probe:
    """What a band's flux is made of, pixel by pixel.

    Parameters
    ----------
    sampler : Sampler
    heights : (component,) array
        Flux in the band of each component's coefficients.
    flux : (y, x) DataArray, photon cm-2 s-1
    own : (component, y, x) array
        Coefficients of one unit of the pixel's own flux in the band.
    """

    sampler: Sampler
    heights: np.ndarray
    flux: xr.DataArray
    own: np.ndarray

    @classmethod
    def of(
        cls,
        result: xr.Dataset,
        observations: Observations,
        band: tuple[float, float] | None,
    ) -> Self:
        sampler = Sampler(result, observations)
        energy = result["energy"]
        low, high = band or (-np.inf, np.inf)
        inside = ((energy >= low) & (energy <= high)).to_numpy()
        if not inside.any():
            raise HifredError(
                f"band must hold an energy of the cube, {float(energy[0]):g} to "
                f"{float(energy[-1]):g} keV; got {band}."
            )
        basis = result["spectral_basis"].transpose("component", dims.ENERGY).to_numpy()
        images = result["coefficients"].transpose("component", *dims.IMAGE).to_numpy()
        exposure = result["reference_exposure"].to_numpy()
        heights = (basis / exposure)[:, inside].sum(axis=1)
        cut = np.linalg.pinv(basis.T)[:, inside] @ basis[:, inside].T
        changed = np.tensordot(cut, images, axes=1)
        flux = np.tensordot(heights, images, axes=1)
        gained = np.tensordot(heights, changed, axes=1)
        own = np.divide(changed, gained, out=np.zeros(images.shape), where=gained > 0)
        coords = {axis: result[axis] for axis in dims.IMAGE}
        about = {"units": dims.FLUX_UNIT, "long_name": "flux in the band"}
        labelled = xr.DataArray(flux, coords, dims.IMAGE, attrs=about)
        return cls(sampler, heights, labelled, own)

    def sources(self, weights: np.ndarray) -> np.ndarray:
        """Return what each pixel's true flux adds to a weighted sum of fitted ones.

        Parameters
        ----------
        weights : (y, x) array
        """
        summed = np.multiply.outer(self.heights, weights)
        return np.einsum("cyx,cyx->yx", self.sampler.sources(summed), self.own)


_KERNEL = {
    "units": dims.DIMENSIONLESS,
    "long_name": "share of the flux at the offset in that of the pixel",
}


def _maps(kernel: np.ndarray, flux: xr.DataArray, result: xr.Dataset) -> xr.Dataset:
    reach = kernel.shape[-1] // 2
    steps = [float(np.median(np.diff(flux[axis]))) for axis in dims.IMAGE]
    own, total = kernel[..., reach, reach], kernel.sum(axis=(-2, -1))
    is_peaked = (own > 0) & (total > 0)
    area = np.divide(total, own, out=np.full(own.shape, np.nan), where=is_peaked)
    width = np.sqrt(4 / np.pi * area * steps[0] * steps[1])
    arcsec = {"units": dims.ANGLE_UNIT}
    none, wide = dims.DIMENSIONLESS, dims.ANGLE_UNIT
    maps = {
        "own_share": (own, none, "share of a pixel's flux that is its own"),
        "total": (total, none, "what a flat sky of 1 comes back as"),
        "width": (width, wide, "diameter of what a pixel's flux is taken from"),
    }
    return xr.Dataset(
        {
            "kernel": ((*dims.IMAGE, *OFFSETS), kernel, _KERNEL),
            "flux": flux,
            **{
                name: (dims.IMAGE, values, {"units": unit, "long_name": words})
                for name, (values, unit, words) in maps.items()
            },
        },
        coords={
            name: (name, step * np.arange(-reach, reach + 1), arcsec)
            for name, step in zip(OFFSETS, steps, strict=True)
        },
        attrs={"settings": result.attrs["settings"]},
    )
