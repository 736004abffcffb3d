"""Energies of events, from a column of energy or of channels."""

import numpy as np

from hifred.observations.events.detectors import known_detector
from hifred.observations.formats.fits_tables import FitsFormatError, FitsTable

ENERGY_COLUMNS = ("ENERGY",)
# No X-ray telescope records less than this alone, eV; in keV nearly all are below.
LEAST_EV = 50.0


def event_energies(table: FitsTable, column: str | None = None) -> np.ndarray:
    """Return the energies (event,) in keV, NaN where they are undefined.

    Parameters
    ----------
    table : FitsTable
    column : str, optional
        With a unit of energy, or PI; by default ENERGY, else PI as the telescope
        counts it.
    """
    names = ENERGY_COLUMNS if column is None else (column,)
    for name in names:
        if table.find(name) is not None and name.upper() != "PI":
            if not table.unit(name):
                return _electronvolts(table, name) * 1e-3
            return table.quantity_or_nan(name, "keV")
    if column is not None and column.upper() != "PI":
        table.raw(column)  # raises: there is no such column
    detector = known_detector(table.header, table.place("PI"))
    value = table.values(detector.pi_column).astype(float)
    # The middle of the channel: rounding cannot move it to a neighbour.
    offset = detector.pi_start_ev + (0.5 - detector.pi_first) * detector.pi_step_ev
    return (value * detector.pi_step_ev + offset) * 1e-3


def _electronvolts(table: FitsTable, name: str) -> np.ndarray:
    """Return a column without a unit: Chandra and others mean electronvolts."""
    values = table.values(name).astype(float)
    finite = values[np.isfinite(values)]
    if finite.size and finite.max() < LEAST_EV:
        raise FitsFormatError(
            f"{table.place(name)} must have a unit; without one it would be eV, and "
            f"its largest value is {finite.max():g}. Write its unit to TUNIT."
        )
    return values
