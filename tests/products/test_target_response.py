import json

import numpy as np
import xarray as xr

from hifred.observations import FusionInput
from hifred.products.target_response import cube_line_spread
from hifred.store.fits_export import cube_response
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


def test_the_sharpest_spectrometer_is_the_one_that_fusion_takes() -> None:
    found = fusion_input()
    sharp = found.observations["spectrometer"]
    kernel = sharp["line_spread"].to_numpy()
    broad = np.convolve(kernel, [0.25, 0.5, 0.25])
    blurred = sharp.drop_vars("line_spread").assign(line_spread=("offset", broad))
    several = {"imager": found.observations["imager"], "blurred": blurred,
               "spectrometer": sharp}  # fmt: skip
    known = FusionInput(several, None, {})
    spread = cube_line_spread(fused(), known)
    np.testing.assert_array_equal(spread, kernel)
    result = fused().assign(energy_edges=np.arange(25.0))
    response = cube_response(result, known).matrix.toarray()
    np.testing.assert_allclose(
        response[:, 12], np.pad(kernel, 12)[len(kernel) // 2 :][:24]
    )
