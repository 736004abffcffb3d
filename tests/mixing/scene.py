"""A sky of two energies before an imager and a coarse, blurred spectrometer."""

import json

import numpy as np
import xarray as xr

from hifred.observations import FusionInput, build_observation

SKY, FACTOR, PIXEL = (12, 15), 3, 10.0
EDGES = np.linspace(6.0, 6.3, 7)
N = len(EDGES) - 1
REGIONS = """image
circle(5,4,2.6) # text={knot}
box(11,8,5,4,30) # text={rim}
"""


def psfs() -> np.ndarray:
    """Return two PSFs without symmetry, of unit sum, one broad and one narrow."""
    y, x = np.mgrid[-4:5, -5:6]
    images = [
        np.exp(-0.5 * ((y - 0.4) ** 2 + (x + 0.7) ** 2 + 0.6 * x * y) / s**2)
        for s in (1.2, 2.2)
    ]
    return np.stack([image / image.sum() for image in images])


def vignetting() -> np.ndarray:
    y, x = np.indices(SKY)
    return 1 - 0.02 * y - 0.01 * x


def flux(seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.gamma(0.7, 1e-3, (N, *SKY))


def make_input(seed: int = 3, **spectrometer: object) -> FusionInput:
    rng = np.random.default_rng(seed)
    area = np.linspace(80.0, 120.0, N)
    coarse = (SKY[0] // FACTOR, SKY[1] // FACTOR)
    common = {"energy_edges": EDGES, "effective_area": area, "exposure_time": 2e4}
    imager = build_observation(
        instrument="epic", role="imager", pixel_size_arcsec=PIXEL,
        counts=rng.poisson(flux() * area[:, None, None] * 2e4), **common,
    )  # fmt: skip
    given = {
        "psf": psfs(),
        "psf_energy": np.array([6.0, 6.3]),
        "vignetting": vignetting(),
        "line_spread": np.array([0.2, 0.6, 0.2]),
        "counts": rng.poisson(50, (N, *coarse)),
        "background": 2.5,
        **spectrometer,
    }
    resolve = build_observation(
        instrument="resolve", role="spectrometer", pixel_size_arcsec=PIXEL * FACTOR,
        sky_pixel_size_arcsec=PIXEL, **common, **given,
    )  # fmt: skip
    return FusionInput({"epic": imager, "resolve": resolve})


def make_result(target: str = "intrinsic") -> xr.Dataset:
    y, x = ((np.arange(n) - (n - 1) / 2) * PIXEL for n in SKY)
    return xr.Dataset(
        {
            "flux": (("energy", "y", "x"), flux()),
            "reference_exposure": ("energy", np.full(N, 2e6)),
        },
        {
            "energy": 0.5 * (EDGES[1:] + EDGES[:-1]),
            "energy_edges": ("energy_edge", EDGES),
            "y": y,
            "x": x,
        },
        {
            "settings": json.dumps({"target_resolution": target, "boundary": "zero"}),
            "pixel_size_arcsec": PIXEL,
        },
    )
