"""What is wrong on purpose is named as what it is, before everything else."""

import re
from typing import Any

import numpy as np
import pytest
import xarray as xr

from hifred.observations import ResponseReport, check_responses
from hifred.observations.geometry.overlap import spatial_matrix
from hifred.observations.geometry.pixel_grid import tangent_grid
from tests.observations import scenes
from tests.observations.cases import gaussian, gaussian_image

SKY = tangent_grid(83, 22, pixel_size_arcsec=10, shape=(30, 27))
ROLL = 25.0


def imager(**changes: Any) -> xr.Dataset:
    y, x = SKY.offsets
    matrix = spatial_matrix(SKY, SKY, gaussian_image(4, 1.0))
    return scenes.imager(
        **{"psf": None, "spatial_matrix": matrix, "y_sky": y, "x_sky": x} | changes
    )


def spectrometer(roll: float = ROLL, size: float = 30.0, **changes: Any) -> xr.Dataset:
    """6 x 6 pixels with a roll, as prepared from files."""
    grid = tangent_grid(83, 22, pixel_size_arcsec=size, shape=(6, 6), roll_deg=roll)
    (y, x), (y_sky, x_sky) = grid.offsets, SKY.offsets
    values = {
        "counts": np.zeros((120, 6, 6), int),
        "psf": None,
        "spatial_matrix": spatial_matrix(grid, SKY, gaussian_image(12, 2.5)),
        "pixel_size_arcsec": size,
        "wcs": grid.header_text,
        "y": y,
        "x": x,
        "y_sky": y_sky,
        "x_sky": x_sky,
    }
    return scenes.spectrometer(**values | changes)


COUNTS = scenes.drawn_counts(1e6, 1, {"epic": imager(), "resolve": spectrometer()})
EPIC, RESOLVE = COUNTS["epic"], COUNTS["resolve"]


def report_of(epic: dict[str, Any], resolve: dict[str, Any]) -> ResponseReport:
    case = {
        "epic": imager(**{"counts": EPIC} | epic),
        "resolve": spectrometer(**{"counts": RESOLVE} | resolve),
    }
    return check_responses(case)


def stretched(factor: float) -> np.ndarray:
    """The spectrometer's counts as if energies were `factor` times as high."""
    energy = 0.5 * (scenes.EDGES[1:] + scenes.EDGES[:-1])
    flat = RESOLVE.reshape(120, -1).T
    moved = [np.interp(energy / factor, energy, c) / factor for c in flat]
    return np.random.default_rng(3).poisson(np.array(moved).T.reshape(RESOLVE.shape))


CASES = {
    "ks for s": ({"exposure_time": 1e-3}, {}, "exposure or area scale",
                 "0.001.* times as bright .*an exposure in s where ks is meant"),
    "ten percent": ({"exposure_time": 1.1}, {}, "exposure or area scale",
                    r"1\.10?\d* times as bright"),
    "m2 for cm2": ({}, {"effective_area": scenes.SPECTROMETER_AREA * 1e-4},
                   "exposure or area scale", "an area in m2 where cm2 is meant"),
    "areas swapped": ({"effective_area": scenes.SPECTROMETER_AREA},
                      {"effective_area": scenes.IMAGER_AREA},
                      "area across the band", "effective area"),
    "area counted twice": ({}, {"effective_area": scenes.SPECTROMETER_AREA**2},
                           "area across the band", "counted once"),
    "pointing": ({"counts": np.roll(EPIC, (2, 1), (1, 2))}, {}, "pointing or frame",
                 r"-(19\.\d|2\d(\.\d)?) arcsec along y and -(9\.\d*|10\.\d) along x"),
    "roll of the wrong sign": ({}, {"roll": -ROLL}, "rotation",
                               "wrong sign: it fits with 25.0 instead of -25.0"),
    "roll left out": ({}, {"roll": 0.0}, "rotation", r"turned by -2[45]\.\d degrees"),
    "pixel size": ({}, {"size": 36.0}, "pixel scale", r"fit 0\.[78]\d* times as large"),
    "PSF too narrow": ({}, {"spatial_matrix": spatial_matrix(
        tangent_grid(83, 22, pixel_size_arcsec=30, shape=(6, 6), roll_deg=ROLL), SKY,
        gaussian_image(12, 1.2))}, "PSF width", "fits broader, by 2[0-9]"),
    "flipped": ({}, {"counts": RESOLVE[:, ::-1]}, "orientation", "flipped in y"),
    "mirrored": ({}, {"counts": RESOLVE[:, :, ::-1]}, "orientation", "flipped in x"),
    "transposed": ({}, {"counts": RESOLVE.transpose(0, 2, 1)}, "orientation",
                   "transposed"),
    "upside down": ({}, {"counts": RESOLVE[:, ::-1, ::-1]}, "orientation",
                    "turned by 180 degrees"),
    "channels shifted": ({}, {"counts": np.roll(RESOLVE, 4, 0)}, "energy shift",
                         r"fit -(19|20|18)(\.\d)? eV"),
    "gain": ({}, {"counts": stretched(1.04)}, "energy scale", r"fit 0\.9[56]\d* times"),
    "channels reversed": ({}, {"counts": RESOLVE[::-1]}, "order of the channels",
                          "opposite order"),
    "response too broad": ({"line_spread": gaussian(32, 8.0)}, {}, "response width",
                           "fits narrower"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_first_cause_is_the_one_put_in(name: str) -> None:
    epic, resolve, cause, sentence = CASES[name]
    report = report_of(epic, resolve)
    assert not report.is_ok
    first = report.causes[0]
    assert first.name == cause, report.cause_sentences
    assert first.share > 0.8
    assert re.search(sentence, first.sentence), first.sentence
    assert f"epic and resolve, likeliest cause: {cause}" in str(report)


def test_two_causes_are_both_named() -> None:
    report = report_of({"exposure_time": 1e-3}, {"roll": -ROLL})
    assert [c.name for c in report.causes] == ["exposure or area scale", "rotation"]
    assert "besides: rotation" in str(report)
    first, second = report.cause_sentences[:2]
    assert re.search(r" It explains \d+ % of what does not fit\.$", first)
    assert re.search(r" With it, the causes explain \d+ % of what does not", second)


def test_right_responses_have_no_cause() -> None:
    report = report_of({}, {})
    assert report.is_ok, str(report)
    assert report.causes == ()


def test_agreement_is_claimed_only_for_what_was_compared() -> None:
    case = {
        "epic": imager(counts=EPIC),
        "dark": imager(counts=EPIC, mask=np.zeros((30, 27), bool)),
        "resolve": spectrometer(counts=RESOLVE),
    }
    report = check_responses(case)
    assert report.is_ok
    assert report.verdict.startswith("what was compared agrees (epic with resolve)")
    assert "dark and resolve share too few pixels: 0 of resolve" in str(report)
    assert "epic and dark share too few pixels" in str(report)
    assert "the responses agree" not in str(report)


def test_imagers_are_compared_with_the_first_of_them() -> None:
    case = {
        "mos1": imager(counts=EPIC),
        "mos2": imager(counts=EPIC, exposure_time=1.15),
    }
    report = check_responses(case)
    assert {row.name for row in report.rows if not row.is_ok} == {"normalisation"}
    assert report.pairs == (("mos1", "mos2"),)
