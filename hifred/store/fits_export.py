"""A fused cube as files that DS9, XSPEC, gammapy and spectral-cube open."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.observations import FusionInput
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.formats.ogip_writers import write_arf, write_pha, write_rmf
from hifred.observations.formats.pha import Spectrum
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.sky_place import sky_pixels
from hifred.products.draws import SpreadCubes
from hifred.products.target_response import cube_line_spread, line_spread_matrix
from hifred.store.flux_errors import Bootstrap, FluxErrors, flux_errors

__all__ = ["cube_response", "export_fits", "region_spectrum"]

KEYWORDS = {"TELESCOP": "HIFRED", "INSTRUME": "FUSED"}
# OGIP: marked bad by software.
BAD = 2


def export_fits(
    result: xr.Dataset,
    folder: str | PathLike[str],
    *,
    fusion_input: FusionInput | None = None,
    regions: Mapping[str, np.ndarray] | None = None,
    draws: SpreadCubes | None = None,
    bootstrap: Bootstrap | None = None,
    header: Mapping[str, object] | None = None,
) -> list[Path]:
    """Write a fused cube, its image and region spectra as FITS files.

    Parameters
    ----------
    result : Dataset
        ``flux`` (energy, y, x) in photon cm-2 s-1 per bin, ``reference_exposure``
        (energy) in cm2 s and ``energy_edges`` in keV, as a fusion returns.
    folder : path
        Where to write: ``cube.fits``, ``image.fits``, ``brightness.fits`` (the cube per
        square arcsec, as Cubeviz opens it) and, per region, ``NAME.pha`` with
        ``NAME.rmf`` and ``NAME.arf``; existing files are replaced.
    fusion_input : FusionInput, optional
        What was fused: gives the WCS, the exposure time and the line spread.
    regions : mapping of str to (y, x) array, optional
        Pixels in each, bool, or the shares of `hifred.read_regions`. By default
        ``field``, all pixels.
    draws : Draws, optional
        From `hifred.read_draws`. Spectra then have errors, cube and image an extension
        ``UNCERT`` of standard deviations, and ``cube_error.fits`` and
        ``image_error.fits`` hold the same for programs that read one image of a file.
        Whatever is summed is summed in each draw before its error is taken.
    bootstrap : (replica, energy, y, x) DataArray, or Dataset, optional
        Instead of draws: refitted fluxes, or the summary of a bootstrap with
        ``standard_error`` (energy, y, x). Refits tell how pixels vary together; from a
        summary, pixels are taken as independent.
    header : mapping, optional
        Further keywords of the images, such as the settings of the fusion.

    Returns
    -------
    list of Path
        The files written.

    Notes
    -----
    A spectrum holds ``flux * reference_exposure``: counts of an instrument with this
    exposure, at the resolution of the cube. Its bins are not independent and not
    Poisson; without draws its errors (STAT_ERR, which OGIP asks for where POISSERR is
    false) are those of as many Poisson counts, a guess to start from. ERRFROM tells
    which: ``draws``, ``voxels`` (of a summary) or ``guess``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    errors = flux_errors(result, draws, bootstrap)
    grid = sky_pixels(result, fusion_input)
    written = _write_cubes(folder, result, grid, errors, header or {})
    chosen = regions or {"field": np.ones(grid.shape, dtype=bool)}
    for name, region in chosen.items():
        _check_region(name, region, grid.shape)
        spectrum = region_spectrum(result, region, fusion_input, errors)
        written += write_spectrum(folder, name, spectrum, result, fusion_input)
    return written


def _check_region(name: str, region: np.ndarray, shape: tuple[int, int]) -> None:
    if np.shape(region) != shape or not np.any(region):
        raise HifredError(
            f"region {name!r} must be a bool image of {shape}, or one of shares, with "
            f"pixels in it; got shape {np.shape(region)} with {np.sum(region):g}."
        )


def _write_cubes(
    folder: Path,
    result: xr.Dataset,
    grid: PixelGrid,
    errors: FluxErrors | None,
    header: Mapping[str, object],
) -> list[Path]:
    edges = result["energy_edges"].values
    flux = result["flux"].values
    values = {"cube": flux, "image": flux.sum(axis=0, dtype=np.float64)}
    known = {**KEYWORDS, "E_MIN": float(edges[0]), "E_MAX": float(edges[-1]), **header}
    written = []
    for name, image in values.items():
        sky = SkyImage(image, grid, dims.FLUX_UNIT, edges, known)
        written.append(folder / f"{name}.fits")
        if errors is None:
            write_sky_image(written[-1], sky)
            continue
        error = errors.voxels() if image.ndim == 3 else errors.image()
        write_sky_image(written[-1], sky, error=error, about_error=errors.facts)
        written.append(folder / f"{name}_error.fits")
        write_sky_image(written[-1], replace(sky, values=error))
    cube = SkyImage(flux, grid, dims.FLUX_UNIT, edges, known)
    return [*written, _write_brightness(folder / "brightness.fits", cube, errors)]


