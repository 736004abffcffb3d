"""Spectra of regions as files: OGIP spectra and responses, tables, what is true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from hifred.errors import HifredError
from hifred.observations import FusionInput
from hifred.observations.formats.file_names import file_names, keyword_text
from hifred.observations.formats.ogip_writers import write_pha
from hifred.observations.formats.pha import Spectrum
from hifred.products.draws import SpreadCubes
from hifred.regions import SkyRegion, write_regions
from hifred.spectra.note import spectra_note
from hifred.spectra.region_file import write_region_file
from hifred.spectra.region_flux import region_flux
from hifred.spectra.statistics import flux_correlation, region_table
from hifred.store.fits_export import cube_response, flux_spectrum, write_spectrum
from hifred.store.flux_errors import drawn_facts


@dataclass(frozen=True)
class WrittenSpectra:
    """What was written of some regions.

    Parameters
    ----------
    table : DataFrame
        From `region_table`.
    files : list of Path
    """

    table: pd.DataFrame
    files: list[Path]


def write_spectra(
    folder: str | PathLike[str],
    result: xr.Dataset,
    regions: Sequence[SkyRegion],
    *,
    fusion_input: FusionInput | None = None,
    draws: SpreadCubes | None = None,
    has_each_draw: bool = False,
    is_corrected: bool = True,
) -> WrittenSpectra:
    """Write the spectrum of each region with responses, and what is known of them.

    Parameters
    ----------
    folder : path
        Where to write, existing files are replaced: ``NAME.pha``, ``.rmf`` and
        ``.arf`` per region, ``regions.csv``, ``regions.fits`` (see
        `hifred.spectra.region_file.write_region_file`), ``regions.reg``,
        ``README.txt``; with draws ``correlation.csv`` of the regions' fluxes.
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    regions : sequence of SkyRegion
        From `hifred.read_regions` on the pixels of the cube.
    fusion_input : FusionInput, optional
        What was fused: gives exposure time and line spread, and corrects the spectra
        for what the prior moved between regions (`hifred.products.RegionLeaks`).
    draws : Draws, optional
        From `hifred.read_draws`: the errors of the spectra. Without them errors are
        those of as many Poisson counts.
    has_each_draw : bool
        Whether the spectrum of each draw is written too, ``draws/NAME-0001.pha``,
        which names the responses of its region.
    is_corrected : bool
        Whether the spectra are corrected, or mere sums over the cube's pixels.

    Returns
    -------
    WrittenSpectra
        The files, and the table of the regions.

    Raises
    ------
    HifredError
        If regions or draws are not of the cube, or a file cannot be written.

    Notes
    -----
    A spectrum holds flux times the reference exposure: counts of an instrument with
    that exposure, whose area is the ARF and whose line spread is the RMF.
    ``README.txt`` says how its bins depend on one another and how to fit them.
    """
    folder = Path(folder)
    if has_each_draw and draws is None:
        raise HifredError(
            "the spectra of draws must have draws; got none. Draw them with `hifred "
            "sample`."
        )
    source = fusion_input if is_corrected else None
    spectra = region_flux(result, regions, draws, source)
    table = region_table(result, regions, spectra)
    stems = file_names(region.name for region in regions)
    facts = {"ERRFROM": "guess"} if draws is None else drawn_facts(draws)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = _write_tables(folder, regions, spectra, table)
        note = spectra_note(
            result, table, fusion_input, draws, is_corrected=source is not None
        )
        (folder / "README.txt").write_text(note, encoding="utf-8")
        for region in regions:
            spectrum = _spectrum(result, region, spectra, fusion_input, facts)
            stem = stems[region.name]
            written += write_spectrum(folder, stem, spectrum, result, fusion_input)
            if has_each_draw:
                written += _write_draws(folder, stem, spectra, region, result, spectrum)
    except OSError as error:
        raise HifredError(
            f"output must be writable; {folder}: {error.strerror or error}."
        ) from error
    return WrittenSpectra(table, [*written, folder / "README.txt"])


def _spectrum(
    result: xr.Dataset,
    region: SkyRegion,
    spectra: xr.Dataset,
    fusion_input: FusionInput | None,
    facts: Mapping[str, object],
) -> Spectrum:
    own = spectra.sel(region=region.name)
    error = own["standard_error"].values if "standard_error" in own else None
    found = flux_spectrum(result, own["flux"].values, error, fusion_input)
    share = float(region.weights.mean())
    named = {"REGION": keyword_text(region.name), **facts}
    return replace(
        found,
        keywords={**found.keywords, **named},
        background_scale=np.full(len(found.counts), share),
    )


def _write_draws(
    folder: Path,
    stem: str,
    spectra: xr.Dataset,
    region: SkyRegion,
    result: xr.Dataset,
    spectrum: Spectrum,
) -> list[Path]:
    (folder / "draws").mkdir(exist_ok=True)
    drawn = spectra["drawn_flux"].sel(region=region.name).values
    exposure = result["reference_exposure"].values
    files = {"RESPFILE": f"../{stem}.rmf", "ANCRFILE": f"../{stem}.arf"}
    response = cube_response(result)
    written = []
    for number, flux in enumerate(drawn, start=1):
        path = folder / "draws" / f"{stem}-{number:04d}.pha"
        one = replace(spectrum, counts=flux * exposure, files=files)
        write_pha(path, one, response=response)
        written.append(path)
    return written


def _write_tables(
    folder: Path,
    regions: Sequence[SkyRegion],
    spectra: xr.Dataset,
    table: pd.DataFrame,
) -> list[Path]:
    written = [folder / "regions.csv", folder / "regions.fits"]
    table.to_csv(written[0])
    write_region_file(written[1], table, spectra)
    drawn = [region for region in regions if region.shapes]
    if drawn:
        written.append(write_regions(folder / "regions.reg", drawn))
    if "drawn_flux" in spectra:
        written.append(folder / "correlation.csv")
        flux_correlation(spectra).to_csv(written[-1])
    return written
