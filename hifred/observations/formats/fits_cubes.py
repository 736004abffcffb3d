"""Writers of images and cubes as FITS: WCS, energy axis, bin edges in keV."""

from collections.abc import Mapping
from os import PathLike

import numpy as np
from astropy import units
from astropy.io import fits

from hifred.dims import DIMENSIONLESS
from hifred.errors import HifredError
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.formats.ogip_writers import replace_file
from hifred.observations.geometry.pixel_grid import PixelGrid

# Edges that lie so near to evenly spaced ones, in bins, are rounded ones: responses
# give them in single precision.
EVEN_TOLERANCE = 0.02
LONGEST_KEYWORD = 8


def write_sky_image(
    path: str | PathLike[str],
    image: SkyImage,
    *,
    error: np.ndarray | None = None,
    about_error: Mapping[str, object] | None = None,
    names: tuple[str, str] = ("", "UNCERT"),
) -> None:
    """Write an image or a cube, with checksums, replacing an existing file.

    Parameters
    ----------
    path : path
        File to write.
    image : SkyImage
        A cube must have `edges`; its `header` entries are written too.
    error : array of the image's shape, optional
        Standard deviations, in the image's unit: an extension of their own.
    about_error : mapping, optional
        Keywords of that extension.
    names : (str, str)
        Of image and errors.

    Notes
    -----
    ``UNCERT`` with ``UTYPE`` is what astropy's CCDData reads and writes; specutils 2.4
    finds it if told ``uncertainty_type="std"``. Cubeviz (jdaviz 5.0) reads ``FLUX`` and
    ``ERR``, and no photons but those of an area of the sky.

    A cube has its bin edges in a table ``ENERGIES`` (columns E_MIN, E_MAX, keV), and
    an axis ENER where the bins are evenly spaced; else the axis counts the planes.
    ENER is in joules, the standard's unit and the only one that spectral-cube
    understands; the alternate WCS ``K`` has the same axis in keV.
    """
    hdu = fits.PrimaryHDU(np.asarray(image.values))
    hdu.header.update(_image_wcs(image.grid))
    if image.unit:
        hdu.header["BUNIT"] = image.unit
    hdus = [hdu]
    if image.values.ndim == 3:
        if image.edges is None or len(image.edges) != len(image.values) + 1:
            raise HifredError(
                f"a cube of {len(image.values)} planes must have one edge more; got "
                f"{None if image.edges is None else len(image.edges)}."
            )
        hdu.header.update(_image_wcs(image.grid, key="K"))
        hdu.header.update(_energy_axis(image.edges))
        hdu.header["BANDSHDU"] = "ENERGIES"
        hdus.append(edges_table(image.edges))
    if error is not None:
        hdus.insert(1, _uncertainty(hdu, error, about_error or {}, names[1]))
    if names[0]:
        hdu.header["EXTNAME"] = names[0]
    for key, value in image.header.items():
        name = key if len(key) <= LONGEST_KEYWORD else f"HIERARCH {key}"
        hdu.header[name] = value
    hdu.header["ORIGIN"] = "hifred"
    replace_file(path, fits.HDUList(hdus))


def write_sky_maps(
    path: str | PathLike[str],
    grid: PixelGrid,
    maps: Mapping[str, tuple[np.ndarray, str]],
    header: Mapping[str, object],
) -> None:
    """Write maps of one field as extensions of a file, replacing an existing one.

    Parameters
    ----------
    path : path
        File to write.
    grid : PixelGrid
        Of all maps.
    maps : mapping of str to ((y, x) array, str)
        Values and unit of every extension, by its name.
    header : mapping
        Further keywords of the file.
    """
    primary = fits.PrimaryHDU()
    primary.header.update({"ORIGIN": "hifred", **header})
    hdus = [primary]
    for name, (values, unit) in maps.items():
        hdu = fits.ImageHDU(np.asarray(values), name=name.upper())
        hdu.header.update(_image_wcs(grid))
        hdu.header["BUNIT"] = unit if unit != DIMENSIONLESS else ""
        hdus.append(hdu)
    replace_file(path, fits.HDUList(hdus))


def _uncertainty(
    image: fits.PrimaryHDU, error: np.ndarray, about: Mapping[str, object], name: str
) -> fits.ImageHDU:
    """Return the extension of standard deviations, at the place of the image."""
    header = image.header.copy(strip=True)
    hdu = fits.ImageHDU(np.asarray(error), header=header, name=name)
    hdu.header["UTYPE"] = ("StdDevUncertainty", "standard deviation")
    hdu.header.update(about)
    return hdu


def _image_wcs(grid: PixelGrid, key: str = " ") -> fits.Header:
    header = grid.wcs.to_header(key=key)
    header.remove(f"WCSAXES{key}".strip(), ignore_missing=True)
    return header


def _energy_axis(edges: np.ndarray) -> dict[str, object]:
    n = len(edges) - 1
    step = float((edges[-1] - edges[0]) / n)
    even = edges[0] + step * np.arange(n + 1)
    if np.max(np.abs(edges - even)) > EVEN_TOLERANCE * step:
        return {"CTYPE3": "PLANE", "CRPIX3": 1.0, "CRVAL3": 1.0, "CDELT3": 1.0}
    centre = float(edges[0] + 0.5 * step)
    joule = units.keV.to("J")
    return {
        "CTYPE3": "ENER",
        "CUNIT3": "J",
        "CRPIX3": 1.0,
        "CRVAL3": joule * centre,
        "CDELT3": joule * step,
        "CTYPE3K": "ENERGY",
        "CUNIT3K": "keV",
        "CRPIX3K": 1.0,
        "CRVAL3K": centre,
        "CDELT3K": step,
    }


def edges_table(edges: np.ndarray) -> fits.BinTableHDU:
    """Return the table of the energies of bins, ``ENERGIES``, from edges in keV."""
    columns = [
        fits.Column("CHANNEL", "J", array=np.arange(len(edges) - 1)),
        fits.Column("E_MIN", "D", unit="keV", array=edges[:-1]),
        fits.Column("E_MAX", "D", unit="keV", array=edges[1:]),
    ]
    return fits.BinTableHDU.from_columns(columns, name="ENERGIES")
