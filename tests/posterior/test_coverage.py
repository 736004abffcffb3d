"""Shares of intervals that hold a known sky, where they are known by construction."""

import numpy as np
import pytest
import xarray as xr

from hifred.posterior import Draws
from hifred.posterior.coverage import Coverage

SHAPE = (200, 12, 9)
EDGES = np.linspace(0.5, 1.0, SHAPE[0] + 1)  # two energies make a bin of 5 eV
N_DRAWS = 8


def drawn(spread: float) -> tuple[np.ndarray, Draws]:
    """Return a sky and draws of its voxels, of the right width with a spread of 1."""
    rng = np.random.default_rng(1)
    flat = rng.uniform(50, 60, SHAPE)
    fit = flat + rng.standard_normal(SHAPE)
    moved = spread * rng.standard_normal((*SHAPE, N_DRAWS))
    # Every energy is a component of its own.
    data = xr.Dataset(
        {
            "spectral_basis": (("component", "energy"), np.eye(SHAPE[0])),
            "coefficients": (("component", "y", "x"), fit),
            "drawn_coefficients": (
                ("component", "y", "x", "draw"),
                fit[..., None] + moved,
            ),
            "reference_exposure": ("energy", np.ones(SHAPE[0])),
        }
    )
    return flat, Draws(data)


def test_draws_of_the_right_width_cover_what_they_say() -> None:
    sky, draws = drawn(1.0)
    found = Coverage(sky, EDGES).of(draws)
    assert list(found) == ["bands", "regions", "voxels"]
    for shares in found.values():
        assert shares[68] == pytest.approx(0.68, abs=0.04)
        assert shares[95] == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize(("spread", "low", "high"), [(0.5, 0.3, 0.48), (2, 0.9, 1)])
def test_draws_too_narrow_or_too_wide_cover_less_or_more(spread, low, high) -> None:
    sky, draws = drawn(spread)
    for shares in Coverage(sky, EDGES).of(draws).values():
        assert low < shares[68] < high