def _write_brightness(path: Path, cube: SkyImage, errors: FluxErrors | None) -> Path:
    """Write a cube per square arcsec, by the names that Cubeviz looks for."""
    area = cube.grid.pixel_size_arcsec**2
    values = np.asarray(cube.values / area, dtype=cube.values.dtype)
    sky = replace(cube, values=values, unit=f"{dims.FLUX_UNIT} arcsec-2")
    error = None if errors is None else errors.voxels() / area
    facts = None if errors is None else errors.facts
    write_sky_image(path, sky, error=error, about_error=facts, names=("FLUX", "ERR"))
    return path


def region_spectrum(
    result: xr.Dataset,
    region: np.ndarray,
    fusion_input: FusionInput | None = None,
    errors: FluxErrors | None = None,
) -> Spectrum:
    """Return the spectrum of a region, in counts of the reference exposure.

    Parameters
    ----------
    result, fusion_input
        As for `export_fits`.
    region : (y, x) array, bool or shares of pixels
        Pixels to sum.
    errors : FluxErrors, optional
        From `hifred.store.flux_errors`.
    """
    flux = summed_flux(result["flux"].values, region)
    error = None if errors is None else errors.region(region)
    spectrum = flux_spectrum(result, flux, error, fusion_input)
    share = np.full(len(flux), float(np.mean(region)))
    facts = {"ERRFROM": "guess"} if errors is None else errors.facts
    keywords = {**spectrum.keywords, **facts}
    return replace(spectrum, background_scale=share, keywords=keywords)


def summed_flux(flux: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Return the sum (..., energy) of cubes (..., energy, y, x) in shares of pixels."""
    weights = np.asarray(region, dtype=np.float64)
    return np.tensordot(np.asarray(flux, dtype=np.float64), weights, axes=2)


def flux_spectrum(
    result: xr.Dataset,
    flux: np.ndarray,
    error: np.ndarray | None = None,
    fusion_input: FusionInput | None = None,
) -> Spectrum:
    """Return a flux as counts of the reference exposure.

    Parameters
    ----------
    result, fusion_input
        As for `export_fits`.
    flux, error : (energy,) arrays, photon cm-2 s-1 per bin
        Without errors, those of as many Poisson counts are a guess to start from.
        Bins without any error are marked bad (QUALITY 2), with an error of 1 count.
    """
    exposure = result["reference_exposure"].values
    counts = flux * exposure
    # Below 1 count an error of 0 would outweigh all others.
    guess = np.sqrt(np.maximum(counts, 1.0))
    known = guess if error is None else error * exposure
    certain = known <= 0  # and so does one in which all draws agree
    return Spectrum(
        channel=np.arange(len(flux)),
        counts=counts,
        exposure_time=_exposure_time(fusion_input),
        error=np.where(certain, 1.0, known),
        is_poisson=False,
        # As columns: gammapy reads no keywords.
        quality=np.where(certain, BAD, 0),
        background_scale=np.ones(len(flux)),
        keywords={**KEYWORDS, **_observed(fusion_input)},
    )


def _observed(fusion_input: FusionInput | None) -> dict[str, str]:
    """Return OBS_ID, with the identifiers of all observations that tell theirs."""
    observations = {} if fusion_input is None else fusion_input.observations
    found = [str(o.attrs.get("obs_id", "")) for o in observations.values()]
    joined = " ".join(dict.fromkeys(name for name in found if name))
    return {"OBS_ID": joined or "unknown"}  # without one gammapy reads no spectrum


def _spectrometers(fusion_input: FusionInput | None) -> list[xr.Dataset]:
    observations = {} if fusion_input is None else fusion_input.observations
    return [o for o in observations.values() if o.attrs["role"] == "spectrometer"]


def _exposure_time(fusion_input: FusionInput | None) -> float:
    found = [float(o["exposure_time"]) for o in _spectrometers(fusion_input)]
    return found[0] if found else 1.0


def write_spectrum(
    folder: Path,
    name: str,
    spectrum: Spectrum,
    result: xr.Dataset,
    fusion_input: FusionInput | None = None,
) -> list[Path]:
    """Write a region's spectrum with the responses that fold a model to it."""
    edges = result["energy_edges"].values
    files = {"RESPFILE": f"{name}.rmf", "ANCRFILE": f"{name}.arf"}
    area = result["reference_exposure"].values / spectrum.exposure_time
    write_arf(folder / files["ANCRFILE"], Arf(edges, area, KEYWORDS))
    response = cube_response(result, fusion_input)
    write_rmf(folder / files["RESPFILE"], response)
    named = replace(spectrum, files=files)
    write_pha(folder / f"{name}.pha", named, response=response)
    return [folder / f"{name}.pha", *(folder / file for file in files.values())]


def cube_response(result: xr.Dataset, fusion_input: FusionInput | None = None) -> Rmf:
    """Return the redistribution between the true sky and the fused cube.

    It is the sharpest spectrometer's line spread where the cube has that resolution,
    and the identity for an intrinsic cube or where no line spread is known.
    """
    edges = result["energy_edges"].values
    n = len(edges) - 1
    kernel = cube_line_spread(result, fusion_input)
    return Rmf(
        line_spread_matrix(np.ones(1) if kernel is None else kernel, n),
        edges,
        np.arange(n),
        edges[:-1],
        edges[1:],
        keywords=KEYWORDS,
    )
