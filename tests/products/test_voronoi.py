import numpy as np
import pytest
from scipy import ndimage

from hifred.errors import HifredError
from hifred.products.voronoi import grouped_pixels


def brightness(n_rows: int = 30, n_columns: int = 26) -> np.ndarray:
    y, x = np.mgrid[:n_rows, :n_columns]
    radius = np.hypot(y - n_rows / 2, x - n_columns / 2)
    return np.random.default_rng(4).poisson(60 * np.exp(-((radius / 7) ** 2)) + 2)


@pytest.mark.parametrize("weighted", [False, True])
def test_groups_reach_about_the_target_and_hold_all_light(weighted) -> None:
    counts = brightness().astype(float)
    groups = grouped_pixels(counts, counts, 12.0, weighted=weighted)
    assert np.array_equal(groups >= 0, counts > 0)
    lit = groups >= 0
    ratios = np.sqrt(np.bincount(groups[lit], counts[lit]))
    assert set(groups[lit]) == set(range(len(ratios)))
    # As Cappellari & Copin (2003) have it: a scatter of some ten per cent.
    assert 10.0 < np.median(ratios) < 15.0
    assert np.percentile(ratios, 5) > 8.0
    assert ratios.std() < 0.25 * ratios.mean()


def test_a_bright_pixel_stays_alone_in_weighted_groups() -> None:
    counts = np.full((9, 8), 4.0)
    counts[3, 5] = 1000.0
    groups = grouped_pixels(counts, counts, 8.0, weighted=True)
    assert (groups == groups[3, 5]).sum() == 1


def test_voronoi_groups_are_in_one_piece() -> None:
    # Pixels nearest to a centre are convex, but for what touches at a corner.
    counts = brightness().astype(float) + 1.0
    groups = grouped_pixels(counts, counts, 12.0)
    corners = np.ones((3, 3))
    pieces = [ndimage.label(groups == g, corners)[1] for g in range(groups.max() + 1)]
    assert set(pieces) == {1}


def test_one_group_where_the_target_is_that_of_the_field() -> None:
    counts = np.full((5, 6), 4.0)
    groups = grouped_pixels(counts, counts, np.sqrt(counts.sum()) * 0.99)
    assert set(groups.ravel()) == {0}


def test_a_target_out_of_reach_is_told() -> None:
    counts = np.full((5, 6), 4.0)
    with pytest.raises(HifredError, match="got 50 and 11 of signal to noise"):
        grouped_pixels(counts, counts, 50.0)
    with pytest.raises(HifredError, match="got 5 and 0 of signal"):
        grouped_pixels(np.zeros((5, 6)), counts, 5.0)
