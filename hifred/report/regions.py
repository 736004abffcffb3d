"""What the page says of regions and lines that were asked for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np
import pandas as pd
import xarray as xr

from hifred.errors import HifredError
from hifred.observations import FusionInput
from hifred.plots import plot_line_maps, plot_sky_regions
from hifred.posterior import Draws
from hifred.products import LineSettings, measure_lines, read_lines, region_lines
from hifred.products.maps import LINE, STATUS
from hifred.products.target_response import cube_line_spread
from hifred.regions import SkyRegion, fused_field, read_regions
from hifred.report.pictures import Picture, take_picture
from hifred.report.tables import Table, number_text
from hifred.spectra import region_flux, region_table

# Of the table of regions: heading, column, and its error's.
REGION_COLUMNS = (
    ("pixels", "pixels"),
    ("area (arcsec²)", "area_arcsec2"),
    ("beyond the field (share)", "share_outside"),
    ("flux (photon/(cm² s))", "flux"),
    ("energy flux (erg/(cm² s))", "energy_flux"),
    ("mean energy (keV)", "mean_energy"),
)
LINE_COLUMNS = (
    ("flux (photon/(cm² s))", "flux"),
    ("velocity (km/s)", "velocity"),
    ("width (km/s)", "width"),
    ("equivalent width (eV)", "equivalent_width"),
)


@final
@dataclass(frozen=True)
class Asked:
    """Which regions and lines the page shall tell of.

    Parameters
    ----------
    region_file : Path or None
        As for `hifred.read_regions`.
    lines : LineSettings or None
    """

    region_file: Path | None = None
    lines: LineSettings | None = None

    @classmethod
    def read(cls, regions: str | Path | None, lines: str | Path | None) -> "Asked":
        """Return what was asked for by the paths of files.

        Raises
        ------
        HifredError
            If one is not there, or the lines cannot be understood.
        """
        if regions is not None and not Path(regions).is_file():
            raise HifredError(f"regions must be a file; got {regions}.")
        return cls(
            None if regions is None else Path(regions),
            None if lines is None else read_lines(lines),
        )


@final
@dataclass(frozen=True)
class Answer:
    """Tables and pictures of regions and lines."""

    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


def region_answer(
    asked: Asked,
    result: xr.Dataset,
    fusion_input: FusionInput | None,
    draws: Draws | None,
) -> Answer:
    """Return tables and pictures of the regions of one fusion, and of lines in them.

    Raises
    ------
    HifredError
        If the regions cannot be read or do not lie in its field, or a line lies
        beyond its band.
    """
    if asked.region_file is None:
        return Answer()
    sky = fused_field(result, fusion_input)
    regions = read_regions(asked.region_file, sky)
    spectra = region_flux(result, regions, draws, fusion_input)
    tables = [_region_table(result, regions, spectra, fusion_input)]
    if asked.lines is not None and asked.lines.lines:
        spread = cube_line_spread(result, fusion_input)
        lines = region_lines(
            result, regions, asked.lines, draws=draws, line_spread=spread,
            fusion_input=fusion_input,
        )  # fmt: skip
        tables += [_line_table(lines, str(name)) for name in lines[LINE].values]
    picture = take_picture(
        "Regions",
        "Regions outlined and numbered on the map of the fusion, and the spectrum of "
        "each, with its standard error where there are draws.",
        lambda: plot_sky_regions(result, regions, sky, spectra),
    )
    return Answer(tables, [picture])


def line_map_pictures(
    lines: LineSettings | None,
    result: xr.Dataset,
    fusion_input: FusionInput | None,
    draws: Draws | None,
) -> list[Picture]:
    """Return the maps of each line of one fusion; none where none was asked for."""
    if lines is None or not lines.lines:
        return []
    spread = cube_line_spread(result, fusion_input)
    maps = measure_lines(result, lines, draws=draws, line_spread=spread)
    return [_line_picture(maps, str(name)) for name in maps[LINE].values]


def _line_picture(maps: xr.Dataset, name: str) -> Picture:
    return take_picture(
        f"Line {name}",
        f"Maps of flux, velocity, width and equivalent width of {name}; grey where it "
        "is too faint or was not fitted.",
        lambda: plot_line_maps(maps, name),
    )


def _region_table(
    result: xr.Dataset,
    regions: list[SkyRegion],
    spectra: xr.Dataset,
    fusion_input: FusionInput | None,
) -> Table:
    frame = region_table(result, regions, spectra)
    how = (
        "sums over the cube's pixels"
        if fusion_input is None
        else "corrected for what the prior moved between them"
    )
    rows = [
        (str(name), *(_cell(row, column) for _, column in REGION_COLUMNS))
        for name, row in frame.iterrows()
    ]
    headings = ("region", *(heading for heading, _ in REGION_COLUMNS))
    return Table(f"Regions: {how}", headings, rows, frozenset(range(1, len(headings))))


def _line_table(lines: xr.Dataset, name: str) -> Table:
    """Return a line in each region, without what means nothing there."""
    of_line = lines.sel({LINE: name})
    rows = []
    for region in of_line["region"].values:
        own = of_line.sel(region=region)
        status = STATUS[int(own["status"])]
        values = pd.Series({str(k): float(v) for k, v in own.data_vars.items()})
        if status != "measured":  # of a faint line the flux alone means something
            hidden = LINE_COLUMNS[1 if status == "faint" else 0 :]
            values[[column for _, column in hidden]] = np.nan
        cells = (_cell(values, column) for _, column in LINE_COLUMNS)
        rows.append((str(region), status.replace("_", " "), *cells))
    headings = ("region", "status", *(heading for heading, _ in LINE_COLUMNS))
    caption = f"Line {name}, {float(of_line['zero_energy']):.5g} keV at velocity 0"
    return Table(caption, headings, rows, frozenset(range(2, len(headings))))


def _cell(row: pd.Series, column: str) -> str:
    value, error = float(row[column]), row.get(f"{column}_error", np.nan)
    if not np.isfinite([value, error]).all():
        return number_text(value)
    digits = _decimals(float(error))
    if abs(value) < 0.01:
        return f"{value:.3g} ± {error:.2g}"
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _decimals(error: float) -> int:
    """Return how many decimals show two digits of an error."""
    return max(0, 1 - int(np.floor(np.log10(error)))) if error > 0 else 4
