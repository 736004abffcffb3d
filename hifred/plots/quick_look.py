"""A quick look at files before they are prepared: image, spectrum, response."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from hifred.observations.events.event_list import Events
from hifred.observations.file_facts import inspect_file, read_any_events
from hifred.observations.formats.energy_grids import grid_weights
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.observations.formats.rmf import Rmf
from hifred.plots.labels import pretty_unit, with_unit
from hifred.plots.style import (
    INTENSITY_COLOURMAP,
    NO_DATA_COLOUR,
    ROLE_COLOURS,
    keep_ticks_on_scale,
    new_figure,
    square_root_scale,
    styled,
)

N_PIXELS, N_BINS = 120, 200
# Of a response's peak, what is still drawn.
FAINTEST = 1e-5
LINE_SHARES = (0.2, 0.5, 0.8)


@styled
def plot_files(paths: Sequence[str | Path]) -> Figure:
    """Draw each file in a row: what it is, its image, spectrum, area or response.

    Parameters
    ----------
    paths : sequence of paths
        FITS files, or ``file[NAME]``, as `hifred.observations.file_facts.inspect_file`
        takes them.

    Raises
    ------
    HifredError
        If a file cannot be read.
    """
    figure = new_figure(8.2, 3.1 * len(paths))
    rows = figure.subfigures(len(paths), 1, squeeze=False)
    for row, path in zip(rows[:, 0], paths, strict=True):
        facts = inspect_file(path)
        told = str(facts["instrument"]).replace("not told", "instrument not told")
        row.suptitle(f"{Path(path).name}: {facts['kind']}, {told}", fontsize=9.5)
        _DRAWERS[str(facts["kind"])](row, path)
    return figure


def _draw_events(row: SubFigure, path: str | Path) -> None:
    events = read_any_events(path)
    left, right = row.subplots(1, 2, width_ratios=[1, 1.6])
    _draw_places(left, events)
    values, edges = np.histogram(events.energy, N_BINS)
    _draw_counts(right, values, edges)
    right.set_title(f"{len(events.energy)} events kept of {events.n_recorded}")


def _draw_places(axis: Axes, events: Events) -> None:
    kind = "sky pixel" if events.sky is not None else "detector pixel"
    images = np.histogram2d(events.y, events.x, N_PIXELS)
    values, y, x = images
    extent = (x[0], x[-1], y[0], y[-1])
    _draw_image(axis, values, extent, "counts")
    axis.set_xlabel(f"x ({kind})")
    axis.set_ylabel(f"y ({kind})")


def _draw_cube(row: SubFigure, path: str | Path) -> None:
    image = read_sky_image(path, prefer_cube=True)
    unit = image.unit or "unit not told"
    values = np.asarray(image.values, dtype=float)
    left, right = row.subplots(1, 2, width_ratios=[1, 1.6])
    flat = values if values.ndim == 2 else _sum_of_planes(values)
    y, x = (offset / 60 for offset in image.grid.offsets)
    half = image.grid.pixel_size_arcsec / 120
    extent = (x[0] - half, x[-1] + half, y[0] - half, y[-1] + half)
    _draw_image(left, flat, extent, unit)
    left.set_xlabel("x (arcmin)")
    left.set_ylabel("y (arcmin)")
    if image.edges is None:
        right.set_axis_off()
    else:
        _draw_density(right, np.nansum(values, axis=(1, 2)), image.edges, unit)


def _sum_of_planes(values: np.ndarray) -> np.ndarray:
    undefined = np.isnan(values).all(axis=0)
    return np.where(undefined, np.nan, np.nansum(values, axis=0))


def _draw_image(
    axis: Axes, values: np.ndarray, extent: tuple[float, ...], unit: str
) -> None:
    lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
    drawn = axis.imshow(
        values, origin="lower", extent=(extent[0], extent[1], extent[2], extent[3]),
        cmap=INTENSITY_COLOURMAP, norm=square_root_scale(lowest, highest),
        interpolation="nearest",
    )  # fmt: skip
    axis.set_facecolor(NO_DATA_COLOUR)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    bar = axis.figure.colorbar(drawn, ax=axis, shrink=0.85)
    bar.set_label(pretty_unit(unit))
    keep_ticks_on_scale(bar)


def _draw_counts(axis: Axes, counts: np.ndarray, edges: np.ndarray) -> None:
    _draw_density(axis, counts.astype(float), edges, "counts")


def _draw_density(axis: Axes, values: np.ndarray, edges: np.ndarray, unit: str) -> None:
    axis.stairs(
        values / np.diff(edges), edges, color=ROLE_COLOURS["imager"], linewidth=0.9
    )
    axis.set_xlabel("energy (keV)")
    axis.set_ylabel(f"{pretty_unit(unit)} keV$^{{-1}}$")
    axis.grid(visible=True)


def _draw_area(row: SubFigure, path: str | Path) -> None:
    arf = read_arf(path)
    axis = row.subplots()
    axis.stairs(arf.effective_area, arf.energy_edges, color=ROLE_COLOURS["imager"])
    axis.set_xlabel("energy (keV)")
    axis.set_ylabel(with_unit("effective area", "cm2"))
    axis.grid(visible=True)


def _draw_spectrum(row: SubFigure, path: str | Path) -> None:
    spectrum = read_pha(path)
    axis = row.subplots()
    edges = np.append(spectrum.channel, spectrum.channel[-1] + 1) - 0.5
    axis.stairs(spectrum.counts, edges, color=ROLE_COLOURS["imager"], linewidth=0.9)
    axis.set_xlabel("channel (number)")
    axis.set_ylabel("counts in a channel")
    axis.set_title(
        f"{spectrum.counts.sum():.4g} counts in {spectrum.exposure_time:g} s"
    )
    axis.grid(visible=True)


def _draw_redistribution(row: SubFigure, path: str | Path) -> None:
    rmf = read_rmf(path)
    left, right = row.subplots(1, 2, width_ratios=[1, 1.6])
    image, energies, channels = _coarse(rmf)
    shown = np.ma.masked_less(image, FAINTEST * image.max())
    drawn = left.pcolormesh(energies, channels, shown, norm="log", rasterized=True,
                            cmap=INTENSITY_COLOURMAP)  # fmt: skip
    what = "cm$^2$ keV$^{-1}$" if rmf.kind == "FULL" else "keV$^{-1}$"
    left.figure.colorbar(drawn, ax=left, shrink=0.85).set_label(f"response ({what})")
    left.set_xlabel("photon energy (keV)")
    left.set_ylabel("channel energy (keV)")
    _draw_lines(right, rmf, what)


def _coarse(rmf: Rmf) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the response per keV (channel, energy) on at most N_BINS of each."""
    own, high = rmf.energy_edges, rmf.channel_high
    energies = own[:: max(1, (len(own) - 1) // N_BINS)]
    weights = grid_weights(own, energies, "the response")
    edges = np.append(rmf.channel_low, high[-1])
    group = max(1, rmf.n_channels // N_BINS)
    starts = np.arange(0, rmf.n_channels, group)
    summed = np.add.reduceat((rmf.matrix @ weights.T).toarray(), starts, axis=0)
    channels = np.append(edges[starts], edges[-1])
    return summed / np.diff(channels)[:, None], energies, channels


def _draw_lines(axis: Axes, rmf: Rmf, unit: str) -> None:
    """Draw what single photon energies become."""
    edges = np.append(rmf.channel_low, rmf.channel_high[-1])
    middle = 0.5 * (rmf.energy_edges[1:] + rmf.energy_edges[:-1])
    for share in LINE_SHARES:
        column = int(share * (len(middle) - 1))
        line = rmf.matrix[:, [column]].toarray().ravel() / np.diff(edges)
        axis.stairs(line, edges, baseline=None, linewidth=0.9,
                    label=f"{middle[column]:.3g} keV")  # fmt: skip
    axis.set_yscale("log")
    axis.set_ylim(bottom=FAINTEST * max(axis.get_ylim()[1], 1e-300))
    axis.set_xlabel("channel energy (keV)")
    axis.set_ylabel(f"response ({unit})")
    axis.legend(title="photons of")
    axis.grid(visible=True)


_DRAWERS: Mapping[str, Callable[[SubFigure, str | Path], None]] = {
    "events": _draw_events, "image": _draw_cube, "cube": _draw_cube,
    "redistribution": _draw_redistribution, "area": _draw_area,
    "spectrum": _draw_spectrum,
}  # fmt: skip
