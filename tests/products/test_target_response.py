import json

import numpy as np
import xarray as xr

from hifred.observations import FusionInput
from hifred.products.target_response import cube_line_spread
from tests.scenes import observe, sky_cube


def fusion_input() -> FusionInput:
    observations = observe(sky_cube((24, 6, 6)), rng=np.random.default_rng(1))
    return FusionInput(observations, None, {})


def fused(**settings) -> xr.Dataset:
    return xr.Dataset(attrs={"settings": json.dumps(settings)})


def test_a_matched_cube_has_the_line_spread_of_its_spectrometer() -> None:
    found = fusion_input()
    expected = found.observations["spectrometer"]["line_spread"].to_numpy()
    spread = cube_line_spread(fused(target_resolution="matched"), found)
    np.testing.assert_array_equal(spread, expected)


def test_an_intrinsic_cube_and_an_unknown_one_have_none() -> None:
    found = fusion_input()
    assert cube_line_spread(fused(target_resolution="intrinsic"), found) is None
    assert cube_line_spread(fused()) is None
    found.observations.pop("spectrometer")
    assert cube_line_spread(fused(), found) is None


def test_a_line_spread_of_the_cube_comes_first() -> None:
    own = fused().assign(line_spread=("energy_offset", [0.25, 0.5, 0.25]))
    np.testing.assert_array_equal(cube_line_spread(own), [0.25, 0.5, 0.25])
