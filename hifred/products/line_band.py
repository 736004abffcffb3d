"""The energies that one line is measured on: its window and the bands beside it."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.errors import HifredError
from hifred.products.line_list import Line
from hifred.products.resolution import LineShape
from hifred.products.settings import LineChoice, LineSettings

# Bins are grouped to at most this share of the narrowest sigma: finer ones cost time
# and tell nothing more.
GROUP = 0.7
# A continuum that is a straight line needs no more.
MOST_SIDE_GROUPS = 8
LOW, WINDOW, HIGH = 0, 1, 2


@final
@dataclass(frozen=True, eq=False)
class LineBand:
    """Bins of a line's window and of its side bands.

    Parameters
    ----------
    name : str
    line : Line
        At rest.
    centre_kev : float
        Observed energy at velocity 0.
    shape : LineShape
        What the cube makes of the line, if it has no width of its own.
    bins : (raw,) array of int
        Energy bins of the cube, in order.
    starts : (bin,) array of int
        Where in `bins` every group begins.
    low, high : (bin,) arrays, keV
        Edges of the groups.
    part : (bin,) array of int
        `LOW`, `WINDOW` or `HIGH`.
    """

    name: str
    line: Line
    centre_kev: float
    shape: LineShape
    bins: np.ndarray
    starts: np.ndarray
    low: np.ndarray
    high: np.ndarray
    part: np.ndarray

    @property
    def energy(self) -> np.ndarray:
        """Middle of the groups, keV."""
        return 0.5 * (self.low + self.high)

    @property
    def width(self) -> np.ndarray:
        """Width of the groups, keV."""
        return self.high - self.low

    @property
    def window_kev(self) -> tuple[float, float]:
        """Edges of the window."""
        inside = self.part == WINDOW
        return float(self.low[inside][0]), float(self.high[inside][-1])

    def summed(self, spectra: np.ndarray) -> np.ndarray:
        """Return the groups' sums of spectra (..., raw) of the band's bins."""
        return np.add.reduceat(spectra, self.starts, axis=-1)


def line_band(
    name: str,
    choice: LineChoice,
    settings: LineSettings,
    *,
    energy_edges: np.ndarray,
    resolution: LineShape,
) -> LineBand:
    """Return the bins of a line on the energies of a cube.

    Parameters
    ----------
    name : str
    choice : LineChoice
    settings : LineSettings
        Redshift and reach.
    energy_edges : (energy + 1,) array, keV
    resolution : LineShape
        Of the cube.

    Raises
    ------
    HifredError
        If the line or its window is outside the band of the cube, no continuum is
        left beside it, or the side bands overlap.
    """
    line = choice.at_rest(name)
    observed = np.array(line.energies_kev) / (1.0 + settings.redshift)
    centre = line.energy_kev / (1.0 + settings.redshift)
    _check_inside(name, line, centre, settings.redshift, energy_edges)
    window = choice.window_kev or _reach(observed, settings, resolution)
    _check_window(name, window, centre)
    sides = choice.side_bands_kev or _beside(window, energy_edges)
    bands = _ordered(name, window, sides)
    groups = [
        _groups(_bins_within(band, energy_edges), part, energy_edges, resolution)
        for part, band in bands.items()
    ]
    if choice.side_bands_kev:
        _check_sides(name, groups, bands, energy_edges)
    _check_groups(name, dict(zip(bands, groups, strict=True)), bands, energy_edges)
    bins, starts, parts = _joined(groups)
    ends = np.append(starts[1:], len(bins))
    return LineBand(
        name,
        line,
        centre,
        resolution.of_complex(observed, np.array(line.shares)),
        bins,
        starts,
        energy_edges[bins[starts]],
        energy_edges[bins[ends - 1] + 1],
        parts,
    )


def _check_inside(
    name: str, line: Line, centre: float, redshift: float, edges: np.ndarray
) -> None:
    if edges[0] < centre < edges[-1]:
        return
    if edges[0] < line.energy_kev < edges[-1]:
        why = f"the redshift {redshift:g} moves it out of the band"
        advice = "Correct redshift, or leave the line out."
    else:
        why = "it is outside the band"
        advice = "Leave it out, or fuse a band that holds it."
    known = "" if line.name == name else f" ({line.name})"
    raise HifredError(
        f"line {name!r}{known} must lie between {edges[0]:g} and "
        f"{edges[-1]:g} keV; got {centre:.5g} keV: {why}. {advice}"
    )


def _check_window(name: str, window: tuple[float, float], centre: float) -> None:
    if not window[0] < centre < window[1]:
        raise HifredError(
            f"window_kev of {name!r} must hold its energy, {centre:.5g} keV; got "
            f"{window[0]:g} to {window[1]:g} keV."
        )


def _reach(
    observed: np.ndarray, settings: LineSettings, resolution: LineShape
) -> tuple[float, float]:
    share = settings.reach_km_s / LIGHT_SPEED_KM_S
    spare = 2.0 * np.sqrt(resolution.variance)
    low, high = observed.min() * (1.0 - share), observed.max() * (1.0 + share)
    return float(low - spare), float(high + spare)


def _beside(
    window: tuple[float, float], edges: np.ndarray
) -> list[tuple[float, float]]:
    half = 0.5 * (window[1] - window[0])
    sides = [(window[0] - half, window[0]), (window[1], window[1] + half)]
    # Where the cube ends, so does a side band; one is enough.
    return [side for side in sides if side[1] > edges[0] and side[0] < edges[-1]]


def _ordered(
    name: str, window: tuple[float, float], sides: list[tuple[float, float]]
) -> dict[int, tuple[float, float]]:
    """Return the bands by part, refusing what is not in order."""
    if len(sides) > 2:
        raise HifredError(
            f"side_bands_kev of {name!r} must be one or two bands; got {len(sides)}."
        )
    bands = {WINDOW: window}
    for side in sides:
        if not side[0] < side[1]:
            raise HifredError(
                f"side_bands_kev of {name!r} must have the lower energy first; got "
                f"{side[0]:g} and {side[1]:g} keV."
            )
        part = LOW if sum(side) < sum(window) else HIGH
        if part in bands or (side[1] > window[0] and side[0] < window[1]):
            found = ", ".join(f"{low:g} to {high:g}" for low, high in sides)
            raise HifredError(
                f"side_bands_kev of {name!r} must lie on either side of its window, "
                f"{window[0]:.5g} to {window[1]:.5g} keV, without overlap; got {found} "
                "keV. Narrow them, or give window_kev."
            )
        bands[part] = side
    return dict(sorted(bands.items()))


def _bins_within(band: tuple[float, float], edges: np.ndarray) -> np.ndarray:
    centres = 0.5 * (edges[1:] + edges[:-1])
    return np.flatnonzero((centres >= band[0]) & (centres < band[1]))


_Groups = tuple[np.ndarray, np.ndarray, int]


def _groups(
    bins: np.ndarray, part: int, edges: np.ndarray, resolution: LineShape
) -> _Groups:
    """Return the bins of a part and where, in them, its groups begin."""
    if bins.size == 0:
        return bins, bins, part
    step = (edges[bins[-1] + 1] - edges[bins[0]]) / bins.size
    sigma = np.sqrt(resolution.variances.min())
    per_group = max(1, int(GROUP * sigma / step))
    most = bins.size if part == WINDOW else MOST_SIDE_GROUPS
    n_groups = min(max(1, bins.size // per_group), most)
    starts = np.linspace(0, bins.size, n_groups + 1).astype(int)[:-1]
    return bins, starts, part


def _check_groups(
    name: str,
    groups: dict[int, _Groups],
    bands: dict[int, tuple[float, float]],
    edges: np.ndarray,
) -> None:
    low, high = bands[WINDOW]
    n_window = groups[WINDOW][1].size
    if n_window < 4 or low < edges[0] or high > edges[-1]:
        raise HifredError(
            f"the window of {name!r} must lie in the band of the cube, {edges[0]:g} to "
            f"{edges[-1]:g} keV, with at least 4 bins; got {low:.5g} to {high:.5g} keV "
            f"with {n_window}. Give window_kev, or another reach_km_s."
        )
    if sum(g[1].size for part, g in groups.items() if part != WINDOW) < 2:
        raise HifredError(
            f"line {name!r} must have continuum beside its window, {low:.5g} to "
            f"{high:.5g} keV; no bins are left. Give a narrower window_kev, or "
            "side_bands_kev within the band of the cube."
        )


def _check_sides(
    name: str,
    groups: list[_Groups],
    bands: dict[int, tuple[float, float]],
    edges: np.ndarray,
) -> None:
    """Refuse side bands that were given and hold nothing: another would stand in."""
    for bins, _, part in groups:
        if bins.size == 0 and part != WINDOW:
            low, high = bands[part]
            raise HifredError(
                f"side_bands_kev of {name!r} must each hold bins of the cube, "
                f"{edges[0]:g} to {edges[-1]:g} keV; {low:.5g} to {high:.5g} keV holds "
                "none. Leave it out, or move it."
            )


def _joined(groups: list[_Groups]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    kept = [group for group in groups if group[0].size]
    firsts = np.cumsum([0, *(group[0].size for group in kept)])
    bins = np.concatenate([group[0] for group in kept])
    starts = np.concatenate(
        [first + group[1] for first, group in zip(firsts, kept, strict=False)]
    )
    parts = np.concatenate([np.full(group[1].size, group[2]) for group in kept])
    return bins, starts, parts
