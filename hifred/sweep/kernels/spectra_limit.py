"""How many spectra the observations of a model can give a cube of low rank."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

from hifred.errors import SettingsError
from hifred.observations import mask_of
from hifred.simulation import SimulationSettings
from hifred.store.fusion_input import open_fusion_input
from hifred.sweep.kernels.kernel import Settings


@final
@dataclass(frozen=True)
class SpectraLimit:
    """Sizes that bound the rank of a fusion.

    Parameters
    ----------
    n_spectra : int
        Pixels of the spectrometers that see anything.
    n_energies : int
        Energy bins of the observations.
    """

    n_spectra: int
    n_energies: int

    @classmethod
    def of_input(cls, path: Path) -> Self:
        """Return the sizes of a fusion input."""
        observations = open_fusion_input(path).observations.values()
        spectrometers = [o for o in observations if o.attrs["role"] == "spectrometer"]
        seen = [int(mask_of(o).any(axis=0).sum()) for o in spectrometers]
        return cls(sum(seen), max(o.sizes["energy"] for o in observations))

    @classmethod
    def of_simulation(cls, settings: SimulationSettings) -> Self:
        """Return the sizes of the observations that a simulation will give."""
        height, width = settings.shape
        rebinning = settings.spectrometer.pixel_rebinning
        return cls((height // rebinning) * (width // rebinning), settings.n_energies)

    def check(self, settings: Settings) -> None:
        """Refuse a rank that there are not enough spectra or energies for.

        Raises
        ------
        SettingsError
        """
        rank, margin = settings.get("rank"), settings.get("margin_channels", 0)
        if not isinstance(rank, int) or not isinstance(margin, int):
            return
        n_energies = self.n_energies + 2 * margin
        largest = min(self.n_spectra, n_energies)
        if rank > largest:
            raise SettingsError(
                f"rank must be at most {largest}, the number of spectra of the "
                f"spectrometer ({self.n_spectra}) or of energies ({n_energies}); "
                f"got {rank}."
            )
