"""Regions from the images of a FITS file."""

from pathlib import Path

import numpy as np
from astropy.wcs.utils import proj_plane_pixel_area

from hifred.errors import HifredError
from hifred.observations.formats.fits_images import SkyImage, read_sky_image
from hifred.observations.geometry.overlap import overlap_matrix
from hifred.regions.sky_field import SkyField
from hifred.regions.sky_region import SkyRegion, masked_region

# More regions than this are an image of something else.
MOST_REGIONS = 10_000


def is_fits(path: Path) -> bool:
    """Whether a file begins as FITS files do, packed by gzip or not."""
    with path.open("rb") as file:
        start = file.read(9)
    return start.startswith((b"SIMPLE  =", b"\x1f\x8b"))


def read_mask(path: Path, sky: SkyField) -> list[SkyRegion]:
    """Return a region for each positive whole number of a FITS image.

    Parameters
    ----------
    path : Path
        An image with a celestial WCS, or without one but of the field's shape. Pixels
        that are not those of the field are weighed by their exact overlap.
    sky : SkyField

    Raises
    ------
    HifredError
        If values are not whole, or none is above 0 within the field.
    """
    image = read_sky_image(path, like=sky.grid)
    labels = _labels(image, path.name)
    names = np.unique(labels[labels > 0])
    if names.size == 0 or names.size > MOST_REGIONS:
        raise HifredError(
            f"{path.name} must hold 1 to {MOST_REGIONS} regions, each a whole number "
            f"above 0; it holds {names.size}."
        )
    # From the mask's pixels to the share of each of the field's pixels in them.
    onto_field = overlap_matrix(image.grid, sky.grid).T
    areas = [proj_plane_pixel_area(grid.wcs) for grid in (sky.grid, image.grid)]
    n_mask_pixels = areas[0] / areas[1]
    regions = []
    for label in names:
        mask = (labels == label).ravel().astype(float)
        covered = onto_field @ mask
        name = _name(int(label), len(names), image, path)
        beyond = 1 - float(covered.sum() * n_mask_pixels / mask.sum())
        shares = covered.reshape(sky.grid.shape)
        regions.append(masked_region(name, shares, sky, beyond))
    return regions


def _labels(image: SkyImage, name: str) -> np.ndarray:
    values = np.asarray(image.values, dtype=float)
    if values.ndim != 2:
        raise HifredError(f"{name} must hold an image; it holds a cube.")
    whole = np.where(np.isfinite(values), values, 0.0)
    wrong = (whole != np.rint(whole)) | (whole < 0)
    if wrong.any():
        raise HifredError(
            f"{name} must hold 0 outside and whole numbers inside its regions; got "
            f"{whole[wrong][0]:g}. Is it an image of counts or flux?"
        )
    return whole.astype(np.int64)


def _name(label: int, n_labels: int, image: SkyImage, path: Path) -> str:
    """Return the number of a region; for the only one, its extension or its file."""
    if n_labels > 1:
        return f"region-{label}"
    stem = path.name.split(".")[0]
    return str(image.header.get("EXTNAME", "")).strip() or stem
