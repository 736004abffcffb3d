"""Do two observations agree through their responses? Figures, before a fusion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from hifred.observations.end_channels import end_channels
from hifred.observations.forward import build_responses
from hifred.observations.geometry.pixel_grid import grid_from_text
from hifred.observations.matching.kernels import Kernels, kernel_sigmas, kernels_for
from hifred.observations.observation import UNUSUAL_EVENTS
from hifred.observations.response_check.band_images import FITTED as BAND_FIGURES
from hifred.observations.response_check.band_images import image_rows
from hifred.observations.response_check.end_channels import end_notes
from hifred.observations.response_check.hot_pixels import hot_pixel_rows
from hifred.observations.response_check.hypotheses import Pair
from hifred.observations.response_check.likely_causes import explain
from hifred.observations.response_check.misfit import Misfit
from hifred.observations.response_check.report import CheckRow, ResponseReport
from hifred.observations.response_check.stray_channels import (
    channels_of,
    stray_groups,
    stray_row,
)
from hifred.observations.response_check.summed_spectra import spectrum_rows
from hifred.observations.response_check.transfer import (
    FEWEST_COMPLETE,
    Comparison,
    compare,
)
from hifred.observations.sky import SkyGrid, build_sky_grid, extended_area
from hifred.operators.response import Response

# Two imagers are compared in these alone: neither resolves the other's spectrum.
IMAGER_FIGURES = ("normalisation", "shift along y", "shift along x")


def check_responses(
    observations: Mapping[str, xr.Dataset],
    *,
    target_resolution: str = "matched",
    boundary: str = "zero",
) -> ResponseReport:
    """Compare every imager with every spectrometer, and other imagers with the first.

    The spectrometer's counts, seen through the imager's channels, must look like the
    imager's, seen through the spectrometer's pixels: no fusion is needed for that. The
    band images then tell normalisation, shift, PSF width and orientation; the summed
    spectra tell the ratio of areas, energy scale and response width, and channels of
    the imager that are contaminated or dead are named and left out, and those at the
    ends of the band that record light from beyond it are named, as are its pixels that
    are brighter than its PSF lets any source be. Where a figure is
    wrong, everything that may be behind it is fitted against the others (`explain`).
    Of two imagers only the images are compared, in brightness and position.

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
    reports = [
        report
        for names in _pairs(observations)
        for report in _reports(names, observations, responses, sky, kernels)
    ]
    return ResponseReport(
        tuple(row for report in reports for row in report.rows),
        tuple(note for report in reports for note in report.notes),
        tuple(cause for report in reports for cause in report.causes),
    )


def _reports(
    names: tuple[str, str],
    observations: Mapping[str, xr.Dataset],
    responses: Mapping[str, Response],
    sky: SkyGrid,
    kernels: Mapping[str, Kernels],
) -> Iterator[ResponseReport]:
    """Yield what there is to say of one pair."""
    first, second = names
    comparison = compare(
        observations[first],
        responses[first],
        observations[second],
        responses[second],
    )
    n_shared = int(comparison.pixels.sum())
    if n_shared < FEWEST_COMPLETE:
        yield _not_compared(names, n_shared)
        return
    # All other figures are those of the rest: one contaminated band spoils them.
    stray = stray_groups(comparison)
    rest = replace(comparison, groups=comparison.groups & (stray == 1))
    rows = [stray_row(names, stray, observations[first])]
    usual = ~channels_of(stray != 1, observations[first].sizes["channel"])
    rows += hot_pixel_rows(names, observations[first], responses[first], usual)
    rows += _pair_rows(names, rest, sky, kernels, responses)
    yield _pair_report(names, rest, observations, sky, rows)
    known = replace(rest, dead=rest.dead | (stray != 1))
    yield _ends_report(names, known, observations, sky, kernels)


def _not_compared(names: tuple[str, str], n_shared: int) -> ResponseReport:
    note = (
        f"{names[0]} and {names[1]} share too few pixels: {n_shared} of {names[1]} are "
        f"seen whole by both, and it takes {FEWEST_COMPLETE}; they were not compared."
    )
    return ResponseReport((), (note,))


