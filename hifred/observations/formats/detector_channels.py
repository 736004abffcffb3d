"""The channels of a detector: their numbers, energies and what they count."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.observations.formats.fits_files import FitsFormatError

# A share of events beyond the last channel that overflows may have.
LARGEST_OVERFLOW = 0.01


@final
@dataclass(frozen=True)
class DetectorChannels:
    """All channels of a detector, as EBOUNDS lists them.

    Parameters
    ----------
    number : (channel,) int array
        Counting up by one, in the order of the energies or against it.
    low, high : (channel,) arrays, keV
        Increasing.
    kind : str
        CHANTYPE: ``"PI"`` (corrected for gain), ``"PHA"`` (not), or empty.
    """

    number: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kind: str = ""

    def check_kind(self, kind: str, place: str) -> None:
        """Raise where numbers are of the other kind than these channels.

        Parameters
        ----------
        kind : str
            PI or PHA; empty where it is not told.
        place : str
            Where the numbers are from.
        """
        if {kind, self.kind} == {"PI", "PHA"}:
            raise FitsFormatError(
                f"{place} must count channels as its response does, CHANTYPE "
                f"{self.kind}; got {kind}. Take the file that belongs to this RMF, or "
                "correct CHANTYPE if it alone is wrong."
            )

    def energies(self, value: np.ndarray, place: str) -> np.ndarray:
        """Return the middles of the channels, keV, NaN for numbers beyond them.

        Parameters
        ----------
        value : (event,) array
            Channel numbers, NaN where undefined.
        place : str
            Column, for the error.
        """
        order = np.argsort(self.number)
        first, last = self.number[order[[0, -1]]]
        known = (value >= first) & (value <= last)
        n_above = int(np.sum(value > last))
        if n_above > LARGEST_OVERFLOW * max(len(value), 1):
            raise FitsFormatError(
                f"{place} must hold channel numbers of the response, {first} to "
                f"{last}; {n_above} of {len(value)} events are above. Take the RMF "
                "that belongs to these events, or give another energy_column."
            )
        middle = 0.5 * (self.low + self.high)[order]
        index = np.where(known, value - first, 0).astype(np.int64)
        return np.where(known, middle[index], np.nan)
