"""Files of a toy imager and a toy Resolve-like spectrometer, written as FITS."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.formats.ogip import read_rmf
from hifred.observations.formats.ogip_writers import write_arf, write_pha, write_rmf
from hifred.observations.formats.pha import Spectrum
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.geometry.overlap import spatial_matrix
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
    resolve_array,
    tangent_grid,
)
from hifred.observations.preparation.psf import PsfSettings, build_psf

CENTRE = (210.19, -63.43)
SKY = tangent_grid(*CENTRE, pixel_size_arcsec=10, shape=(20, 21))
RESOLVE = resolve_array(*CENTRE, roll_deg=17)
BAND = (6.2, 6.9)


def gaussian_rmf(channel_step: float, energy_step: float, sigma: float) -> Rmf:
    """Lines of one width, channels and energies from 5.4 to 7.7 keV."""
    channels = np.arange(round(2.3 / channel_step) + 1) * channel_step + 5.4
    energies = np.arange(round(2.3 / energy_step) + 1) * energy_step + 5.4
    middle = 0.5 * (channels[1:] + channels[:-1])
    energy = 0.5 * (energies[1:] + energies[:-1])
    matrix = np.exp(-0.5 * ((middle[:, None] - energy) / sigma) ** 2)
    matrix[matrix < 1e-7] = 0
    matrix *= channel_step / (sigma * np.sqrt(2 * np.pi))
    return Rmf(
        sparse.csr_array(matrix), energies, np.arange(len(middle)),
        channels[:-1], channels[1:],
        keywords={"TELESCOP": "TOY", "INSTRUME": "TOY"},
    )  # fmt: skip


def write_cube(path: Path, grid: PixelGrid, edges: np.ndarray, level: float) -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(level, (len(edges) - 1, *grid.shape))
    header = {"EXPOSURE": 5e4, "OBS_ID": "000126000"}
    image = SkyImage(counts.astype(np.int32), grid, "count", edges, header)
    write_sky_image(path, image)


def write_case(folder: Path) -> dict[str, object]:
    """Write all files and return a declaration that uses them."""
    imager, spectrometer = (
        gaussian_rmf(0.02, 0.01, 0.06),
        gaussian_rmf(2e-3, 2e-3, 4e-3),
    )
    for name, rmf in (("mos1", imager), ("resolve", spectrometer)):
        write_rmf(folder / f"{name}.rmf", rmf)
        edges = rmf.energy_edges
        write_arf(folder / f"{name}.arf", Arf(edges, 100 + edges[:-1] ** 2))
    channels = imager.cut(6.0, 7.2).channel_edges
    write_cube(folder / "mos1.fits", SKY, channels, 3.0)
    channels = spectrometer.cut(6.0, 7.2).channel_edges
    write_cube(folder / "resolve.fits", RESOLVE, channels, 2.0)
    exposure = np.full(SKY.shape, 4e4)
    exposure[:, :3] = 0
    write_sky_image(folder / "expo.fits", SkyImage(exposure, SKY, "s"))
    background = Spectrum(imager.channel, np.full(imager.n_channels, 7.0), 1e5)
    write_pha(folder / "bkg.pi", background)
    return {
        "energy": {"band_kev": list(BAND), "bin_ev": 4.0, "margin_ev": 100.0},
        "sky": {"like": "mos1", "margin_pixels": 2},
        "instruments": {
            "mos1": {
                "role": "imager",
                "counts": "mos1.fits", "rmf": "mos1.rmf", "arf": "mos1.arf",
                "exposure_map": "expo.fits",
                "background": {"spectrum": "bkg.pi", "scale": 2.0},
                "psf": {"gaussian_sigma_arcsec": 8.0},
            },
            "resolve": {
                "role": "spectrometer",
                "counts": "resolve.fits", "rmf": "resolve.rmf", "arf": "resolve.arf",
                "psf": {"king_core_arcsec": 20.0, "king_slope": 1.8,
                        "radius_arcsec": 60.0},
                "bad_pixels": [[0, 5]], "masked_kev": [[6.39, 6.41]],
            },
        },
    }  # fmt: skip


def write_bright_case(folder: Path) -> dict[str, Any]:
    """Write a bright source, wider than the array, as both instruments see it."""
    declared: dict[str, Any] = write_case(folder)
    wide = tangent_grid(*CENTRE, pixel_size_arcsec=10, shape=(40, 41))
    y, x = np.indices(wide.shape)
    source = np.exp(-0.5 * (((y - 18) / 7) ** 2 + ((x - 23) / 5) ** 2)) + 0.1
    for name, grid, step in (("mos1", wide, 0.02), ("resolve", RESOLVE, 2e-3)):
        settings = PsfSettings(**declared["instruments"][name]["psf"])
        image = spatial_matrix(grid, wide, build_psf(settings, 10.0)) @ source.ravel()
        rmf = read_rmf(folder / f"{name}.rmf").cut(6.0, 7.2)
        middle = 0.5 * (rmf.channel_edges[1:] + rmf.channel_edges[:-1])
        mean = np.multiply.outer(2000 * step * (100 + middle**2), image) / 100
        counts = np.random.default_rng(4).poisson(mean).reshape(-1, *grid.shape)
        cube = SkyImage(
            counts.astype(np.int32), grid, "count", rmf.channel_edges, {"EXPOSURE": 5e4}
        )
        write_sky_image(folder / f"{name}.fits", cube)
    declared["instruments"]["resolve"]["masked_kev"] = []
    for key in ("exposure_map", "background"):
        del declared["instruments"]["mos1"][key]
    return declared


def as_toml(declared: dict[str, object], place: str = "") -> str:
    """Return a declaration as TOML: values first, then tables."""
    lines, tables = [], []
    for key, value in declared.items():
        if isinstance(value, dict):
            name = f"{place}{key}"
            tables.append(f"\n[{name}]\n" + as_toml(value, f"{name}."))
        elif value is not None:
            lines.append(f"{key} = {json.dumps(value)}\n")
    return "".join(lines + tables)
