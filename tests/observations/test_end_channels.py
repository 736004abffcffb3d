"""Channels that record light from beyond the energies of the sky."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import hifred
from hifred.observations import check_responses, mask_of
from hifred.observations.end_channels import is_end_channel, shares_from_beyond
from hifred.operators.spectral import channel_matrix
from tests.observations.scenes import drawn_counts, imager, spectrometer

N, STEP, REACH = 240, 6, 60
EDGES = np.linspace(2.0, 4.4, N + 1)
LOPSIDED = np.exp(
    -0.5 * (np.arange(-40, 41) / np.where(np.arange(81) < 40, 5, 14)) ** 2
)
LOPSIDED /= LOPSIDED.sum()


def wide_response() -> np.ndarray:
    """Return the response of the channels to more energies than the sky has."""
    channels = np.arange(0, N + 1, STEP) + REACH
    return channel_matrix(channels, N + 2 * REACH, LOPSIDED).toarray()


def test_the_share_is_what_energies_beyond_would_send() -> None:
    wide = wide_response()
    seen = wide[:, REACH : REACH + N]
    wanted = 1 - seen.sum(axis=1) / wide.sum(axis=1)
    assert wanted[0] > 0.3
    assert not np.allclose(wanted, wanted[::-1], atol=0.01)
    found = shares_from_beyond(seen, EDGES[::STEP], EDGES)
    assert_allclose(found, wanted, atol=1e-12)


def test_a_band_narrower_than_the_response_keeps_its_channels() -> None:
    seen = wide_response()[:, REACH : REACH + N]
    assert is_end_channel(seen, EDGES[::STEP], EDGES).any()
    narrow = seen[:4, : 4 * STEP]
    edges = EDGES[: 4 * STEP + 1]
    assert (shares_from_beyond(narrow, edges[::STEP], edges) > 0.1).sum() >= 2
    assert not is_end_channel(narrow, edges[::STEP], edges).any()


COUNTS = drawn_counts(1e6, seed=1)


def test_only_the_ends_of_imagers_are_masked() -> None:
    mask = np.ones(COUNTS["epic"].shape, bool)
    mask[:, :, 3] = False
    given = {"epic": imager(mask=mask), "resolve": spectrometer()}
    masked = hifred.without_end_channels(given)
    used = mask_of(masked["epic"])
    left = np.flatnonzero(used.any(axis=(1, 2)))
    assert 0 < left[0] < 3
    assert_array_equal(left, np.arange(left[0], 20 - left[0]))
    assert_array_equal(used[left], mask[left])
    assert masked["resolve"] is given["resolve"]


@pytest.mark.parametrize("end", [0, -1])
def test_light_from_beyond_is_named_and_mended_by_the_advice(end: int) -> None:
    counts = COUNTS["epic"].astype(float)
    counts[end] *= 1.5
    counts = np.random.default_rng(4).poisson(counts)
    given = {
        "epic": imager(counts=counts),
        "resolve": spectrometer(counts=COUNTS["resolve"]),
    }
    report = check_responses(given)
    assert report.is_ok
    (note,) = report.notes
    assert f"were not compared: {end % 20} (" in note
    assert "without_end_channels" in note
    mended = check_responses(hifred.without_end_channels(given))
    assert mended.is_ok
    assert not mended.notes


def test_too_few_counts_at_an_end_are_no_light_from_beyond() -> None:
    counts = COUNTS["epic"].copy()
    counts[0] = counts[0] * 0.7
    report = check_responses(
        {
            "epic": imager(counts=counts),
            "resolve": spectrometer(counts=COUNTS["resolve"]),
        }
    )
    assert not report.notes
