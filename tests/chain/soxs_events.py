"""Events of the same sky by soxs, another simulator, through real responses.

Sky photons go in; soxs draws those that mirrors collect, blurs and rolls them, drops
those that miss its chips, spreads their energies by the RMF and writes the event file.
What telescopes add to their lists, flags, patterns and grades, is added to that file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from astropy import units
from astropy.io import fits

from tests.chain.mos import (
    MOS1,
    MOS2,
    Map,
    mos1_view,
    mos2_view,
    with_false_events,
    write_exposure_map,
)
from tests.chain.photons import BAND, BLOBS, CENTRE, LINE_SIGMA_KEV, Telescope
from tests.chain.resolve import (
    NUMBERS,
    NXB_PER_KEV,
    OFF,
    PITCH,
    RESOLVE,
    write_nxb,
)
from tests.chain.tables import with_columns

# The cameras of the other simulator, longer: real areas are smaller here.
CAMERAS = {"mos1": replace(MOS1, time_s=1.2e5), "mos2": replace(MOS2, time_s=1e5)}
CAMERA_PIXELS, CAMERA_STEP = 4000, 0.1  # arcsec
OTHER_GRADES = 0.4  # events that are not of the best grade, per one that is


# Files in the folder of responses, by the name that they get.
RESPONSES = {
    "mos1.rmf": "xmm_mos1_0605960101.rmf",
    "mos1.arf": "xmm_mos1_0605960101.arf",
    "mos2.rmf": "xmm_mos1_0605960101.rmf",
    "mos2.arf": "xmm_mos1_0605960101.arf",
    "resolve.rmf": "ah100040030_sxs_cl2_HP_small.rmf.gz",
    "resolve.arf": "rsl_standard_GVclosed.arf",
}
# Chips that leave the gaps of `mos1_view` and `mos2_view` open, in arcsec.
MOS1_CHIPS = ((-96, 0, 208, 400), (108, 0, 184, 400))
MOS2_CHIPS = ((0, -104, 400, 192), (0, 100, 400, 200))


def write_all(soxs: ModuleType, responses: Path, folder: Path, roll_deg: float) -> None:
    """Write what `tests.chain.mos` and `tests.chain.resolve` write, by soxs."""
    for name, source in RESPONSES.items():
        (folder / name).write_bytes((responses / source).read_bytes())
    write_mos(soxs, folder, "mos1", mos1_view, MOS1_CHIPS)
    write_mos(soxs, folder, "mos2", mos2_view, MOS2_CHIPS)
    write_resolve(soxs, folder, roll_deg)


def sky_photons(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Return `n` photons of the sky, and its flux in erg / cm2 / s, as soxs takes them.

    Over the minutes of the field a place is its offset on the tangential plane.
    """
    width = BAND[1] - BAND[0]
    fluxes = np.array([[b.continuum * width, b.line] for b in BLOBS])
    kind = rng.choice(fluxes.size, size=n, p=(fluxes / fluxes.sum()).ravel())
    blob, is_line = kind // 2, kind % 2 == 1
    of = {
        key: np.array([getattr(b, key) for b in BLOBS])[blob]
        for key in ("east", "north", "sigma", "line_kev")
    }
    east, north = (rng.normal(of[key], of["sigma"]) for key in ("east", "north"))
    lines = rng.normal(of["line_kev"], LINE_SIGMA_KEV)
    energy = np.where(is_line, lines, rng.uniform(*BAND, n))
    dec = CENTRE[1] + north / 3600
    ra = CENTRE[0] + east / 3600 / np.cos(np.radians(dec))
    flux = float((energy.mean() * fluxes.sum() * units.keV).to_value("erg"))
    return {"ra": [ra], "dec": [dec], "energy": [energy], "flux": [flux],
            "src_names": ["sky"]}  # fmt: skip


def simulated(
    soxs: ModuleType,
    path: Path,
    telescope: Telescope,
    detector: Mapping[str, Any],
    roll_deg: float = 0.0,
    recorded: float = 1.0,
) -> np.ndarray:
    """Write and return the events that a detector, as soxs describes it, records.

    Soxs takes the rows of an RMF for probabilities that sum to 1, whatever they sum to:
    `recorded` is that sum, by which it has to lower the area.
    """
    files = {kind: f"{path.stem}.{kind}" for kind in ("arf", "rmf")}
    name = str(path)
    mirrors = {"name": name, "bkgnd": None, "focal_length": 7.5, "dither": False,
               "aimpt_coords": [0.0, 0.0], "imaging": True, "grating": False,
               "psf": ["gaussian", 2.35482 * telescope.psf_sigma]}  # fmt: skip
    soxs.add_instrument_to_registry(mirrors | files | dict(detector))
    soxs.set_soxs_config("soxs_data_dir", path.parent)  # where it looks for responses
    flux = sum(b.continuum * (BAND[1] - BAND[0]) + b.line for b in BLOBS)
    largest = soxs.AuxiliaryResponseFile(files["arf"]).max_area * telescope.time_s
    rng = np.random.default_rng(7)
    written = path.with_suffix(".fits")
    soxs.instrument_simulator(
        sky_photons(rng, int(1.05 * flux * largest)), str(written), telescope.time_s,
        name, list(CENTRE), instr_bkgnd=False, foreground=False, ptsrc_bkgnd=False,
        prng=7,
        roll_angle=-roll_deg,  # it counts from north through west
        arf_scale=recorded,
    )  # fmt: skip
    return np.asarray(fits.getdata(written, "EVENTS"))


