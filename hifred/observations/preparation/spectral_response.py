"""Area and redistribution of one instrument, wherever its files keep them."""

import logging
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from scipy import sparse

from hifred.errors import HifredError, SettingsError
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.ogip import read_arf, read_rmf_parts
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.matching.split_matrix import SplitMatrix
from hifred.observations.preparation.instrument_settings import InstrumentSettings

logger = logging.getLogger(__name__)

# How far, in keV, a redistribution matrix is read beyond the channels used: photons
# of higher energies reach them by escape peaks and tails.
WIDE_BAND_KEV = 1.0


@final
@dataclass(frozen=True)
class SpectralResponse:
    r"""What happens to the energy of a photon in one instrument.

    .. math:: P_{ce} = R_{ce} A_e

    An RSP holds this product, an RMF with an ARF its factors, an RMF with the
    detector's efficiency and an ARF a third split of it; all of them become the
    product here, before it is taken to other energies, and give the same from there.

    Parameters
    ----------
    parts : tuple of Rmf
        In cm2, on the instrument's channels, the finest energies first; what is
        recorded is their sum. Empty where channels are true energies.
    area : Arf or float, cm2
        Where there are no `parts`.
    detector : DetectorChannels, optional
        All channels of the file, those outside the band included.
    """

    parts: tuple[Rmf, ...]
    area: Arf | float
    detector: DetectorChannels | None = None

    def channel_edges(self, band: tuple[float, float], group: int) -> np.ndarray:
        """Return the edges (channel + 1,), keV, of a band's channels in groups."""
        return self.parts[0].cut(*band).group(group).channel_edges

    def onto_channels(self, edges: np.ndarray) -> "SpectralResponse":
        """Return the same with channels summed into wider ones with these edges."""
        return replace(self, parts=tuple(p.onto_channels(edges) for p in self.parts))

    def on_grid(
        self, energy_edges: np.ndarray
    ) -> tuple[np.ndarray, SplitMatrix | None]:
        """Return the area (energy,), cm2, and the redistribution (channel, energy).

        The area is that for a photon to be recorded in any channel within 1 keV of
        the band, efficiency included; a column of the redistribution holds the
        probabilities of the channels if it is, and sums to at most 1. Continua stay
        on their coarse energies.
        """
        area = self.recorded_area(energy_edges)
        if not self.parts:
            return area, None
        core = self.parts[0].on_grid(energy_edges)
        n_channels, n_energies = core.matrix.shape
        left = [part.matrix for part in self.parts[1:]]
        right = [part.held_weights(energy_edges).T for part in self.parts[1:]]
        split = SplitMatrix(
            core.matrix,
            sparse.csr_array(sparse.hstack([sparse.csr_array((n_channels, 0)), *left])),
            sparse.csr_array(
                sparse.vstack([sparse.csr_array((0, n_energies)), *right])
            ),
        )
        area = np.maximum(area, 0.0)
        inverse = np.divide(1.0, area, out=np.zeros_like(area), where=area > 0)
        return area, split.times_columns(inverse)

    def recorded_area(self, energy_edges: np.ndarray) -> np.ndarray:
        """Return the area (energy,), cm2, efficiency included."""
        if self.parts:
            core, *others = self.parts
            weights = [
                core.grid_weights(energy_edges),
                *(part.held_weights(energy_edges) for part in others),
            ]
            sums = [part.column_sums for part in self.parts]
            return np.sum([w @ s for w, s in zip(weights, sums, strict=True)], axis=0)
        if isinstance(self.area, Arf):
            return self.area.on_grid(energy_edges)
        return np.full(len(energy_edges) - 1, float(self.area))


def read_spectral_response(
    name: str, settings: InstrumentSettings, band_kev: tuple[float, float]
) -> SpectralResponse:
    """Read the RMF and the ARF of an instrument for the channels in a band.

    Parameters
    ----------
    name : str
        Instrument, for errors.
    settings : InstrumentSettings
    band_kev : (float, float)

    Raises
    ------
    HifredError
        If a file is malformed, an area is given twice or not at all, or does not
        reach the band.
    """
    if settings.rmf is None:
        return SpectralResponse((), _area(name, settings))
    reach = (max(band_kev[0] - WIDE_BAND_KEV, 0.0), band_kev[1] + WIDE_BAND_KEV)
    parts = read_rmf_parts(settings.rmf, energy_band=reach)
    finest = parts[0]
    detector = DetectorChannels(
        finest.channel,
        finest.channel_low,
        finest.channel_high,
        str(finest.keywords.get("CHANTYPE", "")).strip().upper(),
    )
    # What was read counts as recorded: photons far from the band leave no trace in it.
    parts = tuple(replace(part.cut(*reach), recorded=None) for part in parts)
    if finest.kind == "FULL":
        _check_no_arf(name, settings)
        factor = settings.effective_area_cm2 or 1.0
        return SpectralResponse(tuple(_scaled(p, factor) for p in parts), 1.0, detector)
    area = _area(name, settings)
    if isinstance(area, Arf):
        _tell_another(name, finest, area)
        return SpectralResponse(_folded(parts, area, band_kev), 1.0, detector)
    return SpectralResponse(tuple(_scaled(p, area) for p in parts), 1.0, detector)


def _area(name: str, settings: InstrumentSettings) -> Arf | float:
    if settings.effective_area_cm2 is not None:
        return settings.effective_area_cm2
    if settings.arf is None:
        raise SettingsError(
            f"instruments.{name} must have arf or effective_area_cm2, one of them; got "
            "neither. Only a response that holds the area (an RSP) needs none."
        )
    return read_arf(settings.arf)


def _check_no_arf(name: str, settings: InstrumentSettings) -> None:
    if settings.arf is not None:
        raise SettingsError(
            f"instruments.{name} must not have an arf: its response holds the area "
            "already (HDUCLAS3, or columns that sum to more than a probability). Leave "
            "arf out."
        )


def _tell_another(name: str, rmf: Rmf, arf: Arf) -> None:
    """Warn where an area is of another instrument than the redistribution."""
    for key in ("TELESCOP", "INSTRUME"):
        one, other = (str(f.keywords.get(key, "")).strip() for f in (rmf, arf))
        if one and other and one.upper() != other.upper():
            logger.warning(
                "instruments.%s: %s of its rmf is %s, and of its arf %s: do they "
                "belong together?",
                *(name, key, one, other),
            )


def _scaled(part: Rmf, factor: float) -> Rmf:
    return replace(part, matrix=part.matrix * factor, recorded=None)


def _folded(
    parts: tuple[Rmf, ...], area: Arf, band_kev: tuple[float, float]
) -> tuple[Rmf, ...]:
    """Return the parts with the area folded in, on the finer energies of the two."""
    low, high = area.energy_edges[[0, -1]]
    if low > band_kev[0] + WIDE_BAND_KEV or high < band_kev[1] - WIDE_BAND_KEV:
        raise HifredError(
            f"the ARF must reach the band {band_kev[0]:g} to {band_kev[1]:g} keV; it "
            f"covers {low:g} to {high:g} keV."
        )
    finest, *coarser = parts
    own = finest.energy_edges
    inside = area.energy_edges[
        (area.energy_edges >= own[0]) & (area.energy_edges <= own[-1])
    ]
    if len(inside) > 2 and np.median(np.diff(inside)) < 0.98 * np.median(np.diff(own)):
        finest = finest.on_grid(inside)
    return tuple(part.times(area) for part in (finest, *coarser))
