"""Readers of regions: DS9 files, and masks in FITS files."""

import re
import warnings
from bisect import bisect_left
from os import PathLike
from pathlib import Path

import regions
from astropy.utils.exceptions import AstropyUserWarning

from hifred.errors import HifredError
from hifred.regions.masks import is_fits, read_mask
from hifred.regions.names import named_shapes
from hifred.regions.sky_field import SkyField
from hifred.regions.sky_region import SkyRegion, region_of

# What the parser says of colours and the like changes no region.
HARMLESS = ("Found duplicate metadata", 'DS9 "')


def read_regions(path: str | PathLike[str], sky: SkyField) -> list[SkyRegion]:
    """Read the regions of a DS9 region file, or of a FITS mask.

    Parameters
    ----------
    path : path
        A ``.reg`` file (image coordinates, or any celestial frame that astropy knows;
        circle, ellipse, box, polygon, annulus; ``-`` excludes), or a FITS file with
        an image on the sky: 0 is outside, each positive whole number a region.
    sky : SkyField
        The pixels; see `fused_field` and `instrument_field`. Image coordinates are
        those of the field's own FITS files, in which DS9 calls the middle of the
        first pixel (1, 1).

    Returns
    -------
    list of SkyRegion
        In the order of the file. A shape is named by its text, else by its tag, else
        by its number; shapes of one name are one region. What is excluded is taken
        out of every region of the file, wherever it stands.

    Raises
    ------
    HifredError
        If the file cannot be read, holds no region, one that is not understood, has
        no area, has no pixels, or lies beyond the field.
    """
    path = Path(path)
    try:
        if is_fits(path):
            return read_mask(path, sky)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise HifredError(
            f"regions must be a DS9 region file or a FITS mask; {path}: {why}."
        ) from error
    return parse_regions(text, sky, source=path.name)


def parse_regions(
    text: str, sky: SkyField, *, source: str = "the text"
) -> list[SkyRegion]:
    """Return the regions of a text in DS9's format; see `read_regions`."""
    # Editors of Windows put a mark before the text.
    shapes = _parsed(text.removeprefix("\ufeff"), source)
    included = [shape for shape in shapes if shape.meta.get("include", 1)]
    excluded = [shape for shape in shapes if not shape.meta.get("include", 1)]
    if not included:
        found = f"{len(excluded)} that are excluded" if excluded else "none"
        raise HifredError(f"{source} must hold a region; it holds {found}.")
    return [
        region_of(name, members, sky, excluded)
        for name, members in named_shapes(included).items()
    ]


def _parsed(text: str, source: str) -> list[regions.Region]:
    """Return the shapes of a text; whatever the parser would skip is an error."""
    _check_notation(text, source)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AstropyUserWarning)
        try:
            found = list(regions.Regions.parse(text, format="ds9"))
        except Exception as error:  # the parser raises whatever its input makes it
            number, line = _first_wrong_line(text)
            raise HifredError(
                f"{source} must hold regions in DS9's format; line {number}, "
                f"{line!r}, cannot be read ({error})."
            ) from error
    for warning in caught:
        if not str(warning.message).startswith(HARMLESS):
            raise HifredError(f"{source}: {_explained(str(warning.message))}")
    return [shape for shape in found if "Text" not in type(shape).__name__]


def _check_notation(text: str, source: str) -> None:
    """Refuse what the parser reads as something else, without a word."""
    for number, line in enumerate(text.splitlines(), start=1):
        told = re.sub(r"\{[^}]*\}", "", line)
        if re.search(r"\|\|\s*[-+!]?\w+\s*\(", told):
            raise HifredError(
                f"{source} must have each shape on a line of its own; line {number} "
                "joins several by ||. Give them one text: shapes of one text are one "
                "region."
            )
        if re.search(r"\binclude\s*=\s*0", told):
            raise HifredError(
                f"{source} must exclude a shape by '-' before it; line {number} has "
                "include=0."
            )


def _first_wrong_line(text: str) -> tuple[int, str]:
    """Return number and text of the line up to which a text cannot be read."""
    lines = text.splitlines()
    number = bisect_left(
        range(1, len(lines)), True, key=lambda n: not _is_read("\n".join(lines[:n]))
    )
    return number + 1, lines[number].strip()


def _is_read(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            regions.Regions.parse(text, format="ds9")
        except Exception:  # as above
            return False
    return True


def _explained(message: str) -> str:
    if "coordinate frame was not found" in message or '"physical"' in message:
        return (
            "regions must be in image or sky coordinates; these are in physical ones, "
            "which only their own image knows. Save them in DS9 with format ds9 and "
            "coordinate system fk5, icrs or galactic."
        )
    name = re.match(r'"(\w+)" frame or shape', message)
    if name:
        return (
            f"regions must be circles, ellipses, boxes, polygons or annuli, in image "
            f"or sky coordinates; {name[1]!r} is not understood. Save them in DS9 "
            "with format ds9 and coordinate system fk5, icrs or galactic."
        )
    return f"a region is not understood: {message.removesuffix(', skipping.')}"