def _ends_report(
    names: tuple[str, str],
    comparison: Comparison,
    observations: Mapping[str, xr.Dataset],
    sky: SkyGrid,
    kernels: Mapping[str, Kernels],
) -> ResponseReport:
    """Return a note on channels that were left out, for their light from beyond."""
    imager, other = (observations[name] for name in names)
    if other.attrs["role"] == "imager":
        return ResponseReport(())
    ends = end_channels(names[0], imager, sky, kernels[names[0]].line_spread)
    return ResponseReport((), end_notes(names, comparison, ends, imager))


def _pair_report(
    names: tuple[str, str],
    comparison: Comparison,
    observations: Mapping[str, xr.Dataset],
    sky: SkyGrid,
    rows: list[CheckRow],
) -> ResponseReport:
    """Return the figures that count for a pair, and what explains the wrong ones."""
    second = observations[names[1]]
    if second.attrs["role"] == "imager":
        kept = tuple(row for row in rows if row.name in IMAGER_FIGURES)
        return ResponseReport(kept, _unusual_events(names, observations, kept))
    notes = _not_told(names, [row.name for row in rows])
    if all(row.is_ok for row in rows):
        return ResponseReport(tuple(rows), notes)
    notes += _unusual_events(names, observations, rows)
    area = extended_area(second, 0) / sky.reference_exposure
    shapes = (sky.shape[1:], (second.sizes["y"], second.sizes["x"]))
    misfit = Misfit(comparison, sky.energy, area, *shapes)
    causes = explain(misfit, _pair(names, observations, sky, rows))
    return ResponseReport(tuple(rows), notes, causes)


def _unusual_events(
    names: tuple[str, str],
    observations: Mapping[str, xr.Dataset],
    rows: Sequence[CheckRow],
) -> tuple[str, ...]:
    """Return what may be behind wrong figures: events that are dropped usually."""
    if all(row.is_ok for row in rows):
        return ()
    told = (str(observations[name].attrs.get(UNUSUAL_EVENTS, "")) for name in names)
    return tuple(f"{text} This may be why they disagree." for text in told if text)


def _not_told(names: tuple[str, str], told: list[str]) -> tuple[str, ...]:
    """Return a note on the figures that images and spectra hold too little of."""
    missing = [name for name in BAND_FIGURES if name not in told]
    if not missing:
        return ()
    return (
        f"{names[0]} and {names[1]} are too faint, or too much alike everywhere, to "
        f"tell {', '.join(missing)}.",
    )


def _pairs(observations: Mapping[str, xr.Dataset]) -> list[tuple[str, str]]:
    """Return every imager with every spectrometer, and the first with the others."""
    imagers, spectrometers = (
        [name for name, o in observations.items() if o.attrs["role"] == role]
        for role in ("imager", "spectrometer")
    )
    return [(i, s) for i in imagers for s in spectrometers] + [
        (imagers[0], other) for other in imagers[1:]
    ]


def _pair(
    names: tuple[str, str],
    observations: Mapping[str, xr.Dataset],
    sky: SkyGrid,
    rows: list[CheckRow],
) -> Pair:
    data = observations[names[1]]
    size = sky.pixel_size_arcsec
    width = next((r.expected for r in rows if r.name == "response width (sigma)"), 0.0)
    return Pair(
        *names,
        pixel_size_arcsec=size,
        roll_deg=_roll_deg(data),
        data_shape=(data.sizes["y"], data.sizes["x"]),
        reach=2 * data.attrs["pixel_size_arcsec"] / size,
        response_kev=max(1e-3 * width, float(np.diff(sky.energy_edges).mean())),
    )


def _roll_deg(observation: xr.Dataset) -> float:
    """Return the position angle of the y axis of an observation's WCS, 0 without."""
    text = str(observation.attrs.get("wcs", ""))
    if "CTYPE1" not in text:
        return 0.0
    matrix = grid_from_text(text).wcs.pixel_scale_matrix
    return float(np.degrees(np.arctan2(matrix[0, 1], matrix[1, 1])))


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
