"""The fields of view of the instruments: their grids, and whether they overlap."""

from collections.abc import Mapping

import numpy as np

from hifred.errors import HifredError, SettingsError
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
    resolve_array,
    tangent_grid,
)
from hifred.observations.preparation.instrument_settings import GridSettings

# Points along each side of a field that are looked up in another.
POINTS = 41


def pixel_grid(settings: GridSettings) -> PixelGrid:
    """Return the pixels that the settings describe; the Resolve array by default."""
    if settings.shape is None and settings.pixel_size_arcsec is None:
        return resolve_array(
            settings.ra_deg, settings.dec_deg, roll_deg=settings.roll_deg
        )
    if settings.shape is None or settings.pixel_size_arcsec is None:
        raise SettingsError(
            "a grid must have both shape and pixel_size_arcsec, or neither for the "
            "Resolve array; got one."
        )
    return tangent_grid(
        settings.ra_deg,
        settings.dec_deg,
        pixel_size_arcsec=settings.pixel_size_arcsec,
        shape=settings.shape,
        roll_deg=settings.roll_deg,
    )


def check_fields(
    grids: Mapping[str, PixelGrid], roles: Mapping[str, str], sky: PixelGrid
) -> None:
    """Raise unless every field overlaps the sky, and each spectrometer an imager.

    Parameters
    ----------
    grids : mapping of str to PixelGrid
        Pixels of the instruments.
    roles : mapping of str to str
        Imager or spectrometer.
    sky : PixelGrid
        Pixels of the unknown sky.
    """
    for name, grid in grids.items():
        if not overlap(grid, sky):
            raise _apart(name, grid, "the sky", sky)
    imagers = [name for name in grids if roles[name] == "imager"]
    for name in (n for n in grids if roles[n] == "spectrometer" and imagers):
        if not any(overlap(grids[name], grids[imager]) for imager in imagers):
            raise _apart(name, grids[name], imagers[0], grids[imagers[0]])


def _apart(name: str, grid: PixelGrid, other: str, field: PixelGrid) -> HifredError:
    distance = grid.centre.icrs.separation(field.centre.icrs)
    return HifredError(
        f"the fields of {name} and {other} must overlap; {name} is at {grid}, {other} "
        f"at {field}, {_told(distance.deg)} apart. Check the positions and the frames "
        "(CTYPE, RADESYS, EQUINOX) of their files and grids."
    )


def _told(distance_deg: float) -> str:
    if distance_deg < 1:
        return f"{60 * distance_deg:.3g} arcmin"
    return f"{distance_deg:.3g} deg"


def overlap(one: PixelGrid, other: PixelGrid) -> bool:
    """Return whether two fields share some sky, more than a few hundredths of one."""
    return _has_points_in(one, other) or _has_points_in(other, one)


def _has_points_in(one: PixelGrid, other: PixelGrid) -> bool:
    y, x = np.meshgrid(*(np.linspace(-0.5, n - 0.5, POINTS) for n in one.shape))
    y, x = other.pixel_of(one.sky_of(y.ravel(), x.ravel()))
    inside_y = (y > -0.5) & (y < other.shape[0] - 0.5)
    return bool(np.any(inside_y & (x > -0.5) & (x < other.shape[1] - 0.5)))


def distance_pixels(one: PixelGrid, other: PixelGrid) -> float:
    """Return the largest distance of the corners of two grids, in pixels of the first.

    Two grids of one shape lie on one another where it is small.
    """
    corners = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)])
    ny, nx = other.shape
    y, x = (ny - 1) / 2 + ny * corners[:, 0], (nx - 1) / 2 + nx * corners[:, 1]
    found = np.array(one.pixel_of(other.sky_of(y, x)))
    distance = np.hypot(*(found - np.array([y, x])))
    return float(np.max(np.nan_to_num(distance, nan=np.inf)))
