import copy
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.observations import (
    FusionInput,
    build_responses,
    build_sky_grid,
    check_responses,
    kernels_for,
    mask_of,
    redistribution_of,
    spatial_matrix_of,
)
from hifred.observations.events import read_events
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.formats.ogip_writers import write_arf
from hifred.observations.formats.rmf import Arf
from hifred.observations.geometry.pixel_grid import grid_from_text
from hifred.observations.input_summary import cut_flows_of, notes_of
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import read_preparation
from hifred.store import save_fusion_input
from hifred.sweep.kernels.fusion_kernel import FusionKernel
from tests.laws import assert_same_sky
from tests.observations import instrument_case as case
from tests.observations.events.lists import events_hdu, good_times_hdu, write
from tests.observations.events.test_delivered_events import columns


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def declared(folder: Path) -> dict[str, Any]:
    return case.write_case(folder)


def prepared(folder: Path, declared: dict[str, Any]) -> FusionInput:
    path = folder / "case.toml"
    path.write_text(case.as_toml(declared))
    return prepare_input(read_preparation(path))


@pytest.fixture(scope="module")
def ready(folder: Path, declared: dict[str, Any]) -> FusionInput:
    return prepared(folder, declared)


def count_openings(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how often each FITS file is opened from now on."""
    opened: Counter[str] = Counter()
    really_open = fits.open

    def counted(file: Any, **options: Any) -> Any:
        opened[str(file)] += 1
        return really_open(file, **options)

    monkeypatch.setattr(fits, "open", counted)
    return opened


def test_the_counts_of_the_band_are_kept(ready: FusionInput, folder: Path) -> None:
    image = read_sky_image(folder / "mos1.fits")
    middle = 0.5 * (image.edges[1:] + image.edges[:-1])
    inside = (middle >= 6.2) & (middle < 6.9)
    mos1 = ready.observations["mos1"]
    assert_array_equal(mos1["counts"], image.values[inside])
    assert float(mos1["exposure_time"]) == 5e4
    assert mos1.attrs["obs_id"] == "000126000"


def test_light_from_beyond_the_energies_is_left_out_and_told(
    ready: FusionInput, folder: Path, declared: dict[str, Any]
) -> None:
    energy = declared["energy"] | {"margin_ev": 0.0}
    narrow = prepared(folder, declared | {"energy": energy})
    used = mask_of(narrow.observations["mos1"]).any(axis=(1, 2))
    # A tenth of a Gaussian of 60 eV lies beyond 77 eV: four channels of 20 eV.
    assert used[4:-4].all()
    assert not used[:4].any()
    assert not used[-4:].any()
    counts = narrow.observations["mos1"]["counts"].values
    flow = cut_flows_of(narrow)["mos1"]
    assert ("light from beyond", counts[used].sum()) in flow.cuts
    assert any("8 channels of mos1 at the ends" in note for note in notes_of(narrow))
    assert mask_of(ready.observations["mos1"]).any(axis=(1, 2)).all()
    cuts = [name for name, _ in cut_flows_of(ready)["mos1"].cuts]
    assert "light from beyond" not in cuts


def test_the_spectrometer_sets_the_energies(ready: FusionInput, folder: Path) -> None:
    edges = ready.observations["mos1"]["energy_edges"].values
    assert_allclose(np.diff(edges), 4e-3)
    assert_allclose([edges[0], edges[-1]], [6.1, 7.0], atol=5e-3)
    resolve = ready.observations["resolve"]
    assert_allclose(resolve["channel_edges"], edges)
    image = read_sky_image(folder / "resolve.fits")
    first = int(np.argmin(np.abs(image.edges - edges[0])))
    both = image.values[first] + image.values[first + 1]
    assert_array_equal(resolve["counts"][0], both)


def test_masks_hold_bad_pixels_gaps_and_channels(ready: FusionInput) -> None:
    mos1, resolve = (mask_of(ready.observations[n]) for n in ("mos1", "resolve"))
    assert not mos1[:, :, :3].any()
    assert mos1[:, :, 3:].all()
    assert not resolve[:, 0, 5].any()
    assert resolve[:, 1, 5].sum() == resolve.shape[0] - 6  # 20 eV in bins of 4


def test_a_background_spectrum_is_scaled_by_exposure(ready: FusionInput) -> None:
    background = ready.observations["mos1"]["background"]
    assert_allclose(background.sum(("y", "x")), 2.0 * 7.0 * 5e4 / 1e5)


def test_the_sky_has_the_margin_and_its_wcs(ready: FusionInput) -> None:
    grid = grid_from_text(ready.attrs["sky_wcs"])
    assert grid.shape == (24, 25)
    assert_same_sky(grid.sky_of(2, 2), case.SKY.sky_of(0, 0), 1e-10)
    matrix = spatial_matrix_of(ready.observations["mos1"])
    assert matrix.shape == (20 * 21, 24 * 25)
    # At the imager's own resolution it sees its pixels as they are.
    assert_allclose(matrix.sum(axis=1).reshape(20, 21)[:, 3:], 1, atol=1e-6)
    assert matrix.nnz <= 20 * 18 * 9


def blurred_line(ready: FusionInput, name: str, energy: float) -> np.ndarray:
    """Return the spectrum that one photon of a monochromatic line leaves."""
    sky = build_sky_grid(ready.observations)
    flux = np.zeros(sky.shape)
    edges = sky.energy_edges
    middle = 0.5 * (edges[1:] + edges[:-1])
    line = np.exp(-0.5 * ((middle - energy) / 4e-3) ** 2)  # as the spectrometer sees it
    flux[:, 12, 13] = line / line.sum() * sky.reference_exposure
    response = build_responses(ready.observations, sky)[name]
    return np.asarray(response.apply(flux)).sum(axis=(1, 2))


@pytest.mark.parametrize("energy", [6.35, 6.55])
def test_at_the_spectrometers_resolution_lines_get_their_width(
    ready: FusionInput, energy: float
) -> None:
    for name, sigma in (("mos1", 0.06), ("resolve", 4e-3)):
        observation = ready.observations[name]
        edges = observation["channel_edges"].values
        middle = 0.5 * (edges[1:] + edges[:-1])
        line = blurred_line(ready, name, energy)
        expected = np.exp(-0.5 * ((middle - energy) / sigma) ** 2)
        expected *= line.sum() / expected.sum()
        assert_allclose(line, expected, atol=0.02 * expected.max())


def test_the_spectrometers_line_spread_is_kept(ready: FusionInput) -> None:
    spread = ready.observations["resolve"]["line_spread"].values
    offset = 4e-3 * (np.arange(len(spread)) - len(spread) // 2)
    assert spread @ offset == pytest.approx(0, abs=1e-4)
    width = np.sqrt(spread @ offset**2)
    # Channels of 4 eV widen a line of 4 eV.
    assert width == pytest.approx(np.hypot(4e-3, 4e-3 / np.sqrt(12)), rel=0.03)


def test_the_area_and_exposure_set_the_level(ready: FusionInput) -> None:
    line = blurred_line(ready, "resolve", 6.55)
    assert line.sum() == pytest.approx(5e4 * (100 + 6.55**2), rel=0.01)


def test_the_intrinsic_sky_keeps_full_responses(
    folder: Path, declared: dict[str, Any]
) -> None:
    other = declared | {"target": {"spatial": "intrinsic", "spectral": "intrinsic"}}
    ready = prepared(folder, other)
    resolve = ready.observations["resolve"]
    matrix = redistribution_of(resolve).toarray()
    middle = 0.5 * (resolve["channel_edges"][1:] + resolve["channel_edges"][:-1]).values
    line = matrix[:, 100]
    centre = line @ middle / line.sum()
    width = np.sqrt(line @ (middle - centre) ** 2 / line.sum())
    assert centre == pytest.approx(float(resolve["energy"][100]), abs=1e-4)
    assert width == pytest.approx(np.hypot(4e-3, 4e-3 / np.sqrt(12)), rel=0.03)
    psf = spatial_matrix_of(ready.observations["mos1"])[:, [12 * 25 + 12]].toarray()
    assert 0.1 < psf.max() < 0.3


def test_bins_that_no_channels_make_are_told(
    folder: Path, declared: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    for width, told in ((6.0, False), (5.3, True)):
        caplog.clear()
        wider = declared | {"energy": declared["energy"] | {"bin_ev": width}}
        edges = prepared(folder, wider).observations["resolve"]["energy_edges"]
        assert_allclose(np.diff(edges), 6e-3, rtol=1e-4)
        assert ("channels of 2 eV: the bins are of 6 eV" in caplog.text) == told


def test_detector_pixels_bad_outside_are_told(
    folder: Path, declared: dict[str, Any]
) -> None:
    wrong = copy.deepcopy(declared)
    wrong["instruments"]["resolve"]["bad_pixels"] = [[6, 0]]
    with pytest.raises(HifredError, match=r"resolve.bad_pixels .* got \[6, 0\]"):
        prepared(folder, wrong)


@pytest.mark.parametrize(
    ("place", "key", "value", "message"),
    [
        ("energy", "band_kev", [9.0, 9.5], "must reach the band 8 to 10.5 keV"),
        ("energy", "bin_ev", 0.5, "bin_ev must be at least a channel .* 2 eV; got 0.5"),
        ("energy", "band_kev", [6.9, 6.2], "band_kev must increase"),
        (
            "energy",
            "bin_evs",
            4.0,
            "unknown key in .energy. of .* 'bin_evs'; did you mean 'bin",
        ),
        ("sky", "like", "pn", "unknown instrument in sky.like 'pn'"),
        (
            "sky",
            "margin_pixels",
            -1,
            "sky.margin_pixels must be a whole .* got -1",
        ),
        (
            "mos1",
            "pfs",
            {},
            "unknown key in .instruments.mos1. of .* 'pfs'; did you mean 'psf'",
        ),
        ("mos1", "events", "e.fits", "mos1 must have counts or events, .* got both"),
        ("mos1", "arf", None, "mos1 must have arf or effective_area_cm2, .* neither"),
        (
            "mos1",
            "role",
            "camera",
            r"mos1.role must be 'imager' or .* got 'camera'",
        ),
        ("mos1", "rmf", "none.rmf", "none.rmf must be a file"),
        (
            "mos1",
            "psf",
            {"gaussian_sigma": 3},
            "unknown key in .*mos1.psf. of",
        ),
        ("mos1", "mask_image", "resolve.fits", "mask image of mos1 must have its"),
        ("mos1", "background", {"scale": 1.0}, "must have a spectrum or an image"),
        ("mos1", "filters", "PATTERN <= 4", "mos1.filters must come with events"),
        ("mos1", "channel_group", 2, "channel_group must come with events; got it"),
        ("mos1", "masked_kev", [[0, 99]], "mos1 must have something that is used"),
        ("resolve", "arf", "short.arf", "files of resolve .* inside the response, 6.3"),
    ],
)
def test_a_wrong_configuration_is_told(
    folder: Path,
    declared: dict[str, Any],
    place: str,
    key: str,
    value: object,
    message: str,
) -> None:
    area = Arf(np.linspace(6.3, 8, 5), np.full(4, 10.0))
    write_arf(folder / "short.arf", area)
    wrong = copy.deepcopy(declared)
    table = wrong[place] if place in wrong else wrong["instruments"][place]
    table[key] = value
    if value is None:
        del table[key]
    with pytest.raises(HifredError, match=message):
        prepared(folder, wrong)


def test_an_imager_without_a_response_is_told_what_it_needs(
    folder: Path, declared: dict[str, Any]
) -> None:
    wrong = copy.deepcopy(declared)
    del wrong["instruments"]["mos1"]["rmf"], wrong["instruments"]["mos1"]["background"]
    with pytest.raises(HifredError, match=r'mos1 must have an rmf: .*"intrinsic" in'):
        prepared(folder, wrong)


def test_no_toml_and_no_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match="must be a readable file"):
        read_preparation(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_text("[energy")
    with pytest.raises(HifredError, match="must be TOML"):
        read_preparation(tmp_path / "a.toml")
    (tmp_path / "a.toml").write_text("[energy]\nband_kev = [6.2, 6.9]\n")
    with pytest.raises(HifredError, match="must be given; it is missing"):
        read_preparation(tmp_path / "a.toml")


def test_the_input_is_valid_in_itself(ready: FusionInput) -> None:
    sky = build_sky_grid(ready.observations)
    responses = build_responses(ready.observations, sky)
    assert set(responses) == {"mos1", "resolve"}
    assert all(isinstance(o, xr.Dataset) for o in ready.observations.values())


def test_an_unblurred_sky_is_refused_where_the_responses_lead_from_a_blurred_one(
    ready: FusionInput,
) -> None:
    told = r"resolution of its imager; got 'intrinsic'. Prepare it with spatial = "
    with pytest.raises(HifredError, match=told):
        kernels_for(ready.observations, "intrinsic")
    with pytest.raises(HifredError, match=told):
        check_responses(ready.observations, target_resolution="intrinsic")


def test_an_unblurred_sky_is_there_where_it_was_prepared(
    folder: Path, declared: dict[str, Any]
) -> None:
    other = declared | {"target": {"spatial": "intrinsic", "spectral": "intrinsic"}}
    observations = prepared(folder, other).observations
    assert kernels_for(observations, "intrinsic").keys() == observations.keys()
    half = declared | {"target": {"spatial": "intrinsic"}}
    with pytest.raises(HifredError, match="resolution of its spectrometer; got"):
        kernels_for(prepared(folder, half).observations, "intrinsic")


def test_a_plan_refuses_a_resolution_that_is_not_in_the_input(
    ready: FusionInput, tmp_path: Path
) -> None:
    path = save_fusion_input(tmp_path / "case.zarr", ready)
    check = FusionKernel().trial_check("case", path)
    check({"rank": 1, "target_resolution": "matched"})
    with pytest.raises(HifredError, match="must be 'matched' for an input that was"):
        check({"rank": 1, "target_resolution": "intrinsic"})


def test_every_file_is_opened_once(
    folder: Path, declared: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = count_openings(monkeypatch)
    prepared(folder, declared)
    assert {Path(name).name for name in opened} == {
        "bkg.pi", "expo.fits", "mos1.arf", "mos1.fits", "mos1.rmf", "resolve.arf",
        "resolve.fits", "resolve.rmf",
    }  # fmt: skip
    assert set(opened.values()) == {1}


def test_an_event_list_is_opened_once_for_events_and_good_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = columns()
    times = good_times_hdu([(found["TIME"].min(), found["TIME"].max())])
    path = write(tmp_path / "events.fits", events_hdu(found), times)
    opened = count_openings(monkeypatch)
    assert read_events(path).good_times is not None
    assert opened == {str(path): 1}
