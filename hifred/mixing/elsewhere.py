"""How much of each pixel's light comes from elsewhere, before any fusion."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.mixing.groups import good_channels
from hifred.mixing.view import InstrumentView, chosen_instrument
from hifred.observations import FusionInput, background_of, mask_of
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.forward import vignetting_terms
from hifred.observations.sky_place import instrument_pixels
from hifred.operators.matrix import Matrix

# The sky is not sharpened, and nothing is known beyond it.
GEOMETRY = {"target_resolution": "intrinsic", "boundary": "zero"}
# Numbers of a spatial matrix that are held at once.
MOST_AT_ONCE = 2**24


def light_from_elsewhere(
    fusion_input: FusionInput,
    instrument: str | None = None,
    imager: str | None = None,
) -> xr.Dataset:
    r"""Return which share of each pixel's light comes from sky beyond the pixel.

    .. math:: e_d = 1 - \frac{\sum_{p \in d} K_{dp} S_p}{\sum_p K_{dp} S_p}

    with ``S`` the imager's image as the sky, and ``K`` the spatial matrix of the
    spectrometer, averaged over the energies of its counts.

    Parameters
    ----------
    fusion_input : FusionInput
    instrument, imager : str, optional
        By default the spectrometer and the imager.

    Returns
    -------
    Dataset
        ``elsewhere`` (y, x), 0 to 1, NaN where no light is expected or the pixel is not
        used; ``expected`` (y, x), the light that lands in each pixel, over that of
        the mean pixel.

    Raises
    ------
    HifredError
        If an instrument must be named, the imager has no counts, or the place of the
        pixels is not known.

    Notes
    -----
    The image has the imager's own blur, which adds to what seems to come from
    elsewhere, and ends where its field ends.
    """
    name = chosen_instrument(fusion_input, instrument)
    source = chosen_instrument(fusion_input, imager, "imager")
    view = InstrumentView.of(fusion_input, name, GEOMETRY)
    sky = _image(InstrumentView.of(fusion_input, source, GEOMETRY))
    if not sky.sum() > 0:
        raise HifredError(
            f"{source} must have counts above its background; it has none."
        )
    cover = view.cover()
    own, total = np.zeros(cover.shape[0]), np.zeros(cover.shape[0])
    spectrum = _spectrum(view)
    for weights, matrix in view.terms:
        for pixels, rows in _rows(matrix):
            landed = (weights @ spectrum) * rows * sky
            total[pixels] += landed.sum(axis=1)
            # What a pixel covers of a sky pixel is its own part of that light.
            own[pixels] += (landed * cover[pixels].toarray()).sum(axis=1)
    return _labelled(view, own, total)


def _image(view: InstrumentView) -> np.ndarray:
    """Return counts above background on the sky's pixels (sky pixel,), not negative."""
    used = mask_of(view.observation)
    counts = (
        view.observation["counts"].values - background_of(view.observation)
    ) * used
    cover = view.cover()
    n_sky_pixels = np.asarray(cover.sum(axis=1))
    density = counts.sum(axis=0).ravel() / np.where(n_sky_pixels > 0, n_sky_pixels, 1)
    seen = np.asarray(cover.T @ np.maximum(density, 0))
    terms = vignetting_terms(view.name, view.observation, view.sky)
    relative = np.sum([weights.mean() * image.ravel() for weights, image in terms], 0)
    return np.divide(seen, relative, out=np.zeros_like(seen), where=relative > 0)


def _spectrum(view: InstrumentView) -> np.ndarray:
    """Return the share of the light in each energy (energy,), from the counts."""
    edges = view.observation["channel_edges"].values
    counts = view.observation["counts"].values[good_channels(view)].sum(axis=(1, 2))
    centres = 0.5 * (edges[1:] + edges[:-1])[good_channels(view)]
    density = np.interp(view.sky.energy, centres, counts)
    if not density.sum() > 0:
        density = np.ones_like(density)
    return density / density.sum()


def _rows(matrix: Matrix) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the rows of a spatial matrix, some pixels at a time."""
    n_pixels, n_sky_pixels = matrix.shape
    n_at_once = max(1, MOST_AT_ONCE // n_sky_pixels)
    for first in range(0, n_pixels, n_at_once):
        pixels = slice(first, min(first + n_at_once, n_pixels))
        chosen = np.eye(pixels.stop - first, n_pixels, first)
        yield pixels, matrix.adjoint_rows(chosen)


def _labelled(view: InstrumentView, own: np.ndarray, total: np.ndarray) -> xr.Dataset:
    used = mask_of(view.observation)[good_channels(view)].all(axis=0).ravel()
    lit = used & (total > 0)
    share = np.full(total.shape, np.nan)
    share[lit] = np.clip(1 - own[lit] / total[lit], 0, 1)
    expected = np.where(used, total / total[used].mean(), np.nan)
    one = dims.DIMENSIONLESS
    return xr.Dataset(
        {
            "elsewhere": view.image(share, one, "share of the light from elsewhere"),
            "expected": view.image(expected, one, "light, over that of the mean pixel"),
        },
        attrs={"instrument": view.name},
    )


def write_elsewhere(
    folder: str | PathLike[str], found: xr.Dataset, fusion_input: FusionInput
) -> list[Path]:
    """Write the map as ``elsewhere.fits`` and a table of the pixels as ``.csv``.

    Raises
    ------
    HifredError
        If a file cannot be written.
    """
    folder = Path(folder)
    table = found.to_dataframe().reset_index()
    table.insert(0, "row", np.repeat(np.arange(found.sizes["y"]) + 1, found.sizes["x"]))
    table.insert(
        1, "column", np.tile(np.arange(found.sizes["x"]) + 1, found.sizes["y"])
    )
    observation = fusion_input.observations[str(found.attrs["instrument"])]
    image = SkyImage(found["elsewhere"].values, instrument_pixels(observation))
    written = [folder / "elsewhere.fits", folder / "elsewhere.csv"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_sky_image(written[0], image)
        table.to_csv(written[1], index=False)
    except OSError as error:
        raise HifredError(
            f"output must be writable; {folder}: {error.strerror or error}."
        ) from error
    return written
