"""The counts of groups of pixels and their responses, as OGIP files."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hifred.mixing.groups import good_channels
from hifred.mixing.mixing import Mixing
from hifred.mixing.view import InstrumentView
from hifred.observations import background_of
from hifred.observations.formats.file_names import file_names, keyword_text
from hifred.observations.formats.ogip_writers import write_arf, write_pha, write_rmf
from hifred.observations.formats.pha import Spectrum
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.instrument_response import (
    instrument_keywords,
    instrument_response,
)
from hifred.observations.matching.kernels import full_kernels, kernel_sigmas

RESPONSE = "response.rmf"
# An expected background is known: as if it were measured for so many times longer.
BACKGROUND_FACTOR = 1000.0
# Channels this near to the band's ends miss what lands in them from beyond it, in
# standard deviations of the line spread.
BLIND_SIGMAS = 3.0
BAD = 2


@dataclass(frozen=True)
class PairFiles:
    """Names of the files of one fit.

    Parameters
    ----------
    spectra : dict
        Group to its PHA.
    areas : dict
        (region, group) to the ARF of the region's light in the group.
    """

    spectra: dict[str, str]
    areas: dict[tuple[str, str], str]


def pair_files(regions: list[str], groups: list[str]) -> PairFiles:
    """Return the names of the files of a fit of these groups to these regions."""
    stems = file_names(dict.fromkeys([*groups, *regions]))
    areas = {
        (region, group): f"{stems[region]}_in_{stems[group]}.arf"
        for group in groups
        for region in regions
    }
    return PairFiles({group: f"{stems[group]}.pha" for group in groups}, areas)


def detector_response(view: InstrumentView) -> Rmf:
    """Return the full redistribution of an instrument, not that of the fused cube."""
    return instrument_response(view.name, view.observation, view.sky)


def write_detector_files(folder: Path, mixed: Mixing, files: PairFiles) -> list[Path]:
    """Write the response, and spectra and cross-ARFs of all groups and regions."""
    view, groups = mixed.view, mixed.groups
    response = detector_response(view)
    write_rmf(folder / RESPONSE, response)
    written = [folder / RESPONSE]
    edges, keywords = view.sky.energy_edges, response.keywords
    for (region, group), name in files.areas.items():
        share = mixed.data["share"].sel(region=region, group=group).values
        area = np.maximum(share, 0.0) * view.area
        told = {"REGION": keyword_text(region), "GROUP": keyword_text(group)}
        write_arf(folder / name, Arf(edges, area, {**keywords, **told}))
        written.append(folder / name)
    for number, group in enumerate(groups.names):
        pixels = groups.labels == number
        own = files.areas.get((group, group), "none")
        spectrum = _spectrum(view, pixels, {"RESPFILE": RESPONSE, "ANCRFILE": own})
        background = background_of(view.observation)[:, pixels].sum(axis=1)
        path = folder / files.spectra[group]
        written += _write_spectrum(path, spectrum, background, response)
    return written


def _spectrum(
    view: InstrumentView, pixels: np.ndarray, files: dict[str, str]
) -> Spectrum:
    counts = view.observation["counts"].values[:, pixels].sum(axis=1)
    bad = ~good_channels(view) | _blind_channels(view)
    return Spectrum(
        channel=np.arange(len(counts)),
        counts=counts.astype(float),
        exposure_time=view.exposure_time,
        quality=np.where(bad, BAD, 0),
        background_scale=np.ones(len(counts)),
        files=files,
        keywords={
            **instrument_keywords(view.name, view.observation),
            "NPIXELS": int(pixels.sum()),
        },
    )


def _blind_channels(view: InstrumentView) -> np.ndarray:
    """Return which channels (channel,) are too near to the ends of the energies."""
    edges, energies = view.observation["channel_edges"].values, view.sky.energy_edges
    spread = full_kernels(view.observation).line_spread
    reach = 0.0
    if spread is not None:
        step = float(np.median(np.diff(energies)))
        reach = BLIND_SIGMAS * float(kernel_sigmas(spread)[0]) * step
    slack = 1e-9 * energies[-1]
    too_low = edges[:-1] < energies[0] + reach - slack
    too_high = edges[1:] > energies[-1] - reach + slack
    return np.asarray(too_low | too_high)


def _write_spectrum(
    path: Path, spectrum: Spectrum, background: np.ndarray, response: Rmf
) -> list[Path]:
    written = [path]
    if background.any():
        written.append(path.with_name(f"{path.stem}_bkg.pha"))
        known = replace(
            spectrum,
            counts=BACKGROUND_FACTOR * background,
            exposure_time=BACKGROUND_FACTOR * spectrum.exposure_time,
            files={},
        )
        write_pha(written[-1], known, response=response)
        named = {**spectrum.files, "BACKFILE": written[-1].name}
        spectrum = replace(spectrum, files=named)
    write_pha(written[0], spectrum, response=response)
    return written
