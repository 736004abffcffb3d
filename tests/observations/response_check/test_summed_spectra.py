"""Fits of summed spectra find what was done to them."""

import numpy as np
import pytest

from hifred.observations import build_responses, build_sky_grid
from hifred.observations.response_check.summed_spectra import spectrum_rows
from hifred.observations.response_check.transfer import compare
from tests.observations.scenes import imager, lopsided_sky, spectrometer


def figures(shift: int = 0, tilt: float = 0.0, **changes: object) -> dict[str, float]:
    """Return the figures for noise-free counts, the spectrometer's spectrum changed."""
    case = {"epic": imager(**changes), "resolve": spectrometer()}
    sky = build_sky_grid(case)
    responses = build_responses(case, sky)
    scaled = 1e9 * lopsided_sky() * sky.reference_exposure[:, None, None]
    fine = np.roll(responses["resolve"].apply(scaled), shift, axis=0)
    fine /= 1 + tilt * np.linspace(-1, 1, 120)[:, None, None]
    found = compare(
        imager(counts=np.rint(responses["epic"].apply(scaled)), **changes),
        responses["epic"],
        spectrometer(counts=np.rint(fine)),
        responses["resolve"],
    )
    rows = spectrum_rows(("epic", "resolve"), found, 5.0, 5.0)
    return {row.name: row.value for row in rows}


def test_right_spectra_agree() -> None:
    found = figures()
    assert abs(found["area ratio across the band"] - 1) < 1e-3
    assert abs(found["energy shift"]) < 0.05
    assert found["spectrum misfit"] < 1e-3
    assert found["energy order"] == 0


def test_shift_and_area_ratio_are_measured() -> None:
    # Bins of 5 eV; the imager's line lies two bins before the spectrometer's.
    assert figures(shift=2)["energy shift"] == pytest.approx(-10.0, abs=1.0)
    ratio = figures(tilt=0.1)["area ratio across the band"]
    assert ratio == pytest.approx(1.2, abs=0.01)


def test_few_channels_are_not_fitted() -> None:
    edges = imager()["energy_edges"].values[::40]
    counts = np.zeros((3, 30, 27), int)
    assert figures_of_few(edges, counts) == []


def figures_of_few(edges: np.ndarray, counts: np.ndarray) -> list[object]:
    case = {
        "epic": imager(channel_edges=edges, counts=counts + 1),
        "resolve": spectrometer(counts=np.ones((120, 10, 9), int)),
    }
    responses = build_responses(case, build_sky_grid(case))
    found = compare(
        case["epic"], responses["epic"], case["resolve"], responses["resolve"]
    )
    return list(spectrum_rows(("epic", "resolve"), found, 5.0, 5.0))
