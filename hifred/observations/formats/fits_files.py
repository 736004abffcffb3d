"""FITS files opened with errors that name the file."""

import gzip
import io
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from hifred.errors import SchemaError

GZIP_MAGIC = b"\x1f\x8b"


class FitsFormatError(SchemaError):
    """A FITS file does not hold what its kind of file must hold."""


def _unpacked(path: Path) -> Path | io.BytesIO:
    """Return a gzipped file's content: astropy passes over one that ends too early."""
    with path.open("rb") as file:
        if file.read(2) != GZIP_MAGIC:
            return path
    return io.BytesIO(gzip.decompress(path.read_bytes()))


@contextmanager
def open_fits(path: str | PathLike[str]) -> Iterator[fits.HDUList]:
    """Open a FITS file, gzipped or not, and tell what is wrong with it.

    Raises
    ------
    FitsFormatError
        If the file does not exist, is no FITS file or ends too early.
    """
    path = Path(path)
    if not path.is_file():
        raise FitsFormatError(f"{path} must be a file; none is there. Check the path.")
    try:
        with warnings.catch_warnings():
            # astropy only warns of a short file and fails later, elsewhere.
            warnings.filterwarnings("error", "File may have been truncated")
            warnings.filterwarnings("ignore", category=AstropyUserWarning)
            with fits.open(_unpacked(path), memmap=False) as hdus:
                len(hdus)
                yield hdus
    except (
        OSError,
        EOFError,
        zlib.error,
        AstropyUserWarning,
        fits.VerifyError,
    ) as error:
        if "SIMPLE" in str(error):
            raise FitsFormatError(
                f"{path.name} must be a whole FITS file; it does not begin as one. "
                "Check that it is the file that was meant."
            ) from error
        raise FitsFormatError(
            f"{path.name} must be a whole FITS file; reading it failed: {error}. "
            "Fetch the file again: it may be truncated."
        ) from error


def named_extension(hdus: fits.HDUList, extension: str | int, file: str) -> Any:
    """Return an extension by name or number.

    Raises
    ------
    FitsFormatError
        If there is none. The error lists those that are there.
    """
    try:
        return hdus[extension]
    except (KeyError, IndexError) as error:
        listed = ", ".join(hdu.name or "unnamed" for hdu in hdus)
        raise FitsFormatError(
            f"{file} must have an extension {extension!r}; it has {listed}."
        ) from error
