"""Wrong responses are caught, each for what it is; right ones pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
import xarray as xr

from hifred.observations import (
    ResponseReport,
    build_observation,
    check_responses,
)
from tests.observations.cases import gaussian, gaussian_image
from tests.observations.scenes import (
    IMAGER_AREA,
    SPECTROMETER_AREA,
    drawn_counts,
    imager,
    spectrometer,
)

COUNTS = drawn_counts(1e6, seed=1)


def report_of(
    imager_changes: dict[str, Any] | None = None,
    spectrometer_changes: dict[str, Any] | None = None,
    **options: Any,
) -> ResponseReport:
    case = {
        "epic": imager(**({"counts": COUNTS["epic"]} | (imager_changes or {}))),
        "resolve": spectrometer(
            **({"counts": COUNTS["resolve"]} | (spectrometer_changes or {}))
        ),
    }
    return check_responses(case, **options)


def wrong_rows(report: ResponseReport) -> set[str]:
    return {row.name for row in report.rows if not row.is_ok}


def test_right_responses_pass() -> None:
    report = report_of()
    assert report.is_ok
    assert report.warnings == ()
    assert "the responses agree" in str(report)
    assert len(report.rows) == 12


def test_intrinsic_resolution_passes_as_well() -> None:
    assert report_of(target_resolution="intrinsic").is_ok


def test_redistribution_and_spatial_matrices_pass() -> None:
    from_kernels = {
        "line_spread": None,
        "redistribution": scipy.sparse.csr_array(_channels(gaussian(20, 5.0), 6)),
        "psf": None,
        "spatial_matrix": _pixels(gaussian_image(4, 1.0), (30, 27)),
        "y_sky": imager()["y"].values,
        "x_sky": imager()["x"].values,
    }
    report = report_of(
        from_kernels,
        {"line_spread": None, "redistribution": _channels(gaussian(4, 1.0), 1)},
    )
    assert report.is_ok, str(report)


def _channels(kernel: np.ndarray, factor: int) -> np.ndarray:
    blur = scipy.linalg.convolution_matrix(kernel, 120, mode="same")
    return blur.reshape(120 // factor, factor, 120).sum(axis=1)


def _pixels(psf: np.ndarray, shape: tuple[int, int]) -> scipy.sparse.csr_array:
    middle = psf[psf.shape[0] // 2]
    middle = middle / middle.sum()
    along = [scipy.linalg.convolution_matrix(middle, n, mode="same") for n in shape]
    return scipy.sparse.csr_array(np.kron(*along))


def test_masks_and_backgrounds_are_allowed_for() -> None:
    mask = np.ones((30, 27), bool)
    mask[4, 3] = False
    rng = np.random.default_rng(5)
    report = report_of(
        {
            "counts": COUNTS["epic"] + rng.poisson(20.0, COUNTS["epic"].shape),
            "background": 20.0,
            "mask": mask,
        }
    )
    assert report.is_ok, str(report)


FLIPS = {
    "flipped in y": np.s_[:, ::-1],
    "flipped in x": np.s_[:, :, ::-1],
    "turned by 180 degrees": np.s_[:, ::-1, ::-1],
}


@pytest.mark.parametrize("name", FLIPS)
def test_a_flipped_spectrometer_is_caught(name: str) -> None:
    report = report_of({}, {"counts": COUNTS["resolve"][FLIPS[name]]})
    assert "orientation" in wrong_rows(report)
    assert f"fits better {name}" in report.warnings[0]


@pytest.mark.parametrize(
    ("imager_changes", "spectrometer_changes", "wrong"),
    [
        ({"psf": gaussian_image(4, 1.6)}, {}, "PSF width (sigma)"),
        ({"line_spread": gaussian(24, 6.0)}, {}, "response width (sigma)"),
        ({"exposure_time": 1.1}, {}, "normalisation"),
        (
            {"effective_area": SPECTROMETER_AREA},
            {"effective_area": IMAGER_AREA},
            "area ratio across the band",
        ),
        ({"counts": np.roll(COUNTS["epic"], 1, 1)}, {}, "shift along y"),
        ({}, {"counts": np.roll(COUNTS["resolve"], -1, 2)}, "shift along x"),
        ({}, {"counts": np.roll(COUNTS["resolve"], 3, 0)}, "energy shift"),
        ({}, {"counts": COUNTS["resolve"][::-1]}, "energy order"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_response_is_caught(
    imager_changes: dict[str, Any], spectrometer_changes: dict[str, Any], wrong: str
) -> None:
    report = report_of(imager_changes, spectrometer_changes)
    assert wrong in wrong_rows(report)
    assert not report.is_ok
    assert any(wrong in sentence for sentence in report.warnings)


def test_shifts_are_measured_in_arcsec() -> None:
    report = report_of({"counts": np.roll(COUNTS["epic"], 1, 1)})
    shift = next(row for row in report.rows if row.name == "shift along y")
    # The spectrometer's image lies one imager pixel before the imager's.
    assert abs(shift.value + 10.0) < 5 * shift.scatter


def test_expected_scatters_are_those_of_the_noise() -> None:
    """Over many draws, figures scatter as promised and none raises an alarm."""
    found: dict[str, list[float]] = {}
    for seed in range(24):
        counts = drawn_counts(3e4, seed=100 + seed)
        report = report_of({"counts": counts["epic"]}, {"counts": counts["resolve"]})
        assert report.is_ok
        for row in report.rows:
            if row.name not in ("orientation", "energy order") and row.value > 0:
                found.setdefault(row.name, []).append(
                    (row.value - row.expected) / row.scatter
                )
    for name in ("normalisation", "PSF width (sigma)", "response width (sigma)"):
        assert abs(np.mean(found[name])) < 1.0
        assert 0.5 < np.std(found[name]) < 1.6


def test_a_lone_observation_has_nothing_to_compare() -> None:
    report = check_responses({"epic": imager(counts=COUNTS["epic"])})
    assert report.is_ok
    assert str(report) == "nothing to compare"


def test_a_fully_masked_spectrometer_is_told() -> None:
    report = report_of({}, {"mask": np.zeros((10, 9), bool)})
    assert report.rows == ()
    assert "share too few pixels" in str(report)


def published(shared_data: Path, **changes: Any) -> dict[str, xr.Dataset]:
    """Return the published cubes as observations; 'psf' is the spectrometer's."""
    arrays = np.load(
        shared_data / "published_cubes" / "gaussian_1kev_rebinned.npz",
        allow_pickle=False,
    )
    edges = 0.5 + 0.00036 * np.arange(2401)
    counts = np.random.default_rng(1).poisson(arrays["Y_noise_free"])
    turn, roll = changes.get("turn", (0, 1, 2)), changes.get("roll", 0)
    areas = changes.get("areas", (1.0, 1.0))
    if "thinned" in changes:
        counts = np.random.default_rng(2).binomial(counts, changes["thinned"])
    common = {"energy_edges": edges, "exposure_time": 1.0}
    return {
        "imager": build_observation(
            **common,
            instrument="imager",
            role="imager",
            counts=np.roll(arrays["X"], roll, axis=2),
            channel_edges=edges[::40],
            effective_area=areas[0],
            pixel_size_arcsec=10.0,
            line_spread=gaussian(290, 57.918),
        ),
        "spectrometer": build_observation(
            **common,
            instrument="spectrometer",
            role="spectrometer",
            counts=counts.transpose(turn),
            effective_area=areas[1],
            pixel_size_arcsec=30.0,
            sky_pixel_size_arcsec=10.0,
            psf=gaussian_image(15, changes.get("sigma", np.sqrt(8.0))),
        ),
    }


SLOPE = np.linspace(1.0, 0.6, 2400)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, None),
        ({"sigma": 3.0}, "PSF width (sigma)"),
        ({"turn": (0, 2, 1)}, "orientation"),
        ({"roll": 1}, "shift along x"),
        ({"thinned": SLOPE[:, None, None], "areas": (1.0, SLOPE)}, None),
        (
            {"thinned": SLOPE[:, None, None], "areas": (SLOPE, 1.0)},
            "area ratio across the band",
        ),
    ],
    ids=["right", "wide", "transposed", "shifted", "right areas", "swapped areas"],
)
def test_what_is_wrong_with_the_published_cubes_is_caught(
    shared_data: Path, changes: dict[str, Any], wrong: str | None
) -> None:
    report = check_responses(published(shared_data, **changes))
    assert report.is_ok == (wrong is None), str(report)
    assert wrong is None or wrong in wrong_rows(report)
