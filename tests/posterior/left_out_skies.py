"""A sky, and what a subspace keeps of it."""

import numpy as np

from hifred.fusion.assembly import Assembly, SkySettings
from hifred.transforms.low_rank import spectral_basis
from tests.scenes import observe, sky_cube

SHAPE = (24, 18, 15)


def assembled(brightness: float) -> Assembly:
    cube = sky_cube(SHAPE, brightness)
    observations = observe(cube, rng=np.random.default_rng(1))
    return Assembly(observations, SkySettings())


def seen(assembly: Assembly, cube: np.ndarray) -> np.ndarray:
    response = assembly.responses["spectrometer"]
    area = response.pairs[0][0].apply(np.ones((SHAPE[0], 1)))
    return response.apply(cube).reshape(SHAPE[0], -1) / area


def subspace(assembly: Assembly, rank: int, sky: np.ndarray) -> tuple:
    """Return spectra, and the images of a sky (component, pixel) in them."""
    basis = spectral_basis(assembly.spectra, rank, assembly.line_spread)
    return basis, basis.T @ sky.reshape(len(sky), -1)
