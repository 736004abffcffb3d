"""Pixels that no sky behind the PSF could make as bright are named."""

import numpy as np
import pytest

from hifred.observations import ResponseReport, check_responses
from hifred.observations.response_check.hot_pixels import sharpest
from hifred.selection.thinning import with_counts
from hifred.simulation import simulate_model

SKY = simulate_model(
    "gaussian_1kev_rebinned", shape=(27, 27), n_energies=240, counts=1e6
).observations


def report_of(counts: np.ndarray) -> ResponseReport:
    return check_responses(SKY | {"imager": with_counts(SKY["imager"], counts)})


def n_hot(report: ResponseReport) -> float:
    return sum(row.value for row in report.rows if row.name == "hot pixels")


def test_a_sky_has_none() -> None:
    assert n_hot(report_of(SKY["imager"]["counts"].values)) == 0


@pytest.mark.parametrize("place", [(5, 20), (13, 13)])
def test_one_is_named(place: tuple[int, int]) -> None:
    counts = SKY["imager"]["counts"].values.copy()
    counts[:, *place] = 4 * counts.max(axis=(1, 2))
    report = report_of(counts)
    assert n_hot(report) == 1
    named = f"any source: y {place[0]}, x {place[1]}. Leave them out with a mask"
    assert named in " ".join(report.warnings)


def test_a_masked_one_is_not_told() -> None:
    counts = SKY["imager"]["counts"].values.copy()
    counts[:, 5, 20] = 4 * counts.max(axis=(1, 2))
    mask = np.ones(counts.shape, bool)
    mask[:, 5, 20] = False
    imager = with_counts(SKY["imager"], counts)
    imager = imager.assign(mask=(imager["counts"].dims, mask))
    assert n_hot(check_responses(SKY | {"imager": imager})) == 0


def test_a_fifth_too_much_on_a_bright_pixel_is_named() -> None:
    counts = SKY["imager"]["counts"].values.copy()
    place = np.unravel_index(counts.sum(axis=0).argmax(), counts.shape[1:])
    counts[:, *place] = np.round(1.3 * counts[:, *place])
    assert n_hot(report_of(counts)) == 1


def test_the_sharpest_psf_is_taken() -> None:
    broad, sharp = np.ones((3, 3)), np.zeros((3, 3))
    sharp[1, 1] = 1e-3
    np.testing.assert_allclose(sharpest(np.stack([broad, sharp])), 1e3 * sharp)
