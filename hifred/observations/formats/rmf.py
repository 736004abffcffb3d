"""Redistribution matrices and effective areas, and their grids of energies."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np
from scipy import sparse

from hifred.errors import HifredError, SchemaError

# Edges of neighbouring bins are the same number stored twice in single precision.
EDGE_TOLERANCE_KEV = 2e-5
# Edges of counts and of their response may differ by this fraction of a channel.
EDGE_SLACK = 0.1


def joined_edges(low: np.ndarray, high: np.ndarray, what: str) -> np.ndarray:
    """Return n + 1 edges of n intervals that touch.

    Parameters
    ----------
    low, high : (n,) arrays, keV
        Ends of the intervals, increasing.
    what : str
        What they are, for the error.

    Raises
    ------
    SchemaError
        If the intervals overlap, leave gaps or do not increase.
    """
    gap = np.abs(low[1:] - high[:-1])
    # SXS and Resolve start their first bin a tenth of a bin late.
    tolerance = EDGE_TOLERANCE_KEV + 0.02 * (high - low)[1:]
    if np.any(gap > tolerance):
        i = int(np.argmax(gap > tolerance))
        raise SchemaError(
            f"{what} must touch; bin {i} ends at {high[i]:g} and bin {i + 1} "
            f"starts at {low[i + 1]:g} keV."
        )
    edges = np.append(low, high[-1])
    if np.any(np.diff(edges) <= 0):
        i = int(np.argmax(np.diff(edges) <= 0))
        raise SchemaError(
            f"{what} must increase; edge {i} is {edges[i]:g} and the next "
            f"{edges[i + 1]:g} keV."
        )
    return edges


@final
@dataclass(frozen=True)
class Arf:
    """Effective area over true energy.

    Parameters
    ----------
    energy_edges : (energy + 1,) array, keV
        Increasing edges of the energy bins.
    effective_area : (energy,) array, cm2
        Non-negative.
    keywords : mapping
        TELESCOP, INSTRUME and the like.
    """

    energy_edges: np.ndarray
    effective_area: np.ndarray
    keywords: Mapping[str, object] = field(default_factory=dict)

    def on_grid(self, energy_edges: np.ndarray) -> np.ndarray:
        """Return the area (cm2) on the bins of another grid (keV)."""
        weights = grid_weights(self.energy_edges, energy_edges, "the ARF")
        return np.asarray(weights @ self.effective_area)


@final
@dataclass(frozen=True)
class Rmf:
    """Probability that a photon of an energy is recorded in a channel.

    Parameters
    ----------
    matrix : (channel, energy) sparse array
        Columns sum to at most about 1 (`kind` REDIST), or to the area in cm2 (FULL).
    energy_edges : (energy + 1,) array, keV
        Increasing edges of the true-energy bins.
    channel : (channel,) int array
        Numbers of the channels.
    channel_low, channel_high : (channel,) arrays, keV
        Nominal energies of the channels (EBOUNDS), increasing.
    kind : str
        ``"REDIST"``, or ``"FULL"`` when the effective area is folded in.
    threshold : float
        Matrix elements below it were dropped by the file's author.
    keywords : mapping
        TELESCOP, INSTRUME, CHANTYPE and the like.

    Notes
    -----
    OGIP files store the matrix energy by energy, that is transposed.
    """

    matrix: sparse.csr_array
    energy_edges: np.ndarray
    channel: np.ndarray
    channel_low: np.ndarray
    channel_high: np.ndarray
    kind: str = "REDIST"
    threshold: float = 0.0
    keywords: Mapping[str, object] = field(default_factory=dict)

    @property
    def n_channels(self) -> int:
        return int(self.matrix.shape[0])

    @property
    def n_energies(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def channel_edges(self) -> np.ndarray:
        """Edges (channel + 1,) of the channels in keV.

        Raises
        ------
        SchemaError
            If the channels overlap or leave gaps.
        """
        return joined_edges(self.channel_low, self.channel_high, "channels (EBOUNDS)")

    def fold(self, flux: np.ndarray) -> np.ndarray:
        """Return the spectrum (channel,) of photons (energy,)."""
        return np.asarray(self.matrix @ flux)

    def cut(self, low_kev: float, high_kev: float) -> "Rmf":
        """Return the channels whose nominal centre is in a band; all energies stay."""
        centre = 0.5 * (self.channel_low + self.channel_high)
        inside = np.flatnonzero((centre >= low_kev) & (centre < high_kev))
        if inside.size == 0:
            raise HifredError(
                f"the band must contain channels; got {low_kev:g} to {high_kev:g} keV, "
                f"and the channels cover {self.channel_low[0]:g} to "
                f"{self.channel_high[-1]:g} keV."
            )
        return replace(
            self,
            matrix=sparse.csr_array(self.matrix[inside]),
            channel=self.channel[inside],
            channel_low=self.channel_low[inside],
            channel_high=self.channel_high[inside],
        )

    def group(self, factor: int) -> "Rmf":
        """Return the response with `factor` neighbouring channels summed.

        Channels that fill no whole group at the upper end are dropped.
        """
        if factor < 1:
            raise HifredError(f"factor must be at least 1; got {factor}.")
        n = self.n_channels // factor
        columns = np.arange(n * factor)
        summing = sparse.csr_array(
            (np.ones(n * factor), (columns // factor, columns)),
            shape=(n, self.n_channels),
        )
        return replace(
            self,
            matrix=sparse.csr_array(summing @ self.matrix),
            channel=np.arange(n, dtype=self.channel.dtype),
            channel_low=self.channel_low[: n * factor : factor],
            channel_high=self.channel_high[factor - 1 : n * factor : factor],
        )

    def onto_channels(self, edges: np.ndarray) -> "Rmf":
        """Return the response with channels summed into wider ones.

        Parameters
        ----------
        edges : (n + 1,) array, keV
            Edges of the new channels; each must be an edge of the old ones.

        Raises
        ------
        HifredError
            If an edge lies inside a channel, or outside all.
        """
        own, wanted = self.channel_edges, np.asarray(edges, float)
        nearest = np.abs(own[:, None] - wanted).argmin(axis=0)
        width = np.diff(own)[np.minimum(nearest, self.n_channels - 1)]
        off = np.abs(own[nearest] - wanted)
        if np.any(off > EDGE_SLACK * width) or np.any(np.diff(nearest) < 1):
            i = int(np.argmax(off / width))
            raise HifredError(
                "channel edges of the counts must be edges of the response's channels; "
                f"edge {i} at {wanted[i]:g} keV is {1e3 * off[i]:g} eV off the nearest."
            )
        rows = np.repeat(np.arange(len(wanted) - 1), np.diff(nearest))
        columns = np.arange(nearest[0], nearest[-1])
        summing = sparse.csr_array(
            (np.ones(len(rows)), (rows, columns)),
            shape=(len(wanted) - 1, self.n_channels),
        )
        return replace(
            self,
            matrix=sparse.csr_array(summing @ self.matrix),
            channel=np.arange(len(wanted) - 1),
            channel_low=own[nearest[:-1]],
            channel_high=own[nearest[1:]],
        )

    def on_grid(self, energy_edges: np.ndarray) -> "Rmf":
        """Return the response to the bins of another true-energy grid (keV)."""
        weights = grid_weights(self.energy_edges, energy_edges, "the RMF")
        return replace(
            self,
            matrix=sparse.csr_array(self.matrix @ weights.T),
            energy_edges=np.asarray(energy_edges, dtype=float),
        )

    def without_area(self) -> tuple["Rmf", Arf]:
        """Return a FULL response as redistribution (columns sum to 1) and area."""
        area = np.asarray(self.matrix.sum(axis=0)).ravel()
        inverse = np.divide(1.0, area, out=np.zeros_like(area), where=area > 0)
        scaled = sparse.csr_array(self.matrix @ sparse.diags_array(inverse))
        rmf = replace(self, matrix=scaled, kind="REDIST")
        return rmf, Arf(self.energy_edges, area, self.keywords)


def grid_weights(
    energy_edges: np.ndarray, target_edges: np.ndarray, what: str
) -> sparse.csr_array:
    """Return the matrix (target, energy) that takes values per bin to another grid.

    A target bin at least as wide as the bins under it gets their mean, weighted by
    overlap; a narrower one gets the linear interpolation between bin centres, so that
    a response tabulated in coarse steps does not become a staircase. Rows sum to 1,
    and equal grids give the identity.

    Parameters
    ----------
    energy_edges, target_edges : (n + 1,), (m + 1,) arrays, keV
        Increasing edges; the target must lie inside.
    what : str
        What is taken to the other grid, for the error.

    Raises
    ------
    HifredError
        If the target reaches outside the grid.
    """
    edges, target = np.asarray(energy_edges, float), np.asarray(target_edges, float)
    if np.any(np.diff(target) <= 0):
        raise HifredError("energy edges must increase; the grid asked for does not.")
    slack = EDGE_TOLERANCE_KEV
    if target[0] < edges[0] - slack or target[-1] > edges[-1] + slack:
        raise HifredError(
            f"energies must lie inside {what}, {edges[0]:g} to {edges[-1]:g} keV; got "
            f"{target[0]:g} to {target[-1]:g} keV. Choose a narrower band."
        )
    centres = 0.5 * (target[1:] + target[:-1])
    under = np.clip(np.searchsorted(edges, centres, "right") - 1, 0, len(edges) - 2)
    narrow = np.diff(target) < 0.98 * np.diff(edges)[under]
    overlap = _overlap_weights(edges, target)
    if not narrow.any():
        return overlap
    keep = sparse.diags_array((~narrow).astype(float))
    take = sparse.diags_array(narrow.astype(float))
    mixed = keep @ overlap + take @ _interpolation_weights(edges, centres)
    return sparse.csr_array(mixed)


def _overlap_weights(edges: np.ndarray, target: np.ndarray) -> sparse.csr_array:
    # Edges that differ by rounding only are one edge: equal grids give the identity.
    nearest = np.clip(np.searchsorted(edges, target), 1, len(edges) - 1)
    nearest -= target - edges[nearest - 1] < edges[nearest] - target
    width = np.diff(edges)[np.minimum(nearest, len(edges) - 2)]
    same = np.abs(edges[nearest] - target) < 1e-3 * width
    target = np.where(same, edges[nearest], target)
    points = np.union1d(edges, target)
    points = points[(points >= target[0]) & (points <= target[-1])]
    middle = 0.5 * (points[1:] + points[:-1])
    rows = np.clip(np.searchsorted(target, middle) - 1, 0, len(target) - 2)
    columns = np.clip(np.searchsorted(edges, middle) - 1, 0, len(edges) - 2)
    weights = np.diff(points) / np.diff(target)[rows]
    shape = (len(target) - 1, len(edges) - 1)
    return sparse.csr_array(sparse.coo_array((weights, (rows, columns)), shape=shape))


def _interpolation_weights(edges: np.ndarray, at: np.ndarray) -> sparse.csr_array:
    centres = 0.5 * (edges[1:] + edges[:-1])
    shape = (len(at), len(centres))
    if len(centres) == 1:
        return sparse.csr_array(np.ones(shape))
    left = np.clip(np.searchsorted(centres, at, "right") - 1, 0, len(centres) - 2)
    fraction = (at - centres[left]) / (centres[left + 1] - centres[left])
    fraction = np.clip(fraction, 0.0, 1.0)
    rows = np.tile(np.arange(len(at)), 2)
    columns = np.concatenate([left, left + 1])
    weights = np.concatenate([1 - fraction, fraction])
    return sparse.csr_array(sparse.coo_array((weights, (rows, columns)), shape=shape))
