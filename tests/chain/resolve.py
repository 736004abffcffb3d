"""Events, response and background of a simulated Resolve."""

from pathlib import Path

import numpy as np

from tests.chain.photons import BAND, CENTRE, Telescope, photons
from tests.chain.tables import (
    MIDDLE,
    sky_pixels,
    write_good_times,
    write_response,
    write_table,
)

RESOLVE = Telescope(200, 1e5, 22, 2.1e-3)
RESOLVE_STEP = 0.25
PITCH = 30.6
# XRISM Proposers' Observatory Guide, by DETX and DETY from 1.
NUMBERS = np.array(
    [[12, 11, 9, 19, 21, 23], [14, 13, 10, 20, 22, 24], [16, 15, 17, 18, 25, 26],
     [8, 7, 0, 35, 33, 34], [6, 4, 2, 28, 31, 32], [5, 3, 1, 27, 29, 30]]
)  # fmt: skip
HIGH_RESOLUTION = 0.7  # share of the events of the best grade
NXB_PER_KEV = 4e-4  # count / s / keV in each pixel
OFF = (12, 27)


def write_resolve(folder: Path, roll_deg: float, rng: np.random.Generator) -> None:
    """Write events, response and background spectrum of a rolled Resolve.

    Pixel 12 sees a calibration source, pixel 27 is not in the list at all.
    """
    found = photons(rng, RESOLVE)
    n_nxb = rng.poisson(36 * NXB_PER_KEV * (BAND[1] - BAND[0]) * RESOLVE.time_s)
    roll = np.radians(roll_deg)
    # Axes of the array on the sky: y at the roll from north through east.
    y = found.east * np.sin(roll) + found.north * np.cos(roll)
    x = -found.east * np.cos(roll) + found.north * np.sin(roll)
    row = np.append(np.floor(y / PITCH + 3), rng.integers(0, 6, n_nxb)).astype(int)
    column = np.append(np.floor(x / PITCH + 3), rng.integers(0, 6, n_nxb)).astype(int)
    energy = rng.normal(found.energy, RESOLVE.energy_sigma)
    energy = np.append(energy, rng.uniform(*BAND, n_nxb))
    grade = np.where(rng.random(len(energy)) < HIGH_RESOLUTION, 0, 1)
    grade[len(found.energy) :] = 0  # the rate is that of the best grade
    inside = (row >= 0) & (row < 6) & (column >= 0) & (column < 6)
    row, column, energy, grade = (a[inside] for a in (row, column, energy, grade))
    pixel = NUMBERS[5 - column, row]
    sees = pixel != OFF[0]
    calibration = rng.normal(5.9, RESOLVE.energy_sigma, len(energy))
    energy = np.where(sees, energy, calibration)
    _write_resolve_events(
        folder, roll, (row, column, pixel, energy, grade), rng, pixel != OFF[1]
    )
    channels = write_response(folder, "resolve", RESOLVE, 1e-3, HIGH_RESOLUTION)
    write_nxb(folder / "nxb.pha", channels, rng)


def _write_resolve_events(
    folder: Path,
    roll: float,
    found: tuple[np.ndarray, ...],
    rng: np.random.Generator,
    kept: np.ndarray,
) -> None:
    row, column, pixel, energy, grade = (values[kept] for values in found)
    y, x = (
        PITCH * (at - 3 + rng.random(len(at)))  # anywhere in the pixel
        for at in (row, column)
    )
    east = y * np.sin(roll) - x * np.cos(roll)
    north = y * np.cos(roll) + x * np.sin(roll)
    columns = {
        "TIME": rng.uniform(0, RESOLVE.time_s, len(energy)),
        **sky_pixels(east, north, RESOLVE_STEP),
        "PI": np.floor(2e3 * energy).astype(np.int32),
        "PIXEL": pixel,
        "ITYPE": grade,
        "DETX": 6 - column,
        "DETY": row + 1,
    }
    place = {
        f"T{key}{i}": value
        for i, values in ((2, ("RA---TAN", CENTRE[0], -RESOLVE_STEP / 3600, MIDDLE)),
                          (3, ("DEC--TAN", CENTRE[1], RESOLVE_STEP / 3600, MIDDLE)))
        for key, value in zip(("CTYP", "CRVL", "CDLT", "CRPX"), values, strict=True)
    }  # fmt: skip
    path = folder / "resolve.evt"
    write_table(
        path, "EVENTS", columns, TELESCOP="XRISM", INSTRUME="RESOLVE",
        EXPOSURE=RESOLVE.time_s, RADESYS="ICRS", **place,
    )  # fmt: skip
    write_good_times(path, "GTI", RESOLVE.time_s)


def write_nxb(path: Path, channels: np.ndarray, rng: np.random.Generator) -> None:
    """Write the spectrum of the pixels that are kept, of a long exposure."""
    inside = (channels[:-1] >= BAND[0]) & (channels[1:] <= BAND[1])
    time_s = 100 * RESOLVE.time_s
    rate = (36 - len(OFF)) * NXB_PER_KEV * np.diff(channels) * inside
    counts = rng.poisson(rate * time_s)
    write_table(
        path, "SPECTRUM", {"CHANNEL": np.arange(len(counts)), "COUNTS": counts},
        HDUCLASS="OGIP", HDUCLAS1="SPECTRUM", EXPOSURE=time_s, POISSERR=True,
        CHANTYPE="PI", TELESCOP="XRISM", INSTRUME="RESOLVE",
    )  # fmt: skip
