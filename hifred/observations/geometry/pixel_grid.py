"""A grid of pixels on the sky: shape, WCS and offsets."""

from dataclasses import dataclass
from typing import final

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import (
    pixel_to_skycoord,
    proj_plane_pixel_scales,
    skycoord_to_pixel,
)
from numpy.typing import ArrayLike

from hifred.errors import HifredError
from hifred.observations.geometry.celestial import celestial_wcs

# Pitch of the Resolve and SXS arrays: 832 micrometres at a focal length of 5.6 m.
RESOLVE_PIXEL_ARCSEC = 30.6
RESOLVE_SHAPE = (6, 6)
# Sides of a pixel may differ by so much.
SQUARE_TOLERANCE = 0.01


@final
@dataclass(frozen=True)
class PixelGrid:
    """Pixels on the sky.

    Parameters
    ----------
    wcs : WCS
        Celestial, two-dimensional, in any frame that astropy can transform; pixel
        (0, 0) is the centre of row 0, column 0.
    shape : (int, int)
        Number of rows (y) and columns (x).
    """

    wcs: WCS
    shape: tuple[int, int]

    @property
    def pixel_size_arcsec(self) -> float:
        """Side of a square of a pixel's area."""
        scales = proj_plane_pixel_scales(self.wcs) * units.deg
        return float(np.sqrt(np.prod(scales.to_value("arcsec"))))

    @property
    def steps(self) -> np.ndarray:
        """What a pixel in x, and one in y (columns), is to the east and north, arcsec.

        In the middle of the field: a projection may stretch pixels away from its
        reference, as CAR does.
        """
        y, x = (0.5 * (n - 1) for n in self.shape)
        beside = self.sky_of(np.array([y, y + 1]), np.array([x + 1, x]))
        east, north = self.centre.spherical_offsets_to(beside)
        return np.array([east.arcsec, north.arcsec])

    def check_square(self, what: str) -> None:
        """Raise unless the pixels are squares of `pixel_size_arcsec` on the sky."""
        sides = np.hypot(*self.steps)
        if np.any(np.abs(sides / self.pixel_size_arcsec - 1) > SQUARE_TOLERANCE):
            raise HifredError(
                f"{what} must have square pixels; they are {sides[0]:.4g} x "
                f"{sides[1]:.4g} arcsec, on which no psf is round. Give the sky a grid "
                "of its own in [sky]."
            )

    @property
    def offsets(self) -> tuple[np.ndarray, np.ndarray]:
        """Offsets (y,), (x,) in arcsec of the pixel centres from the grid's centre."""
        size = self.pixel_size_arcsec
        ny, nx = self.shape
        y = (np.arange(ny) - (ny - 1) / 2) * size
        return y, (np.arange(nx) - (nx - 1) / 2) * size

    @property
    def header_text(self) -> str:
        """The WCS as header cards, one line each."""
        header = self.wcs.to_header()
        header["NAXIS1"], header["NAXIS2"] = self.shape[1], self.shape[0]
        return str(header.tostring(sep="\n"))

    def pixel_of(self, sky: SkyCoord) -> tuple[np.ndarray, np.ndarray]:
        """Return pixel coordinates (y, x), from 0, of positions in any frame."""
        x, y = skycoord_to_pixel(sky, self.wcs, origin=0)
        return np.asarray(y), np.asarray(x)

    def sky_of(self, y: ArrayLike, x: ArrayLike) -> SkyCoord:
        """Return the positions of pixel coordinates from 0, in the grid's frame."""
        return pixel_to_skycoord(x, y, self.wcs, origin=0)

    @property
    def centre(self) -> SkyCoord:
        """Position of the middle of the field."""
        ny, nx = self.shape
        return self.sky_of((ny - 1) / 2, (nx - 1) / 2)

    def __str__(self) -> str:
        """Return centre, frame and extent in words."""
        ny, nx = self.shape
        lon, lat = self.centre.spherical.lon.deg, self.centre.spherical.lat.deg
        size = self.pixel_size_arcsec
        frame = self.centre.frame.name.upper()
        return f'{lon:.5f} {lat:+.5f} deg ({frame}), {nx} x {ny} pixels of {size:.4g}"'

    def with_size(
        self, pixel_size_arcsec: float, shape: tuple[int, int]
    ) -> "PixelGrid":
        """Return other pixels with the directions of these, centred on their reference.

        Parameters
        ----------
        pixel_size_arcsec : float
        shape : (int, int)
            Rows and columns.
        """
        wcs, factor = self.wcs.deepcopy(), pixel_size_arcsec / self.pixel_size_arcsec
        wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
        if wcs.wcs.has_cd():
            wcs.wcs.cd = wcs.wcs.cd * factor
        else:
            wcs.wcs.cdelt = wcs.wcs.cdelt * factor
        return PixelGrid(wcs, shape)

    def widened(self, margin_pixels: int) -> "PixelGrid":
        """Return the grid with `margin_pixels` more pixels on every side."""
        wcs = self.wcs.deepcopy()
        wcs.wcs.crpix = wcs.wcs.crpix + margin_pixels
        ny, nx = self.shape
        return PixelGrid(wcs, (ny + 2 * margin_pixels, nx + 2 * margin_pixels))


