"""Which image of an open file is meant, and its axes without those of length 1."""

import numpy as np
from astropy.io import fits

from hifred.observations.formats.fits_files import FitsFormatError, named_extension


def chosen_image(
    hdus: fits.HDUList, extension: str | int | None, name: str, *, prefer_cube: bool
) -> fits.PrimaryHDU:
    """Return the image that is meant, by default the first with data.

    Parameters
    ----------
    hdus : HDUList
    extension : str, int or None
    name : str
        File, for errors.
    prefer_cube : bool
        Whether the first cube is meant rather than the first image.

    Raises
    ------
    FitsFormatError
        If there is no such image.
    """
    if extension is not None:
        return _named_image(hdus, extension, name)
    images = [hdu for hdu in hdus if _has_image(hdu)]
    cubes = [hdu for hdu in images if len(_long_axes(hdu)) > 2]
    for hdu in (cubes if prefer_cube else []) + images:
        return hdu
    raise FitsFormatError(f"{name} must hold an image; it has only {_listed(hdus)}.")


def _named_image(
    hdus: fits.HDUList, extension: str | int, name: str
) -> fits.PrimaryHDU:
    hdu = named_extension(hdus, extension, name)
    if not _has_image(hdu):
        raise FitsFormatError(f"{name}[{extension}] must be an image; it is none.")
    return hdu


def _listed(hdus: fits.HDUList) -> str:
    return ", ".join(hdu.name or "unnamed" for hdu in hdus)


def _has_image(hdu: fits.PrimaryHDU) -> bool:
    return bool(hdu.is_image and hdu.header.get("NAXIS", 0) > 0 and np.prod(hdu.shape))


def _long_axes(hdu: fits.PrimaryHDU) -> list[int]:
    return [i for i, n in enumerate(reversed(hdu.shape), start=1) if n > 1 or i < 3]


def plain_axes(hdu: fits.PrimaryHDU, place: str) -> tuple[np.ndarray, int | None]:
    """Return the values (y, x) or (plane, y, x) and the number of the planes' axis.

    Axes of length 1 beyond the first two, such as STOKES, are left out; a third axis
    of length 1 is kept where it is the only one and has energies.

    Raises
    ------
    FitsFormatError
        If more than three axes are longer than 1, or there are fewer than two.
    """
    values = stored_values(hdu, place)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    axes = _long_axes(hdu)
    if values.ndim < 2 or len(axes) > 3:
        raise FitsFormatError(
            f"{place} must be an image or a cube; it has {values.ndim} axes, of "
            f"{' x '.join(str(n) for n in reversed(hdu.shape))} pixels."
        )
    if len(axes) == 3:
        n_planes = hdu.shape[values.ndim - axes[2]]
        return values.reshape(n_planes, *values.shape[-2:]), axes[2]
    single = _single_plane(hdu.header, values.ndim)
    shape = values.shape[-2:] if single is None else (1, *values.shape[-2:])
    return values.reshape(shape), single


def stored_values(hdu: fits.PrimaryHDU, place: str) -> np.ndarray:
    """Return the values of an image as they are stored.

    Raises
    ------
    FitsFormatError
        If there are fewer than its header announces.
    """
    try:
        return np.asarray(hdu.data)
    except (ValueError, TypeError) as error:
        raise FitsFormatError(
            f"{place} must hold the {' x '.join(map(str, reversed(hdu.shape)))} values "
            f"that its header announces; reading them failed: {error}. Fetch the file "
            "again: it may be truncated."
        ) from error


def _single_plane(header: fits.Header, n_axes: int) -> int | None:
    """Return the number of the axis of energy among those of length 1, if any."""
    for axis in range(3, n_axes + 1):
        if str(header.get(f"CTYPE{axis}", "")).strip().upper().startswith("ENER"):
            return axis
    return None
