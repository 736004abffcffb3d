"""Random images: as bright and as fine as the sky of a cube."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.fusion.assembly import Assembly, SkySettings
from hifred.posterior.sky_fields import BRIGHTNESS_EXPONENT, SkyFields
from tests.scenes import observe, sky_cube


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    cube = sky_cube((24, 18, 15), 200.0)
    return Assembly(observe(cube, rng=np.random.default_rng(1)), SkySettings())


@pytest.mark.parametrize("n_blurs", [1, 2])
def test_fields_fade_less_than_the_sky(assembly, n_blurs, monkeypatch) -> None:
    monkeypatch.setattr("hifred.posterior.sky_fields.BLURS", n_blurs)
    fields = SkyFields.blurred(assembly).draw(np.random.default_rng(3), 480)
    expected = assembly.brightness**BRIGHTNESS_EXPONENT
    assert_allclose(fields.std(axis=0) / expected, 1, atol=0.15)


def test_fields_are_as_smooth_as_their_blurs(assembly, monkeypatch) -> None:
    psf = assembly.observations["imager"]["psf"].to_numpy()
    along = psf.sum(axis=0)
    rng = np.random.default_rng(5)
    for n_blurs in (1, 2):
        kernel = along if n_blurs == 1 else np.convolve(along, along)
        expected = kernel[1:] @ kernel[:-1] / (kernel @ kernel)
        monkeypatch.setattr("hifred.posterior.sky_fields.BLURS", n_blurs)
        fields = SkyFields.blurred(assembly).draw(rng, 400)
        flat = fields / assembly.brightness**BRIGHTNESS_EXPONENT
        found = np.mean(flat[..., 1:] * flat[..., :-1])
        assert found == pytest.approx(expected, abs=0.05)


def test_fields_have_the_texture_of_images(assembly) -> None:
    rng = np.random.default_rng(8)
    stripes = np.sin(np.arange(15) * 2 * np.pi / 5) * np.ones((18, 1))
    images = assembly.brightness**BRIGHTNESS_EXPONENT * stripes
    fields = SkyFields.like(assembly, images[None]).draw(rng, 400)
    flat = fields / assembly.brightness**BRIGHTNESS_EXPONENT
    assert np.mean(flat**2) == pytest.approx(1, rel=0.1)
    # Stripes of five pixels along x, even along y.
    assert np.mean(flat[..., 5:] * flat[..., :-5]) > 0.5
    assert np.mean(flat[..., 2:] * flat[..., :-2]) < -0.5
    assert np.mean(flat[:, 3:] * flat[:, :-3]) > 0.7
