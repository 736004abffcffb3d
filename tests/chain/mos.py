"""Events, exposure map and response of a simulated EPIC-MOS camera."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits

from tests.chain.photons import BAND, CENTRE, Telescope, photons
from tests.chain.tables import (
    MIDDLE,
    sky_pixels,
    write_good_times,
    write_image,
    write_response,
    write_table,
)

MOS1 = Telescope(400, 5e4, 6, 0.06)
MOS2 = Telescope(420, 4e4, 7, 0.06)
EPIC_STEP = 0.05
FLAGGED = 0x10000  # outside the field of view, for the SAS
MAP_ARCSEC = 4.0
MAP_SIDE = 100
Map = Callable[[np.ndarray, np.ndarray], np.ndarray]


def mos1_view(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Relative exposure: vignetting, and a gap between two chips."""
    vignetting = 1 - 0.1 * (east**2 + north**2) / 150**2
    return vignetting * ~((east > -16) & (east < -8))


def mos2_view(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """The same of the other camera, whose chips lie across."""
    vignetting = 1 - 0.1 * ((east - 20) ** 2 + north**2) / 150**2
    return vignetting * ~((north > -8) & (north < 0))


def write_mos(
    folder: Path, name: str, telescope: Telescope, view: Map, rng: np.random.Generator
) -> None:
    """Write events, good times, exposure map and response of one camera.

    Some events are flagged, a false source among them, and some are of patterns that
    the area does not hold.
    """
    path = folder / f"{name}.evt"
    found = photons(rng, telescope)
    found = found[rng.random(len(found.energy)) < view(found.east, found.north)]
    recorded = rng.normal(found.energy, telescope.energy_sigma)
    east, north, energy, columns = with_false_events(
        rng, found.east, found.north, recorded
    )
    columns = {
        "TIME": rng.uniform(0, telescope.time_s, len(energy)),
        **sky_pixels(east, north, EPIC_STEP),
        "PI": np.floor(1e3 * energy).astype(np.int32),
        **columns,
    }
    place = {
        f"REF{axis}{key}": value
        for axis, values in (("X", ("RA---TAN", CENTRE[0], -EPIC_STEP)),
                             ("Y", ("DEC--TAN", CENTRE[1], EPIC_STEP)))
        for key, value in zip(("CTYP", "CRVL", "CDLT"),
                              (values[0], values[1], values[2] / 3600), strict=True)
    }  # fmt: skip
    place |= {"REFXCRPX": MIDDLE, "REFYCRPX": MIDDLE, "RADESYS": "ICRS"}
    write_table(
        path, "EVENTS", columns, TELESCOP="XMM", INSTRUME=f"E{name.upper()}",
        EXPOSURE=telescope.time_s, **place,
    )  # fmt: skip
    write_good_times(path, "STDGTI01", telescope.time_s)
    write_response(folder, name, telescope, 0.02)
    write_exposure_map(folder, name, telescope, view)


def with_false_events(
    rng: np.random.Generator, east: np.ndarray, north: np.ndarray, energy: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Add events that are no photons of the sky; return all, and FLAG and PATTERN.

    Flagged ones of a false source are a tenth, odd patterns a twentieth.
    """
    n, n_false, n_odd = (len(energy) * share // 100 for share in (100, 11, 5))
    false_east, false_north = rng.normal([[60], [-70]], 4, (2, n_false))
    odd_east, odd_north = rng.uniform(-120, 120, (2, n_odd))
    columns = {
        "FLAG": np.repeat([0, FLAGGED, 0], [n, n_false, n_odd]),
        "PATTERN": np.concatenate([rng.integers(0, 13, n + n_false),
                                   rng.integers(13, 32, n_odd)]),
    }  # fmt: skip
    return (
        np.concatenate([east, false_east, odd_east]),
        np.concatenate([north, false_north, odd_north]),
        np.concatenate([energy, rng.uniform(*BAND, n_false + n_odd)]),
        columns,
    )


def write_exposure_map(
    folder: Path, name: str, telescope: Telescope, view: Map
) -> None:
    """Write the seconds that each place of the field was seen."""
    at = (np.arange(MAP_SIDE) - (MAP_SIDE - 1) / 2) * MAP_ARCSEC
    seconds = telescope.time_s * view(-at[None, :], at[:, None])
    write_image(folder / f"{name}_expo.fits", seconds, MAP_ARCSEC, BUNIT="s")


def spoil_map(path: Path) -> None:
    """Put a spike, 13 % above all else, on the edge of an exposure map."""
    with fits.open(path, mode="update") as hdus:
        hdus[0].data[:, -20] = 1.13 * hdus[0].data.max()
