"""Line maps as a table: a row for each line and group of pixels."""

import numpy as np
import pandas as pd
import xarray as xr

from hifred.products.maps import LINE, STATUS
from hifred.products.quantities import QUANTITIES


def line_table(lines: xr.Dataset) -> pd.DataFrame:
    """Return what was measured, a row for each line and group of pixels.

    Parameters
    ----------
    lines : Dataset
        As `hifred.products.measure_lines` returns it.

    Returns
    -------
    DataFrame
        ``line``, ``bin``, number of pixels and middle (``y_arcsec``, ``x_arcsec``) of
        the group, ``status`` in a word, then every quantity with its unit in the name
        of the column.
    """
    if LINE not in lines.dims:
        return pd.DataFrame()
    return pd.concat(
        [_of_line(lines.sel({LINE: name})) for name in lines[LINE].to_numpy()],
        ignore_index=True,
    )


def region_table(lines: xr.Dataset) -> pd.DataFrame:
    """Return what was measured, a row for each line and region.

    Parameters
    ----------
    lines : Dataset
        As `hifred.products.region_lines` returns it.

    Returns
    -------
    DataFrame
        As `line_table`, with ``region`` in the place of the group of pixels.
    """
    parts = []
    for name in lines[LINE].to_numpy():
        maps = lines.sel({LINE: name})
        columns = {
            "line": str(name),
            "region": maps["region"].to_numpy(),
            "status": [STATUS[code] for code in maps["status"].to_numpy()],
            "components": maps["components"].to_numpy(),
            "snr": maps["snr"].to_numpy(),
        }
        for quantity in _quantities(maps):
            unit = str(maps[quantity].attrs["units"])
            columns[f"{quantity} [{unit}]"] = maps[quantity].to_numpy()
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _of_line(maps: xr.Dataset) -> pd.DataFrame:
    number = maps["bin_number"].to_numpy()
    groups, first, sizes = np.unique(number, return_index=True, return_counts=True)
    kept = groups >= 0
    first, groups, sizes = first[kept], groups[kept], sizes[kept]
    columns = {
        "line": str(maps[LINE].item()),
        "bin": groups,
        "n_pixels": sizes,
        **_middles(maps, number, groups),
        "status": [STATUS[code] for code in maps["status"].to_numpy().ravel()[first]],
        "components": maps["components"].to_numpy().ravel()[first],
        "snr": maps["snr"].to_numpy().ravel()[first],
    }
    for name in _quantities(maps):
        unit = str(maps[name].attrs["units"])
        columns[f"{name} [{unit}]"] = maps[name].to_numpy().ravel()[first]
    return pd.DataFrame(columns)


def _quantities(maps: xr.Dataset) -> list[str]:
    ends = ("", "_error", "_lower", "_upper")
    names = [f"{name}{end}" for name in QUANTITIES for end in ends]
    return [name for name in names if name in maps]


def _middles(
    maps: xr.Dataset, number: np.ndarray, groups: np.ndarray
) -> dict[str, np.ndarray]:
    y, x = np.meshgrid(maps["y"].to_numpy(), maps["x"].to_numpy(), indexing="ij")
    places = {"y_arcsec": y, "x_arcsec": x}
    return {
        name: np.array([place[number == group].mean() for group in groups])
        for name, place in places.items()
    }