def write_mos(
    soxs: ModuleType,
    folder: Path,
    name: str,
    view: Map,
    chips: Sequence[Sequence[float]],
) -> None:
    """Write events and exposure map of a camera whose response lies in the folder.

    Chips are middle and sides, arcsec, along x, to the west, and y.
    """
    path, telescope = folder / f"{name}.evt", CAMERAS[name]
    boxes = [["Box", *(side / CAMERA_STEP for side in chip)] for chip in chips]
    detector = {"fov": CAMERA_PIXELS * CAMERA_STEP / 60, "num_pixels": CAMERA_PIXELS,
                "chips": boxes}  # fmt: skip
    events = simulated(soxs, path, telescope, detector)
    rng = np.random.default_rng(8)
    middle = CAMERA_PIXELS + 0.5
    east, north = (
        (middle - events["X"]) * CAMERA_STEP,
        (events["Y"] - middle) * CAMERA_STEP,
    )
    seen = rng.random(len(events)) < view(east, north)
    east, north, energy, added = with_false_events(
        rng, east[seen], north[seen], 1e-3 * events["ENERGY"][seen]
    )
    columns = {
        "ENERGY": 1e3 * energy,
        "X": middle - east / CAMERA_STEP,
        "Y": middle + north / CAMERA_STEP,
        "TIME": rng.uniform(0, telescope.time_s, len(energy)),
        **added,
    }
    keywords = {"TELESCOP": "XMM", "INSTRUME": f"E{name.upper()}"}
    with_columns(path.with_suffix(".fits"), path, columns, keywords)
    write_exposure_map(folder, name, telescope, view)


def write_resolve(soxs: ModuleType, folder: Path, roll_deg: float) -> None:
    """Write events and background of Resolve, whose response lies in the folder."""
    path = folder / "resolve.evt"
    array = {"fov": 6 * PITCH / 60, "num_pixels": 6, "chips": [["Box", 0, 0, 6, 6]]}
    sums = _row_sums(folder / "resolve.rmf")
    events = simulated(soxs, path, RESOLVE, array, roll_deg, recorded=sums)
    rng = np.random.default_rng(9)
    place = np.stack([events["DETX"], events["DETY"]], axis=1)
    energy = 1e-3 * events["ENERGY"]
    again = rng.integers(0, len(events), int(OTHER_GRADES * len(events)))
    n_nxb = rng.poisson(36 * NXB_PER_KEV * (BAND[1] - BAND[0]) * RESOLVE.time_s)
    energy = np.concatenate([energy, energy[again], rng.uniform(*BAND, n_nxb)])
    grade = np.repeat([0, 1, 0], [len(events), len(again), n_nxb])
    on_sky = _sky_of_array(events)
    place = np.concatenate([place, place[again], rng.uniform(-3, 3, (n_nxb, 2))])
    # Places on the array count from its middle, to the west as the sky's.
    column, row = np.floor(place + 3).astype(int).T
    pixel = NUMBERS[5 - column, row]
    energy = np.where(pixel == OFF[0], rng.normal(5.9, 2e-3, len(energy)), energy)
    x, y = (np.append(place, np.ones((len(place), 1)), axis=1) @ on_sky).T
    columns = {"ENERGY": 1e3 * energy, "X": x, "Y": y,
               "TIME": rng.uniform(0, RESOLVE.time_s, len(energy)),
               "PIXEL": pixel, "ITYPE": grade}  # fmt: skip
    kept = {key: values[pixel != OFF[1]] for key, values in columns.items()}
    keywords = {"TELESCOP": "XRISM", "INSTRUME": "RESOLVE"}
    with_columns(path.with_suffix(".fits"), path, kept, keywords)
    bounds = fits.getdata(folder / "resolve.rmf", "EBOUNDS")
    channels = np.append(bounds["E_MIN"], bounds["E_MAX"][-1]).astype(float)
    write_nxb(folder / "nxb.pha", channels, rng)


def _row_sums(path: Path) -> float:
    """Return how many of the photons a matrix records; over the band it is constant."""
    rows = fits.getdata(path, "MATRIX")
    inside = (rows["ENERG_LO"] > BAND[0]) & (rows["ENERG_HI"] < BAND[1])
    return float(np.mean([row.sum() for row in rows["MATRIX"][inside]]))


def _sky_of_array(events: np.ndarray) -> np.ndarray:
    """Return the affine map (3, 2) from DETX, DETY to X, Y that soxs has used."""
    design = np.stack([events["DETX"], events["DETY"], np.ones(len(events))], axis=1)
    on_sky = np.stack([events["X"], events["Y"]], axis=1)
    return np.linalg.lstsq(design, on_sky, rcond=None)[0]
