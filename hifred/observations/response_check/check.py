"""Do two observations agree through their responses? Figures, before a fusion."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from hifred.observations.forward import build_responses
from hifred.observations.matching.kernels import Kernels, kernel_sigmas, kernels_for
from hifred.observations.response_check.band_images import image_rows
from hifred.observations.response_check.report import CheckRow, ResponseReport
from hifred.observations.response_check.summed_spectra import spectrum_rows
from hifred.observations.response_check.transfer import (
    FEWEST_COMPLETE,
    Comparison,
    compare,
)
from hifred.observations.sky import SkyGrid, build_sky_grid
from hifred.operators.response import Response


def check_responses(
    observations: Mapping[str, xr.Dataset],
    *,
    target_resolution: str = "matched",
    boundary: str = "zero",
) -> ResponseReport:
    """Compare every imager with every spectrometer through the model.

    The spectrometer's counts, seen through the imager's channels, must look like the
    imager's, seen through the spectrometer's pixels: no fusion is needed for that. The
    band images then tell normalisation, shift, PSF width and orientation; the summed
    spectra tell the ratio of areas, energy scale and response width.

    Parameters
    ----------
    observations : mapping of str to Dataset
    target_resolution, boundary : str
        As the fusion will use them; see `build_responses`.

    Returns
    -------
    ResponseReport
        Every figure with its expected scatter; ``is_ok`` and ``warnings``.
    """
    sky = build_sky_grid(observations)
    kernels = kernels_for(observations, target_resolution)
    responses = build_responses(
        observations, sky, target_resolution=target_resolution, boundary=boundary
    )
    roles = {name: o.attrs["role"] for name, o in observations.items()}
    rows: list[CheckRow] = []
    notes: list[str] = []
    for imager in (name for name in roles if roles[name] == "imager"):
        for spectrometer in (n for n in roles if roles[n] == "spectrometer"):
            names = (imager, spectrometer)
            comparison = compare(
                observations[imager],
                responses[imager],
                observations[spectrometer],
                responses[spectrometer],
            )
            if comparison.pixels.sum() < FEWEST_COMPLETE:
                notes.append(f"{imager} and {spectrometer} share too few pixels.")
                continue
            rows += _pair_rows(names, comparison, sky, kernels, responses)
    return ResponseReport(tuple(rows), tuple(notes))


def _pair_rows(
    names: tuple[str, str],
    comparison: Comparison,
    sky: SkyGrid,
    kernels: Mapping[str, Kernels],
    responses: Mapping[str, Response],
) -> list[CheckRow]:
    data_shape = responses[names[1]].output_shape
    bin_width = 1000 * float(np.diff(sky.energy_edges).mean())
    return image_rows(
        names,
        comparison,
        (sky.shape[1:], data_shape[1:]),
        _psf_sigma(kernels[names[1]], sky),
        sky.pixel_size_arcsec,
    ) + spectrum_rows(
        names, comparison, _spread_sigma(kernels[names[0]], comparison), bin_width
    )


def _psf_sigma(kernels: Kernels, sky: SkyGrid) -> float:
    """Return the rms width of the blur at mid-band, mean of y and x, sky pixels."""
    middle = float(sky.energy[sky.shape[0] // 2])
    return float(np.sqrt(np.mean(kernel_sigmas(kernels.psf_at(middle)) ** 2)))


def _spread_sigma(kernels: Kernels, comparison: Comparison) -> float:
    """Return the rms width of the imager's response, energy bins."""
    if kernels.line_spread is not None:
        return float(kernel_sigmas(kernels.line_spread)[0])
    whole = np.flatnonzero(comparison.groups)
    weights = comparison.channels[:, whole[whole.size // 2]]
    weights = weights / weights.sum()
    at = np.arange(weights.size)
    variance = float(weights @ (at - weights @ at) ** 2)
    # The channels of the group are about as wide as their spacing.
    return float(
        np.sqrt(max(variance - (at.size / len(comparison.groups)) ** 2 / 12, 0))
    )
