"""Writers of DS9 region files."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import regions

from hifred.errors import HifredError
from hifred.regions.sky_region import SkyRegion

# Decimals of degrees or pixels: a ten-thousandth of a milliarcsecond.
DECIMALS = 12
HEADER = "# Region file format: DS9"
UNWRITABLE = "{}\n\r"


def write_regions(path: str | PathLike[str], found: Iterable[SkyRegion]) -> Path:
    """Write regions as a DS9 region file, replacing an existing one.

    Parameters
    ----------
    path : path
    found : iterable of SkyRegion
        Each is written with its name, in the coordinates in which it was read or made.

    Raises
    ------
    HifredError
        If a region comes from a mask and has no shape, its name cannot be written, or
        the file cannot.
    """
    path = Path(path)
    text = regions_text(found)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HifredError(
            f"output must be writable; {path}: {error.strerror or error}."
        ) from error
    return path


def regions_text(found: Iterable[SkyRegion]) -> str:
    """Return the text of a DS9 region file; see `write_regions`."""
    found = list(found)
    lines = [HEADER]
    for region in found:
        _check(region)
        lines += [f"{_line(s)} # text={{{region.name}}}" for s in region.shapes]
    excluded = {_line(shape, "-"): None for r in found for shape in r.excluded}
    return "\n".join([*lines, *excluded, ""])


def _check(region: SkyRegion) -> None:
    if not region.shapes:
        raise HifredError(
            f"region {region.name!r} must have a shape to be written as .reg; it comes "
            "from a mask. Keep the mask."
        )
    if any(letter in region.name for letter in UNWRITABLE):
        raise HifredError(
            f"the name of a region must have no braces and no line breaks to be "
            f"written as .reg; got {region.name!r}."
        )


def _line(shape: regions.Region, sign: str = "") -> str:
    bare = shape.copy()
    bare.meta.clear()
    bare.visual.clear()
    frame, drawn = bare.serialize(format="ds9", precision=DECIMALS).splitlines()[-2:]
    return f"{frame};{sign}{drawn.split(' # ')[0]}"
