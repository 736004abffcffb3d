"""Maps of a line: flux, velocity, width, equivalent width, above their errors."""

import textwrap

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from hifred.errors import HifredError, unknown_name
from hifred.plots.error_maps import LABEL_WIDTH, image_extent
from hifred.plots.labels import literal, pretty_unit
from hifred.plots.maps import draw_image, keep_outer_labels
from hifred.plots.style import (
    ANGLE_COLOURMAP,
    DIFFERENCE_COLOURMAP,
    INTENSITY_COLOURMAP,
    MEASURE_COLOURMAP,
    keep_ticks_on_scale,
    new_figure,
    square_root_scale,
    styled,
    symmetric_scale,
)
from hifred.products import shown

QUANTITIES = ("flux", "velocity", "width", "equivalent_width")
# Share of the pixels whose values are on the scale.
ON_SCALE = (1.0, 99.0)
# Of errors, but for those of fluxes: at a rim they are many times the others.
ERRORS_ON_SCALE = 90.0
TITLE_WIDTH = 26  # characters


@styled
def plot_line_maps(lines: xr.Dataset, line: str | None = None) -> Figure:
    """Draw flux, velocity, width and equivalent width of a line, above their errors.

    Velocities are shown about their median. All but the flux are grey where the line is
    too faint or was not fitted. The flux of a group of pixels is shared among them.

    Parameters
    ----------
    lines : Dataset
        As `hifred.products.measure_lines` returns it.
    line : str, optional
        Which one; by default the first.

    Raises
    ------
    HifredError
        If there is no such line.
    """
    maps = _of_line(lines, line)
    has_errors = "flux_error" in maps
    n_rows = 1 + has_errors
    n_columns = len(QUANTITIES)
    figure = new_figure(3.1 * n_columns, 2.9 * n_rows + 0.4)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for i_column, name in enumerate(QUANTITIES):
        _draw_values(axes[0, i_column], maps, name)
        if has_errors:
            _draw_error(axes[1, i_column], maps, name)
    keep_outer_labels(list(axes.flat))
    figure.suptitle(_title(maps), fontsize=10)
    return figure


def _of_line(lines: xr.Dataset, line: str | None) -> xr.Dataset:
    if "line" not in lines.dims:
        raise HifredError("lines must hold a line; got none. Name some in lines.toml.")
    names = [str(name) for name in lines["line"].to_numpy()]
    chosen = names[0] if line is None else line
    if chosen not in names:
        raise unknown_name("line", chosen, names)
    return _per_pixel(lines.sel(line=chosen))


def _per_pixel(maps: xr.Dataset) -> xr.Dataset:
    """Return maps whose fluxes are those of a pixel, also where groups were measured.

    Groups have about one signal: their sums would show hardly anything of the source.
    """
    number = maps["bin_number"]
    _, group, sizes = np.unique(number, return_inverse=True, return_counts=True)
    n_pixels = number.copy(data=sizes[group.reshape(number.shape)])
    if int(n_pixels.max()) == 1:
        return maps
    fluxes = [name for name in ("flux", "flux_error") if name in maps]
    units = f"{maps['flux'].attrs['units']} pixel-1"
    return maps.assign(
        {name: (maps[name] / n_pixels).assign_attrs(units=units) for name in fluxes}
    )


def _title(maps: xr.Dataset) -> str:
    name, energy = literal(str(maps["line"].item())), float(maps["zero_energy"])
    about = f"{name}: {energy:.5g} keV at velocity 0"
    if not maps.attrs.get("resolution_removed"):
        about += " · widths include the resolution"
    hidden = int((maps["status"] != 0).sum())
    left_out = f"all but the flux of {hidden} of {maps['status'].size} pixels not shown"
    return f"{about} · {left_out}: too faint, or not fitted" if hidden else about


def _draw_values(axis: Axes, maps: xr.Dataset, name: str) -> None:
    values = shown(maps, name)
    scale, colourmap = _scale(name, values.to_numpy())
    _draw(axis, values, _words(name), scale=scale, colourmap=colourmap)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _scale(name: str, values: np.ndarray) -> tuple[Normalize, str]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return Normalize(0.0, 1.0), ANGLE_COLOURMAP
    lowest, highest = np.percentile(finite, ON_SCALE)
    if name == "flux":
        return square_root_scale(0.0, float(highest)), INTENSITY_COLOURMAP
    if name == "velocity":
        middle = float(np.median(finite))
        reach = float(max(highest - middle, middle - lowest)) or 1.0
        # White is at rest, or in the middle of velocities that are far from it.
        if abs(middle) < reach:
            extent = float(max(highest, -lowest))
            return symmetric_scale(extent), DIFFERENCE_COLOURMAP
        return Normalize(middle - reach, middle + reach), DIFFERENCE_COLOURMAP
    return Normalize(0.0, float(highest) or 1.0), ANGLE_COLOURMAP


def _draw_error(axis: Axes, maps: xr.Dataset, name: str) -> None:
    values = shown(maps, f"{name}_error")
    finite = values.to_numpy()[np.isfinite(values.to_numpy())]
    share = ON_SCALE[1] if name == "flux" else ERRORS_ON_SCALE
    highest = float(np.percentile(finite, share)) if finite.size else 1.0
    scale = Normalize(0.0, highest or 1.0)
    label = f"standard error of {_words(name)}"
    _draw(axis, values, label, scale=scale, colourmap=MEASURE_COLOURMAP)


def _draw(
    axis: Axes, values: xr.DataArray, label: str, *, scale: Normalize, colourmap: str
) -> None:
    drawn = draw_image(
        axis, values.to_numpy(), image_extent(values), scale=scale, colourmap=colourmap
    )
    axis.set_title(textwrap.fill(label, TITLE_WIDTH))
    digits = ScalarFormatter()
    digits.set_powerlimits((-3, 4))
    bar = axis.figure.colorbar(
        drawn, ax=axis, shrink=0.85, pad=0.02, extend="both", format=digits
    )
    keep_ticks_on_scale(bar)
    unit = pretty_unit(str(values.attrs["units"]))
    bar.set_label(textwrap.fill(unit, LABEL_WIDTH))
