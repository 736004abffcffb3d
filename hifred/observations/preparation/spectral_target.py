"""Every instrument's spectral response at the resolution wanted of the sky."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import sparse

from hifred.errors import HifredError, SettingsError
from hifred.observations.matching.redistribution import relative_redistribution
from hifred.observations.matching.split_matrix import SplitMatrix
from hifred.observations.preparation.spectral_response import SpectralResponse

# Of a matrix that is kept, 12 bytes each: 2.4 GB, and several times that on the way.
MOST_ENTRIES = 200_000_000


@final
@dataclass(frozen=True)
class SpectralPart:
    """What happens to a photon's energy in one instrument.

    Parameters
    ----------
    area : (energy,) array, cm2
    redistribution : (channel, energy) sparse array, optional
    line_spread : (odd,) array, optional
        Of the spectrometer at whose resolution the sky is wanted.
    """

    area: np.ndarray
    redistribution: sparse.csr_array | None = None
    line_spread: np.ndarray | None = None


def spectral_parts(
    responses: Mapping[str, SpectralResponse],
    energy_edges: np.ndarray,
    leader: str | None,
) -> dict[str, SpectralPart]:
    """Return what each instrument does to the spectrum of the sky.

    Parameters
    ----------
    responses : mapping of str to SpectralResponse
        On each instrument's channels.
    energy_edges : (energy + 1,) array, keV
        True energies of the sky.
    leader : str or None
        Spectrometer, whose channels are these energies, at whose resolution the sky is
        wanted; None for the sky's own, which leaves every response as it is.

    Raises
    ------
    SettingsError
        If the sky is wanted at the resolution of `leader`, and another instrument's
        channels are true energies; or at its own, and a response has too many entries.
    """
    split = {name: _on_grid(name, r, energy_edges) for name, r in responses.items()}
    own = None if leader is None else split[leader][1]
    if leader is None or own is None:
        return {
            name: SpectralPart(area, _whole(name, m))
            for name, (area, m) in split.items()
        }
    parts = {}
    for name, (area, matrix) in split.items():
        if name == leader:
            parts[name] = SpectralPart(area, line_spread=_middle_line(own.core))
        elif matrix is None:
            raise _without_response(name, leader)
        else:
            parts[name] = _relative(area, matrix.whole(), own)
    return parts


def _on_grid(
    name: str, response: SpectralResponse, energy_edges: np.ndarray
) -> tuple[np.ndarray, SplitMatrix | None]:
    try:
        return response.on_grid(energy_edges)
    except HifredError as error:
        raise HifredError(f"the files of {name} (rmf, arf): {error}") from error


def _whole(name: str, matrix: SplitMatrix | None) -> sparse.csr_array | None:
    if matrix is None:
        return None
    if matrix.n_whole > MOST_ENTRIES:
        raise SettingsError(
            f"the response of {name} must have at most {MOST_ENTRIES:.2g} entries; its "
            f"continuum, a further MATRIX, has {matrix.n_whole:.2g} on these energies. "
            'Write spectral = "spectrometer" in [target], which keeps it apart, or '
            "take a wider energy.bin_ev or a narrower band."
        )
    return matrix.whole()


def _without_response(name: str, leader: str) -> SettingsError:
    return SettingsError(
        f"instruments.{name} must have an rmf: without one its channels are true "
        f"energies, finer than {leader} resolves, and the sky is wanted as {leader} "
        'resolves it. Give its rmf, or write spectral = "intrinsic" in [target].'
    )


def _relative(
    area: np.ndarray, coarse: sparse.csr_array, fine: SplitMatrix
) -> SpectralPart:
    relative = relative_redistribution(coarse, fine)
    # A quotient may exceed 1 a little; what does belongs to the area.
    excess = np.maximum(np.asarray(relative.sum(axis=0)).ravel(), 1.0)
    scaled = sparse.csr_array(relative @ sparse.diags_array(1 / excess))
    return SpectralPart(area * excess, scaled)


def _middle_line(matrix: sparse.csr_array) -> np.ndarray:
    """Return the line spread (odd,) in the middle of a square redistribution.

    A continuum apart is not part of the line.
    """
    middle = matrix.shape[1] // 2
    line = matrix[:, [middle]].toarray().ravel()
    seen = np.flatnonzero(line > 1e-7 * line.max())
    half = int(np.max(np.abs(seen - middle)))
    half = min(half, middle, len(line) - 1 - middle)
    spread = line[middle - half : middle + half + 1]
    return np.asarray(spread / spread.sum())
