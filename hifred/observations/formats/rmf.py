"""Redistribution matrices and effective areas."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np
from scipy import sparse

from hifred.errors import HifredError
from hifred.observations.formats.energy_grids import (
    EDGE_TOLERANCE_KEV,
    grid_weights,
    held_weights,
    joined_edges,
    nearest_edges,
)

# Edges of counts and of their response may differ by this fraction of a channel.
EDGE_SLACK = 0.1


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
    recorded : (energy,) array, optional
        Sum of each column over all channels that were read, those included that have
        been cut since: the efficiency, or the area (cm2) where it is folded in. By
        default the sums of `matrix`.

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
    recorded: np.ndarray | None = None

    @property
    def column_sums(self) -> np.ndarray:
        """What is recorded of each energy (energy,) in the channels that were read."""
        if self.recorded is not None:
            return self.recorded
        return np.asarray(self.matrix.sum(axis=0)).ravel()

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
            recorded=self.column_sums,
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
            recorded=self.column_sums,
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
        nearest = nearest_edges(own, wanted)
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
            recorded=self.column_sums,
        )

    def grid_weights(self, energy_edges: np.ndarray) -> sparse.csr_array:
        """Return the matrix (target, energy) that takes columns to other energies."""
        return grid_weights(self.energy_edges, energy_edges, "the response")

    def held_weights(self, energy_edges: np.ndarray) -> sparse.csr_array:
        """Return the same for finer bins, each with the column of its coarse bin.

        Energies outside the table are not recorded at all.
        """
        return held_weights(self.energy_edges, energy_edges)

    def on_grid(self, energy_edges: np.ndarray) -> "Rmf":
        """Return the response to the bins of another true-energy grid (keV)."""
        return self._through(self.grid_weights(energy_edges), energy_edges)

    def held_on(self, energy_edges: np.ndarray) -> "Rmf":
        """Return the response by `held_weights`."""
        return self._through(self.held_weights(energy_edges), energy_edges)

    def _through(self, weights: sparse.csr_array, energy_edges: np.ndarray) -> "Rmf":
        return replace(
            self,
            matrix=sparse.csr_array(self.matrix @ weights.T),
            energy_edges=np.asarray(energy_edges, dtype=float),
            recorded=weights @ self.column_sums,
        )

    def plus(self, other: "Rmf") -> "Rmf":
        """Return the sum with a response on the same channels and energies."""
        return replace(
            self,
            matrix=sparse.csr_array(self.matrix + other.matrix),
            recorded=self.column_sums + other.column_sums,
        )

    def within(self, low_kev: float, high_kev: float) -> "Rmf":
        """Return the response to the true energies whose bins lie in a band."""
        slack = EDGE_TOLERANCE_KEV
        inside = (self.energy_edges[:-1] >= low_kev - slack) & (
            self.energy_edges[1:] <= high_kev + slack
        )
        if not inside.any():
            raise HifredError(
                f"the RMF must have energies from {low_kev:g} to {high_kev:g} keV; it "
                f"covers {self.energy_edges[0]:g} to {self.energy_edges[-1]:g} keV."
            )
        first, last = np.flatnonzero(inside)[[0, -1]]
        return replace(
            self,
            matrix=self.matrix[:, first : last + 1],
            energy_edges=self.energy_edges[first : last + 2],
            recorded=self.column_sums[first : last + 1],
        )

    def times(self, arf: Arf) -> "Rmf":
        """Return the response (cm2) to the energies of an area that is folded in."""
        covered = self.within(arf.energy_edges[0], arf.energy_edges[-1])
        area = arf.on_grid(covered.energy_edges)
        return replace(
            covered,
            matrix=sparse.csr_array(covered.matrix @ sparse.diags_array(area)),
            recorded=covered.column_sums * area,
            kind="FULL",
        )
