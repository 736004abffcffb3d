"""From the sky cube to the counts of each instrument."""

from collections.abc import Mapping

import numpy as np
import scipy.sparse
import xarray as xr

from hifred.errors import SchemaError
from hifred.observations.energy_terms import interpolation_weights, separated
from hifred.observations.matching.kernels import Kernels, kernels_for
from hifred.observations.observation import redistribution_of, spatial_matrix_of
from hifred.observations.observation_checks import SPACING_TOLERANCE
from hifred.observations.sky import SkyGrid, extended_area, field_edges, sky_slice
from hifred.operators.matrix import Matrix
from hifred.operators.response import Response
from hifred.operators.spatial import blur_and_rebin
from hifred.operators.spectral import channel_matrix
from hifred.operators.structure import structure, weighted


def build_responses(
    observations: Mapping[str, xr.Dataset],
    sky: SkyGrid,
    *,
    target_resolution: str = "matched",
    boundary: str = "zero",
) -> dict[str, Response]:
    """Return the forward model of every observation.

    Parameters
    ----------
    observations : mapping of str to Dataset
    sky : SkyGrid
    target_resolution : {"matched", "as_given", "intrinsic"}
        At which resolution the sky is wanted; see `hifred.observations.kernels_for`.
    boundary : {"zero", "reflect"}
        What lies outside the sky grid.

    Returns
    -------
    dict of Response
        From the scaled flux (energy, y, x) to expected counts (channel, y, x),
        background not included.

    Raises
    ------
    HifredError
        If an observation does not fit on the sky, or its kernels cannot be matched.
    """
    kernels = kernels_for(observations, target_resolution)
    return {
        name: _build_response(name, observation, sky, kernels[name], boundary)
        for name, observation in observations.items()
    }


def _build_response(
    name: str, observation: xr.Dataset, sky: SkyGrid, kernels: Kernels, boundary: str
) -> Response:
    channels = channel_probabilities(
        name, observation, sky, kernels.line_spread, boundary
    )
    area = extended_area(observation, sky.n_margin_channels)
    if area.size != sky.shape[0]:
        raise SchemaError(
            f"{name} must have the energies of the sky; got {area.size} for "
            f"{sky.shape[0]}. Build the sky from these observations."
        )
    scale = float(observation["exposure_time"]) * area / sky.reference_exposure
    pairs = [
        (structure(channels * (scale * weight)), blur)
        for weight, blur in spatial_terms(name, observation, sky, kernels, boundary)
    ]
    n_channels, ny, nx = observation["counts"].shape
    return Response(pairs, sky.shape, (n_channels, ny, nx))


def channel_probabilities(
    name: str,
    observation: xr.Dataset,
    sky: SkyGrid,
    line_spread: np.ndarray | None,
    boundary: str,
) -> scipy.sparse.csr_array:
    """Return the probability of each channel given the energy, (channel, energy)."""
    redistribution = redistribution_of(observation)
    if redistribution is not None:
        return scipy.sparse.csr_array(redistribution)
    positions = np.interp(
        observation["channel_edges"].values,
        sky.energy_edges,
        np.arange(sky.energy_edges.size),
    )
    whole = np.rint(positions)
    positions = np.where(
        np.abs(positions - whole) < SPACING_TOLERANCE, whole, positions
    )
    return channel_matrix(positions, sky.shape[0], line_spread, boundary)


def spatial_terms(
    name: str, observation: xr.Dataset, sky: SkyGrid, kernels: Kernels, boundary: str
) -> list[tuple[np.ndarray, Matrix]]:
    """Return weights (energy,) and matrices (pixel, sky pixel), a pair per term.

    Where light of an energy lands is the sum over terms of weight times matrix: PSF and
    pixels, and vignetting relative to the effective area.
    """
    blurs = _blurs(name, observation, sky, kernels, boundary)
    return [
        (psf_weight * weight, weighted(blur, image.ravel()))
        for psf_weight, blur in blurs
        for weight, image in vignetting_terms(name, observation, sky)
    ]


def _blurs(
    name: str, observation: xr.Dataset, sky: SkyGrid, kernels: Kernels, boundary: str
) -> list[tuple[np.ndarray, Matrix]]:
    everywhere = np.ones(sky.shape[0])
    given = spatial_matrix_of(observation)
    if given is not None:
        return [(everywhere, structure(given))]
    factor, field = placement(name, observation, sky)

    def blur(psf: np.ndarray | None) -> Matrix:
        image_shape = sky.shape[1:]
        return blur_and_rebin(
            psf, image_shape, factor=factor, boundary=boundary, field=field
        )

    if kernels.psf is None:
        return [(everywhere, blur(None))]
    if kernels.psf_energy is None:
        return [(everywhere, blur(kernels.psf[0]))]
    weights = interpolation_weights(kernels.psf_energy, sky.energy)
    return [(weight, blur(psf)) for weight, psf in separated(weights, kernels.psf)]


def placement(
    name: str, observation: xr.Dataset, sky: SkyGrid
) -> tuple[int, tuple[slice, slice]]:
    """Return the sky pixels per instrument pixel side, and the field on the sky."""
    ratio = observation.attrs["pixel_size_arcsec"] / sky.pixel_size_arcsec
    factor = round(ratio)
    if factor < 1 or abs(ratio - factor) > SPACING_TOLERANCE:
        raise SchemaError(
            f"pixel_size_arcsec of {name} must be a whole multiple of the sky pixels "
            f"of {sky.pixel_size_arcsec:g} arcsec; got "
            f"{observation.attrs['pixel_size_arcsec']:g}. Give a spatial_matrix."
        )
    rows, columns = (
        sky_slice(*field_edges(observation, axis), centres, sky.pixel_size_arcsec,
                  name=name)
        for axis, centres in (("y", sky.y), ("x", sky.x))
    )  # fmt: skip
    return factor, (rows, columns)


def vignetting_terms(
    name: str, observation: xr.Dataset, sky: SkyGrid
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return spectral weights (energy,) and images (y, x) of the sky, per term."""
    if "vignetting" not in observation:
        return [(np.ones(sky.shape[0]), np.ones(sky.shape[1:]))]
    vignetting = observation["vignetting"]
    pads = [
        _margins(name, vignetting[f"{axis}_sky"].values, centres, sky.pixel_size_arcsec)
        for axis, centres in (("y", sky.y), ("x", sky.x))
    ]
    if vignetting.ndim == 2:
        image = np.pad(vignetting.values, pads, mode="edge")
        return [(np.ones(sky.shape[0]), image)]
    margin = (sky.n_margin_channels, sky.n_margin_channels)
    images = np.pad(vignetting.values, [margin, *pads], mode="edge")
    return separated(None, images)


def _margins(
    name: str, found: np.ndarray, centres: np.ndarray, size: float
) -> tuple[int, int]:
    """Return how many sky pixels lie before and after those of an image."""
    low, high = found[0] - 0.5 * size, found[-1] + 0.5 * size
    inside = sky_slice(low, high, centres, size, name=f"vignetting of {name}")
    return inside.start, centres.size - inside.stop
