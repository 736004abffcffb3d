"""Draws of a cube, in the energies of a few lines only."""

from collections.abc import Iterator, Sequence

import numpy as np

from hifred import dims
from hifred.errors import HifredError
from hifred.posterior import Draws
from hifred.products.draws import DrawnCubes
from hifred.products.line_band import LineBand
from hifred.products.sky_cube import SkyCube


def drawn_slabs(
    draws: DrawnCubes, sky: SkyCube, bands: Sequence[LineBand]
) -> Iterator[list[np.ndarray]]:
    """Yield, for every draw, the flux (bin, y, x) in the groups of each band.

    Raises
    ------
    HifredError
        If a draw has another shape than the cube.
    """
    if isinstance(draws, Draws):
        yield from _of_low_rank(draws, sky, bands)
        return
    for cube in draws.cubes():
        drawn = sky.with_flux(cube)
        _check_shape(drawn.flux.shape, sky)
        yield [drawn.grouped_flux(band) for band in bands]


def _of_low_rank(
    draws: Draws, sky: SkyCube, bands: Sequence[LineBand]
) -> Iterator[list[np.ndarray]]:
    """Multiply the images of each draw by the few rows of spectra that are wanted."""
    data = draws.data
    exposure = data["reference_exposure"].to_numpy().astype(float)
    spectra = data["spectral_basis"].to_numpy() / exposure
    images = data["drawn_coefficients"].transpose("draw", "component", *dims.IMAGE)
    _check_shape((spectra.shape[1], *images.shape[2:]), sky)
    rows = [band.summed(spectra[:, band.bins]).T for band in bands]
    for image in images.to_numpy():
        yield [np.tensordot(row, image.astype(float), axes=1) for row in rows]


def _check_shape(found: tuple[int, ...], sky: SkyCube) -> None:
    if found != sky.flux.shape:
        raise HifredError(
            f"draws must have the shape of the cube, {sky.flux.shape} "
            f"{dims.SKY_CUBE}; got {found}. Draw from the same fusion."
        )
