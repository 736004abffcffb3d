"""Spectra at pixels and regions, with error bands."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hifred.plots.layers import Layer, Spectrum
from hifred.plots.maps import label_brightness, shared_band
from hifred.plots.regions import Region
from hifred.plots.style import ROLE_COLOURS, SPARE_COLOURS, new_figure, styled

# Data first, so that what is compared with them stays on top.
DRAWING_ORDER = ("spectrometer", "imager", "truth", "fusion", "second_fusion")
MOST_BINS = 300
MOST_IN_A_ROW = 4  # names of a legend
# The truth is a broad line under the fusion, so that both are seen where they agree.
LINE_WIDTHS = {"imager": 0.9, "spectrometer": 0.9, "truth": 2.4, "fusion": 1.2}


@styled
def plot_spectra(
    layers: Sequence[Layer],
    regions: Sequence[Region],
    *,
    band: tuple[float, float] | None = None,
    group: int | None = None,
) -> Figure:
    """Draw the spectra of every layer, one panel per region.

    Counts carry their central 68.3 % Poisson interval as a band, fusions with draws
    that of the draws.

    Parameters
    ----------
    layers : sequence of Layer
    regions : sequence of Region
    band : (float, float), keV, optional
        Energies to show; by default all that every layer covers.
    group : int, optional
        Neighbouring bins in one; by default as many as leave 300 bins or fewer.
    """
    band = band or shared_band(layers)
    figure = new_figure(7.4, 0.5 + 2.4 * len(regions))
    axes = figure.subplots(len(regions), 1, squeeze=False, sharex=True)[:, 0]
    for i_region, (axis, region) in enumerate(zip(axes, regions, strict=True)):
        draw_spectra(axis, layers, region, band=band, group=group)
        axis.set_title(f"{i_region + 1}: {region.text()}", loc="left")
        if i_region == 0:
            add_legend(axis, layers)
    for axis in axes[:-1]:
        axis.set_xlabel("")
    return figure


def draw_spectra(
    axis: Axes,
    layers: Sequence[Layer],
    region: Region,
    *,
    band: tuple[float, float],
    group: int | None = None,
) -> None:
    """Draw the spectra of one region on `axis`, on a square-root scale."""
    top = 0.0
    colours = _colours(layers)
    for layer in sorted(layers, key=_drawing_rank):
        spectrum = layer.spectrum(region, group=group or readable_group(layer, band))
        shown = _inside(spectrum, band)
        draw_spectrum(axis, spectrum, layer, colour=colours[layer.label])
        top = max(top, float(np.max(spectrum.values[shown], initial=0.0)))
    axis.set_yscale("function", functions=(_signed_root, _signed_square))
    axis.set_ylim(0, 1.15 * top or 1.0)
    axis.set_xlim(*band)
    axis.grid(visible=True)
    axis.set_xlabel("energy (keV)")
    label_brightness(axis.yaxis, top, axis.set_ylabel)


def add_legend(axis: Axes, layers: Sequence[Layer]) -> None:
    """Name the lines in the order of `layers`, above the figure."""
    drawn, labels = axis.get_legend_handles_labels()
    by_label = dict(zip(labels, drawn, strict=True))
    axis.figure.legend(
        [by_label[layer.label] for layer in layers],
        [layer.label for layer in layers],
        ncols=len(layers) if len(layers) <= MOST_IN_A_ROW else 2,
        loc="outside upper right",
        columnspacing=1.2,
    )


def _colours(layers: Sequence[Layer]) -> dict[str, str]:
    """Return the colour of each label: that of its role, for the first of a role."""
    colours: dict[str, str] = {}
    spare = itertools.cycle(SPARE_COLOURS)
    roles: set[str] = set()
    for layer in layers:
        own = ROLE_COLOURS[layer.role]
        colours[layer.label] = next(spare) if layer.role in roles else own
        roles.add(layer.role)
    return colours


def draw_spectrum(axis: Axes, spectrum: Spectrum, layer: Layer, *, colour: str) -> None:
    """Draw one spectrum of a layer as a step line, and its errors as a band."""
    axis.stairs(
        spectrum.values,
        spectrum.edges,
        baseline=None,
        color=colour,
        linewidth=LINE_WIDTHS.get(layer.role, 1.2),
        linestyle="--" if layer.role == "second_fusion" else "-",
        label=layer.label,
    )
    if spectrum.has_errors:
        axis.fill_between(
            spectrum.edges,
            _closed(spectrum.lower),
            _closed(spectrum.upper),
            step="post",
            color=colour,
            alpha=0.22,
            linewidth=0,
        )


def readable_group(layer: Layer, band: tuple[float, float]) -> int:
    """Return how many bins to join so that at most 300 lie in `band`."""
    bins = layer.bins(band)
    return max(1, -(-(bins.stop - bins.start) // MOST_BINS))


def _closed(values: np.ndarray) -> np.ndarray:
    return np.append(values, values[-1:])


def _inside(spectrum: Spectrum, band: tuple[float, float]) -> np.ndarray:
    return (spectrum.energy >= band[0]) & (spectrum.energy <= band[1])


def _drawing_rank(layer: Layer) -> int:
    return DRAWING_ORDER.index(layer.role) if layer.role in DRAWING_ORDER else 99


def _signed_root(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.sqrt(np.abs(values))


def _signed_square(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.square(values)
