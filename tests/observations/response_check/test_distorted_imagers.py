"""An imager that shows another sky than the spectrometer is told before a fusion."""

import pytest

from benchmarks.distortions import FEW_COUNTS, IMAGER, distorted
from hifred.observations import check_responses
from hifred.simulation import simulate_model

# What is named of each, at the least.
TOLD = {
    "featureless": "image misfit",
    "shift": "shift along x",
    "bright channel": "stray channels",
    "bright band": "stray channels",
    "flat light in a channel": "stray channels",
    "flat light in a band": "stray channels",
    "point source": "PSF width (sigma)",
    "bright pixel": "hot pixels",
    "too bright": "normalisation",
}


@pytest.fixture(scope="module")
def observations():
    return simulate_model(
        "gaussian_1kev_rebinned", shape=(27, 27), n_energies=240, counts=1e6
    ).observations


@pytest.mark.parametrize("name", IMAGER)
def test_a_distorted_imager_is_told(name, observations):
    rows = check_responses(distorted(observations, name)).rows
    assert TOLD[name] in [row.name for row in rows if not row.is_ok]


def test_few_counts_are_no_fault(observations):
    assert check_responses(distorted(observations, FEW_COUNTS)).is_ok
