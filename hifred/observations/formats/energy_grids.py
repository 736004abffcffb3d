"""Edges of energy bins, and what takes values per bin from one grid to another."""

import numpy as np
from scipy import sparse

from hifred.errors import HifredError, SchemaError

# Edges of neighbouring bins are the same number stored twice in single precision.
EDGE_TOLERANCE_KEV = 2e-5
# Relative rounding of edges stored, and added up, in single precision: at 16 keV 0.4 %
# of a bin of 0.5 eV.
ROUNDING = 2 * float(np.finfo(np.float32).eps)


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


def evened(edges: np.ndarray) -> np.ndarray:
    """Return edges that are evenly spaced but for single precision, spaced evenly.

    Edges (n + 1,) in keV that are farther from even than `ROUNDING` come back as they
    are.
    """
    even = np.linspace(edges[0], edges[-1], len(edges))
    return even if np.all(np.abs(edges - even) <= ROUNDING * edges[-1]) else edges


def nearest_edges(edges: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the index of the edge that is nearest to each value; `edges` increase."""
    nearest = np.clip(np.searchsorted(edges, at), 1, len(edges) - 1)
    return nearest - (at - edges[nearest - 1] < edges[nearest] - at)


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


def held_weights(
    energy_edges: np.ndarray, target_edges: np.ndarray
) -> sparse.csr_array:
    """Return the matrix (target, energy) that holds each bin's value all over it.

    What lies outside the bins gets 0: this is how a coarse table counts that is added
    to a finer one.

    Parameters
    ----------
    energy_edges, target_edges : (n + 1,), (m + 1,) arrays, keV
        Increasing edges.
    """
    edges, target = np.asarray(energy_edges, float), np.asarray(target_edges, float)
    low, high = min(edges[0], target[0]) - 1, max(edges[-1], target[-1]) + 1
    wide = np.concatenate([[low], edges, [high]])
    return _overlap_weights(wide, target)[:, 1:-1]


def _overlap_weights(edges: np.ndarray, target: np.ndarray) -> sparse.csr_array:
    # Edges that differ by rounding only are one edge: equal grids give the identity.
    nearest = nearest_edges(edges, target)
    width = np.diff(edges)[np.minimum(nearest, len(edges) - 2)]
    same = np.abs(edges[nearest] - target) < np.maximum(1e-3 * width, ROUNDING * target)
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
