"""Cells of hot plasma along the lines of sight, and the spectra that they add up to."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.simulation import plasma
from hifred.simulation.line_table import LineTable, read_line_table

# Nodes between which the line emissivities are interpolated.
KT_NODES_KEV = np.geomspace(0.15, 4.0, 9)
LOG_TAU_NODES = np.linspace(8.0, 12.0, 9)

# Share of the norm of the node spectra that the reduced basis may lose.
BASIS_TOLERANCE = 2e-4


@dataclass(frozen=True)
class PlasmaCells:
    """Homogeneous cells of plasma.

    Parameters
    ----------
    pixel : (cell,) array of int
        Index of the sky pixel, row by row, in which the cell is seen.
    emission_measure : (cell,) array
        Density squared times volume, arbitrary scale, not negative.
    kt, log_tau, velocity : (cell,) arrays
        keV; decimal logarithm of cm-3 s; km/s, positive when receding.
    abundance : (group, cell) array
        Relative to solar, for the groups of `hifred.simulation.plasma.ELEMENT_GROUPS`.
    """

    pixel: np.ndarray
    emission_measure: np.ndarray
    kt: np.ndarray
    log_tau: np.ndarray
    velocity: np.ndarray
    abundance: np.ndarray


def join_cells(parts: list[PlasmaCells]) -> PlasmaCells:
    """Return the cells of all `parts` together."""
    names = ("pixel", "emission_measure", "kt", "log_tau", "velocity", "abundance")
    return PlasmaCells(
        *(np.concatenate([getattr(p, n) for p in parts], axis=-1) for n in names)
    )


def sum_spectra(
    cells: PlasmaCells,
    energy_edges: np.ndarray,
    n_pixels: int,
    *,
    velocity_step: float,
) -> np.ndarray:
    """Return the spectrum of every pixel, Doppler shifts included, before absorption.

    Parameters
    ----------
    cells : PlasmaCells
    energy_edges : (energy + 1,) array, keV
        Equally spaced.
    n_pixels : int
        Number of sky pixels.
    velocity_step : float, km/s
        Spacing of the velocities between which a cell is shared.

    Returns
    -------
    (energy, pixel) array, photon per bin on the scale of the emission measures.
    """
    reach = 1.0 + 1.1 * np.abs(cells.velocity).max(initial=1.0) / LIGHT_SPEED_KM_S
    table = read_line_table().select(energy_edges[0] / reach, energy_edges[-1] * reach)
    basis, weights = _line_basis(table, cells)
    total = _continuum(cells, energy_edges, n_pixels)
    velocities, shares = _velocity_shares(cells, velocity_step, n_pixels)
    per_velocity = (shares @ weights).reshape(len(velocities), n_pixels, -1)
    for velocity, coefficients in zip(velocities, per_velocity, strict=True):
        lit = np.flatnonzero(coefficients.any(axis=1))
        shifted = table.energy * (1.0 - velocity / LIGHT_SPEED_KM_S)
        lines = basis @ deposit_matrix(shifted, energy_edges)
        total[lit] += coefficients[lit] @ lines
    # The reduced basis rings by a part in 5000 where a line should be absent.
    return np.maximum(total, 0.0).T


def deposit_matrix(energy: np.ndarray, energy_edges: np.ndarray) -> sparse.csr_array:
    """Return the (line, energy) matrix that shares lines between the nearest two bins.

    Parameters
    ----------
    energy : (line,) array, keV
    energy_edges : (energy + 1,) array, keV, equally spaced

    Notes
    -----
    Linear sharing keeps the photons and the mean energy; what falls outside is lost.
    """
    n_energies = len(energy_edges) - 1
    step = (energy_edges[-1] - energy_edges[0]) / n_energies
    place = (energy - energy_edges[0]) / step - 0.5
    lower = np.floor(place).astype(int)
    rows = np.tile(np.arange(len(energy)), 2)
    columns = np.concatenate([lower, lower + 1])
    values = np.concatenate([1.0 - (place - lower), place - lower])
    inside = (columns >= 0) & (columns < n_energies)
    return sparse.csr_array(
        (values[inside], (rows[inside], columns[inside])),
        shape=(len(energy), n_energies),
    )


def _line_basis(table: LineTable, cells: PlasmaCells) -> tuple[np.ndarray, np.ndarray]:
    """Return a (basis, line) matrix and the (cell, basis) weights that use it."""
    kt, log_tau = (a.ravel() for a in np.meshgrid(KT_NODES_KEV, LOG_TAU_NODES))
    emissivity = plasma.line_emissivity(table, kt, log_tau)
    nodes = _node_weights(cells)
    basis, weights = [], []
    for group, elements in enumerate(plasma.ELEMENT_GROUPS.values()):
        members = np.isin(table.element, elements)
        if not members.any():
            continue
        directions = _principal_directions(emissivity[:, members])
        basis.append(directions.T @ (emissivity * members))
        amount = cells.emission_measure * cells.abundance[group]
        weights.append(amount[:, None] * (nodes @ directions))
    if not basis:
        return np.zeros((0, len(table.energy))), np.zeros((len(cells.pixel), 0))
    return np.concatenate(basis), np.concatenate(weights, axis=1)


def _principal_directions(emissivity: np.ndarray) -> np.ndarray:
    """Return the few (node, direction) columns that span the (node, line) matrix."""
    power, directions = np.linalg.eigh(
        emissivity @ emissivity.T / emissivity.max() ** 2
    )
    return np.asarray(directions[:, power > BASIS_TOLERANCE**2 * power[-1]])


def _node_weights(cells: PlasmaCells) -> sparse.csr_array:
    """Return the (cell, node) matrix of bilinear interpolation."""
    n_kt = len(KT_NODES_KEV)
    i, along_kt = _bracket(np.log(cells.kt), np.log(KT_NODES_KEV))
    j, along_tau = _bracket(cells.log_tau, LOG_TAU_NODES)
    n_cells = len(cells.pixel)
    nodes = np.concatenate([(j + b) * n_kt + i + a for a in (0, 1) for b in (0, 1)])
    share = np.concatenate(
        [p * q for p in (1 - along_kt, along_kt) for q in (1 - along_tau, along_tau)]
    )
    rows = np.tile(np.arange(n_cells), 4)
    shape = (n_cells, n_kt * len(LOG_TAU_NODES))
    return sparse.csr_array((share, (rows, nodes)), shape=shape)


def _bracket(value: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    place = np.interp(value, nodes, np.arange(len(nodes)))
    lower = np.minimum(place.astype(int), len(nodes) - 2)
    return lower, place - lower


def _continuum(
    cells: PlasmaCells, energy_edges: np.ndarray, n_pixels: int
) -> np.ndarray:
    """Return the (pixel, energy) continuum, not shifted: it is smooth."""
    lower, share = _bracket(np.log(cells.kt), np.log(KT_NODES_KEV))
    n_nodes = len(KT_NODES_KEV)
    amount = np.zeros(n_pixels * n_nodes)
    for node, part in ((lower, 1.0 - share), (lower + 1, share)):
        amount += np.bincount(
            cells.pixel * n_nodes + node,
            cells.emission_measure * part,
            minlength=len(amount),
        )
    emissivity = plasma.continuum_emissivity(KT_NODES_KEV, energy_edges)
    return amount.reshape(n_pixels, n_nodes) @ emissivity


def _velocity_shares(
    cells: PlasmaCells, step: float, n_pixels: int
) -> tuple[np.ndarray, sparse.csr_array]:
    """Return velocities and the matrix (velocity and pixel, cell) of shares."""
    first = np.floor(cells.velocity.min(initial=0.0) / step)
    place = cells.velocity / step - first
    lower = np.floor(place).astype(int)
    n_velocities = int(lower.max(initial=0)) + 2
    n_cells = len(cells.pixel)
    rows = np.concatenate([(lower + k) * n_pixels + cells.pixel for k in (0, 1)])
    values = np.concatenate([1.0 - (place - lower), place - lower])
    columns = np.tile(np.arange(n_cells), 2)
    shape = (n_velocities * n_pixels, n_cells)
    shares = sparse.csr_array((values, (rows, columns)), shape=shape)
    return (first + np.arange(n_velocities)) * step, shares
