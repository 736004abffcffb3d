"""What was fused, as files of the field's formats: counts, responses, areas, PSFs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from hifred import dims
from hifred.observations import FusionInput, background_of, mask_of
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.formats.ogip_writers import write_arf, write_rmf
from hifred.observations.formats.rmf import Arf
from hifred.observations.instrument_response import instrument_response
from hifred.observations.matching.kernels import full_kernels
from hifred.observations.sky import SkyGrid, build_sky_grid
from hifred.observations.sky_place import instrument_pixels


def export_input(fusion_input: FusionInput, folder: Path) -> list[Path]:
    """Write counts, mask, response and area of every instrument; return the files.

    `hifred prepare` reads them again. Vignetting and spatial matrices have no format
    that other programs read, and are left out.

    Parameters
    ----------
    fusion_input : FusionInput
    folder : Path
        Where to write, for each instrument, ``NAME.fits`` and ``NAME_mask.fits`` at
        its place on the sky, ``NAME_background.fits`` where one is expected,
        ``NAME.rmf``, ``NAME.arf`` and ``NAME_psf.fits`` (with several energies
        ``NAME_psf_1.fits``... and the energy as PSFENERG, keV).
    """
    folder.mkdir(parents=True, exist_ok=True)
    sky = build_sky_grid(fusion_input.observations, 0, 0)
    written = []
    for name, observation in fusion_input.observations.items():
        images = {**_cubes(name, observation), **_psfs(name, observation)}
        for file, image in images.items():
            write_sky_image(folder / file, image)
        written += [folder / file for file in images]
        written += _write_response(folder, name, observation, sky)
    return written


def _cubes(name: str, observation: xr.Dataset) -> dict[str, SkyImage]:
    grid = instrument_pixels(observation)
    edges = observation["channel_edges"].values
    header = {"EXPOSURE": float(observation["exposure_time"]), "INSTRUME": name}
    cubes = {
        f"{name}.fits": (observation["counts"].values, dims.COUNT),
        f"{name}_mask.fits": (mask_of(observation).astype(np.uint8), ""),
    }
    if "background" in observation:
        cubes[f"{name}_background.fits"] = (background_of(observation), dims.COUNT)
    return {
        file: SkyImage(values, grid, unit, edges, header)
        for file, (values, unit) in cubes.items()
    }


def _psfs(name: str, observation: xr.Dataset) -> dict[str, SkyImage]:
    return {
        f"{name}_psf{number}.fits": image for number, image in _psf_images(observation)
    }


def _psf_images(observation: xr.Dataset) -> Iterator[tuple[str, SkyImage]]:
    kernels = full_kernels(observation)
    if kernels.psf is None:
        return
    size = float(observation.attrs["sky_pixel_size_arcsec"])
    energies = kernels.psf_energy
    pixels = instrument_pixels(observation)
    for node, psf in enumerate(kernels.psf):
        grid = pixels.with_size(size, psf.shape)
        header = {} if energies is None else {"PSFENERG": float(energies[node])}
        number = "" if energies is None else f"_{node + 1}"
        yield number, SkyImage(psf, grid, "", None, header)


def _write_response(
    folder: Path, name: str, observation: xr.Dataset, sky: SkyGrid
) -> list[Path]:
    rmf = instrument_response(name, observation, sky)
    area = observation["effective_area"].values
    write_rmf(folder / f"{name}.rmf", rmf)
    write_arf(folder / f"{name}.arf", Arf(sky.energy_edges, area, rmf.keywords))
    return [folder / f"{name}.rmf", folder / f"{name}.arf"]
