"""From photons of a known sky to the cube; each fault is corrected or named."""

import copy
import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from scipy.special import erf

from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.observations import FusionInput, ResponseReport, check_responses
from hifred.observations.prediction import CountsModel
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import read_preparation
from hifred.observations.sky import build_sky_grid
from tests.chain.mos import MOS1, MOS2, mos1_view, mos2_view, spoil_map, write_mos
from tests.chain.photons import (
    BLOBS,
    CENTRE,
    LIGHT_KM_S,
    LINE_KEV,
    LINE_SIGMA_KEV,
    shares_of_blobs,
)
from tests.chain.resolve import RESOLVE, write_resolve
from tests.chain.soxs_events import CAMERAS, write_all
from tests.observations.instrument_case import as_toml

ROLL_DEG = 25.0
SIDE, PIXEL_ARCSEC = 32, 8.0


def own_events(folder: Path) -> None:
    rng = np.random.default_rng(1)
    write_mos(folder, "mos1", MOS1, mos1_view, rng)
    write_mos(folder, "mos2", MOS2, mos2_view, rng)
    write_resolve(folder, ROLL_DEG, rng)


def soxs_events(folder: Path, responses: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder))  # on import it writes its configuration
        soxs = pytest.importorskip("soxs", reason="soxs simulates these; it is absent")
    write_all(soxs, responses, folder, ROLL_DEG)