def tangent_grid(
    ra_deg: float,
    dec_deg: float,
    *,
    pixel_size_arcsec: float,
    shape: tuple[int, int],
    roll_deg: float = 0.0,
) -> PixelGrid:
    """Return a gnomonic (TAN) grid centred on a position.

    Parameters
    ----------
    ra_deg, dec_deg : float, degrees
        Centre of the grid (ICRS).
    pixel_size_arcsec : float
        Side of the square pixels.
    shape : (int, int)
        Rows and columns.
    roll_deg : float, degrees
        Position angle of the +y axis, from north through east. At 0, x grows to the
        west and y to the north.
    """
    if not pixel_size_arcsec > 0 or min(shape) < 1:
        raise HifredError(
            "pixel_size_arcsec and shape must be above 0; got "
            f"{pixel_size_arcsec} and {shape}."
        )
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra_deg, dec_deg]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    step = pixel_size_arcsec / 3600.0
    wcs.wcs.cdelt = [-step, step]
    roll = np.radians(roll_deg)
    wcs.wcs.pc = [[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return PixelGrid(wcs, (int(shape[0]), int(shape[1])))


def resolve_array(ra_deg: float, dec_deg: float, *, roll_deg: float = 0.0) -> PixelGrid:
    """Return the 6 x 6 pixels of XRISM/Resolve or Hitomi/SXS, aimed at a position.

    Notes
    -----
    The calibration pixel (number 12) looks at no sky: mask its corner.
    """
    return tangent_grid(
        ra_deg,
        dec_deg,
        pixel_size_arcsec=RESOLVE_PIXEL_ARCSEC,
        shape=RESOLVE_SHAPE,
        roll_deg=roll_deg,
    )


def grid_from_header(header: fits.Header, place: str) -> PixelGrid:
    """Return the celestial grid of an image or cube header.

    Parameters
    ----------
    header : fits.Header
        With NAXIS1, NAXIS2 and celestial WCS keywords.
    place : str
        File and extension, for the error.

    Raises
    ------
    HifredError
        If there is no celestial WCS, or the image axes are not the first two.
    """
    wcs = celestial_wcs(header, place)
    if wcs is None or "NAXIS2" not in header:
        raise HifredError(
            f"{place} must have a celestial WCS on its first two axes; got "
            f"CTYPE1 {header.get('CTYPE1', 'none')!r} and CTYPE2 "
            f"{header.get('CTYPE2', 'none')!r}."
        )
    return PixelGrid(wcs, (int(header["NAXIS2"]), int(header["NAXIS1"])))


def grid_from_text(text: str) -> PixelGrid:
    """Return the grid whose `PixelGrid.header_text` was stored."""
    header = fits.Header.fromstring(text, sep="\n")
    return grid_from_header(header, "the stored WCS")
