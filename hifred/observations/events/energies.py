"""Energies of events, from a column of energy or of channels."""

import numpy as np

from hifred.observations.events.detectors import known_detector, named_detector
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import FitsTable
from hifred.observations.formats.units import UnitError, conversion_factor

ENERGY_COLUMNS = ("ENERGY",)
PULSE_HEIGHTS = ("PI", "PHA")
# No X-ray telescope records less than this alone, eV; in keV nearly all are below.
LEAST_EV = 50.0


def event_energies(
    table: FitsTable,
    column: str | None = None,
    channels: DetectorChannels | None = None,
) -> np.ndarray:
    """Return the energies (event,) in keV, NaN where they are undefined.

    Parameters
    ----------
    table : FitsTable
    column : str, optional
        With a unit of energy, or PI or PHA; by default ENERGY, else PI.
    channels : DetectorChannels, optional
        Of the response: what PI and PHA count where the telescope is not known.
    """
    usual = [name for name in ENERGY_COLUMNS if table.find(name) is not None]
    name = column or (usual[0] if usual else "PI")
    if name.upper() in PULSE_HEIGHTS and not _is_energy(table, name):
        return _of_channels(table, name, channels)
    if not table.unit(name):
        return _electronvolts(table, name) * 1e-3
    return table.quantity_or_nan(name, "keV")


def _is_energy(table: FitsTable, name: str) -> bool:
    """Return whether pulse heights are given as energies already, as of eROSITA."""
    try:
        conversion_factor(table.unit(name), "keV")
    except UnitError:
        return False
    return True


def _of_channels(
    table: FitsTable, name: str, channels: DetectorChannels | None
) -> np.ndarray:
    value = table.numbers_or_nan(name)
    detector = named_detector(table.header)
    if detector is not None and name.upper() == "PI":
        # The middle of the channel: rounding cannot move it to a neighbour.
        offset = detector.pi_start_ev + (0.5 - detector.pi_first) * detector.pi_step_ev
        return (value * detector.pi_step_ev + offset) * 1e-3
    if channels is None:
        known_detector(table.header, table.place(name))  # raises, if it is not known
        raise FitsFormatError(
            f"{table.place(name)} must come with the rmf whose channels it counts."
        )
    channels.check_kind(name.upper(), table.place(name))
    return channels.energies(value, table.place(name))


def _electronvolts(table: FitsTable, name: str) -> np.ndarray:
    """Return a column without a unit: Chandra and others mean electronvolts."""
    values = table.numbers_or_nan(name)
    finite = values[np.isfinite(values)]
    if finite.size and finite.max() < LEAST_EV:
        raise FitsFormatError(
            f"{table.place(name)} must have a unit; without one it would be eV, and "
            f"its largest value is {finite.max():g}. Write its unit to TUNIT."
        )
    return values