@pytest.fixture(scope="module", params=["own", "soxs"])
def simulator(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(
    simulator: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    if simulator == "soxs":
        shared = request.getfixturevalue("shared_data")
        soxs_events(folder, shared / "responses")
    else:
        own_events(folder)
    spoil_map(folder / "mos2_expo.fits")
    return folder


def declared(bin_ev: float) -> dict[str, Any]:
    """What a user writes: files, pixels and PSFs, and nothing else."""
    place = {"ra_deg": CENTRE[0], "dec_deg": CENTRE[1]}
    grid = place | {"pixel_size_arcsec": PIXEL_ARCSEC, "shape": [SIDE, SIDE]}

    def of(name: str, role: str, psf: float, **other: Any) -> dict[str, Any]:
        files = {kind: f"{name}.{kind}" for kind in ("rmf", "arf")}
        blur = {"gaussian_sigma_arcsec": psf}
        own = {"role": role, "events": f"{name}.evt", "psf": blur, "grid": grid}
        return own | files | other

    return {
        "energy": {"band_kev": [6.3, 7.1], "bin_ev": bin_ev, "margin_ev": 100.0},
        "sky": {"like": "mos1"},
        "instruments": {
            "mos1": of("mos1", "imager", MOS1.psf_sigma,
                       exposure_map="mos1_expo.fits"),
            "mos2": of("mos2", "imager", MOS2.psf_sigma,
                       exposure_map="mos2_expo.fits"),
            "resolve": of("resolve", "spectrometer", RESOLVE.psf_sigma,
                          grid=place | {"roll_deg": ROLL_DEG},
                          background={"spectrum": "nxb.pha"}),
        },
    }  # fmt: skip


def prepared(folder: Path, settings: dict[str, Any]) -> FusionInput:
    path = folder / "chain.toml"
    path.write_text(as_toml(settings))
    return prepare_input(read_preparation(path))


def region(blob: int) -> np.ndarray:
    """The pixels (y, x) within 32 arcsec of a source."""
    at = (np.arange(SIDE) - (SIDE - 1) / 2) * PIXEL_ARCSEC
    return np.hypot(-at - BLOBS[blob].east, at[:, None] - BLOBS[blob].north) < 32


def true_values(chosen: np.ndarray, band_kev: float) -> tuple[float, float]:
    """The flux and the mean velocity of the pixels (y, x), as MOS1 blurs the sky."""
    edges = (np.arange(SIDE + 1) - SIDE / 2) * PIXEL_ARCSEC
    shares = shares_of_blobs(-edges, edges, MOS1.psf_sigma)[:, chosen].sum(axis=1)
    lines = np.array([share * b.line for share, b in zip(shares, BLOBS, strict=True)])
    flat = sum(s * b.continuum for s, b in zip(shares, BLOBS, strict=True))
    velocity = lines @ [blob.velocity for blob in BLOBS] / lines.sum()
    return float(flat * band_kev + lines.sum()), float(velocity)


def velocity_of(spectrum: np.ndarray, energy: np.ndarray, line_kev: float) -> float:
    """The velocity, km / s, of a line above a straight continuum beside it."""
    off = np.abs(energy - line_kev)
    beside, inside = (off > 0.04) & (off < 0.1), off < 0.025
    straight = np.polyfit(energy[beside], spectrum[beside], 1)
    net = spectrum[inside] - np.polyval(straight, energy[inside])
    return float((1 - net @ energy[inside] / net.sum() / LINE_KEV) * LIGHT_KM_S)


@pytest.mark.slow
def test_fluxes_and_velocities_are_those_of_the_sky(folder: Path) -> None:
    ready = prepared(folder, declared(4.0))
    assert check_responses(ready.observations).is_ok
    cube = fuse(ready.observations, FusionSettings.read({"regularizer": "guided"}))
    energy = cube["energy"].values
    band = (energy > 6.3) & (energy < 7.1)
    flux, width = cube["flux"].values, float(np.median(np.diff(energy))) * band.sum()
    everywhere = np.ones((SIDE, SIDE), dtype=bool)
    assert flux[band].sum() == pytest.approx(
        true_values(everywhere, width)[0], rel=0.01
    )
    for i, blob in enumerate(BLOBS):
        spectrum = flux[:, region(i)].sum(axis=1)
        wanted, velocity = true_values(region(i), width)
        assert spectrum[band].sum() == pytest.approx(wanted, rel=0.02)
        found = velocity_of(spectrum, energy, blob.line_kev)
        assert found == pytest.approx(velocity, abs=10)


def true_cube(energy_edges: np.ndarray) -> np.ndarray:
    """The sky (energy, y, x) as the imager blurs it and the spectrometer spreads it."""
    edges = (np.arange(SIDE + 1) - SIDE / 2) * PIXEL_ARCSEC
    shares = shares_of_blobs(-edges, edges, MOS1.psf_sigma)
    width = np.sqrt(2) * np.hypot(LINE_SIGMA_KEV, RESOLVE.energy_sigma)
    lines = [np.diff(0.5 * erf((energy_edges - b.line_kev) / width)) for b in BLOBS]
    spectra = [
        b.continuum * np.diff(energy_edges) + b.line * line
        for b, line in zip(BLOBS, lines, strict=True)
    ]
    return np.einsum("be,byx->eyx", spectra, shares)


@pytest.mark.slow
def test_the_true_sky_predicts_what_was_recorded_in_gaps_too(folder: Path) -> None:
    observations = prepared(folder, declared(4.0)).observations
    model = CountsModel(observations, {})
    edges = build_sky_grid(observations).energy_edges
    for name, expected in model.expected_counts(true_cube(edges)).items():
        counts, mask = (observations[name][key].values for key in ("counts", "mask"))
        channels = observations[name]["channel_edges"].values
        inside = (channels[:-1] > 6.3) & (channels[1:] < 7.1)
        good = mask.astype(bool)[inside]
        images = [np.sum(c[inside] * good, axis=0) for c in (counts, expected)]
        assert images[0].sum() == pytest.approx(images[1].sum(), rel=0.01)
        for axis in (0, 1):
            found, wanted = (image.sum(axis=axis) for image in images)
            seen = wanted > 100
            pull = (found - wanted)[seen] / np.sqrt(wanted[seen])
            assert np.abs(pull).max() < 4.5


def checked(folder: Path, **changes: dict[str, Any]) -> ResponseReport:
    """The comparison with some settings of some instruments changed."""
    settings = copy.deepcopy(declared(10.0))
    for name, change in changes.items():
        settings["instruments"][name] |= change
    return check_responses(prepared(folder, settings).observations)


@pytest.mark.slow
def test_off_pixels_flags_and_the_spike_are_corrected(
    folder: Path, simulator: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        ready = prepared(folder, declared(10.0))
    assert "up to 13.0 %" in caplog.text
    mos2, resolve = ready.observations["mos2"], ready.observations["resolve"]
    camera = MOS2 if simulator == "own" else CAMERAS["mos2"]
    assert float(mos2["exposure_time"]) == camera.time_s
    # The middle, where the map is at its level, keeps its area.
    assert vignetting(mos2).reshape(SIDE, SIDE)[18:20].max() == pytest.approx(
        1, abs=0.02
    )
    off = ~resolve["mask"].values.astype(bool).any(axis=0)
    assert off.sum() == 2
    told = ready.attrs["notes"]
    assert "PIXEL 12 excluded" in told
    assert "PIXEL 27 without a single event; masked" in told
    # The background is of the pixels that are left, and all of it is on them.
    per_pixel = resolve["background"].values.sum(axis=0)
    assert np.ptp(per_pixel[~off]) < 1e-9 * per_pixel.max()
    assert per_pixel[~off].sum() == pytest.approx(34 * 4e-4 * 1.0 * 1e5, rel=0.01)


def vignetting(observation: xr.Dataset) -> np.ndarray:
    """The sums (pixel,) of what each pixel sees of an evenly bright sky."""
    starts = observation["spatial_indptr"].values
    return np.add.reduceat(
        np.append(observation["spatial_data"].values, 0.0), starts[:-1]
    )


@pytest.mark.slow
def test_a_roll_of_the_wrong_sign_is_named(folder: Path) -> None:
    place = {"ra_deg": CENTRE[0], "dec_deg": CENTRE[1], "roll_deg": -ROLL_DEG}
    with pytest.raises(HifredError, match=r"= 25.0, with the opposite sign, fits"):
        checked(folder, resolve={"grid": place})


@pytest.mark.slow
def test_grades_that_the_area_does_not_hold_are_a_scale(folder: Path) -> None:
    report = checked(folder, resolve={"filters": {"PIXEL": {"exclude": [12, 27]}},
                                      "usual_filters": False})  # fmt: skip
    assert not report.is_ok
    assert report.causes[0].name == "exposure or area scale"
    found = re.search(r"is ([\d.]+) times", report.causes[0].sentence)
    assert found is not None
    assert float(found[1]) == pytest.approx(1.4, rel=0.03)


@pytest.mark.slow
def test_flagged_events_that_are_kept_are_seen(folder: Path) -> None:
    report = checked(folder, mos2={"usual_filters": False})
    names = {(r.spectrometer, r.name) for r in report.rows if not r.is_ok}
    assert ("mos2", "normalisation") in names
    told = next(note for note in report.notes if "FLAG" in note)
    assert "do not meet FLAG & 0x766ba000 == 0" in told
    assert told.endswith("This may be why they disagree.")


@pytest.mark.slow
def test_a_frame_that_is_not_the_events_is_told(folder: Path) -> None:
    path = folder / "frame.evt"
    path.write_bytes((folder / "resolve.evt").read_bytes())
    fits.setval(path, "RADESYS", value="FK4", ext=1)
    fits.setval(path, "EQUINOX", value=1950.0, ext=1)
    with pytest.raises(HifredError, match="resolve must have events; 'grid' drops"):
        checked(folder, resolve={"events": "frame.evt"})
