"""A comb at the resolution of the sky itself: multiplied out, if there is room."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import SettingsError
from hifred.observations.preparation import spectral_target
from hifred.observations.preparation.spectral_response import SpectralResponse
from hifred.observations.preparation.spectral_target import spectral_parts
from tests.observations.instrument_case import gaussian_rmf

EDGES = np.linspace(6.0, 7.0, 51)


def comb() -> SpectralResponse:
    core, continuum = gaussian_rmf(0.02, 0.02, 0.03), gaussian_rmf(0.02, 0.1, 0.3)
    return SpectralResponse((core, continuum), 1.0)


def test_a_comb_for_the_sky_itself_is_multiplied_out() -> None:
    area, split = comb().on_grid(EDGES)
    assert split is not None
    parts = spectral_parts({"re": comb()}, EDGES, None)
    found = parts["re"].redistribution
    assert found is not None
    by_hand = split.core.toarray() + split.left.toarray() @ split.right.toarray()
    assert_allclose(found.toarray(), by_hand, rtol=1e-12)
    assert_allclose(parts["re"].area, area)
    assert found.nnz <= split.n_whole <= split.core.nnz + by_hand.size


def test_a_comb_that_would_fill_the_memory_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spectral_target, "MOST_ENTRIES", 100)
    message = r"response of re must have at most 1e\+02 entries; .* \[target\]"
    with pytest.raises(SettingsError, match=message):
        spectral_parts({"re": comb()}, EDGES, None)
