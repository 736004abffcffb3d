"""What the input of a model allows of the settings of its trials."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, final

from hifred.errors import SettingsError
from hifred.observations import mask_of
from hifred.observations.matching.decided_target import check_target, decided_targets
from hifred.simulation import SimulationSettings
from hifred.store.fusion_input import open_fusion_input
from hifred.sweep.kernels.kernel import Settings


@final
@dataclass(frozen=True)
class InputLimits:
    """Sizes that bound the rank of a fusion, and a resolution that is decided.

    Parameters
    ----------
    n_spectra : int
        Pixels of the spectrometers that see anything.
    n_energies : int
        Energy bins of the observations.
    targets : mapping of str
        From `decided_targets`.
    """

    n_spectra: int
    n_energies: int
    targets: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_input(cls, path: Path) -> Self:
        """Return the limits of a fusion input."""
        observations = open_fusion_input(path).observations.values()
        spectrometers = [o for o in observations if o.attrs["role"] == "spectrometer"]
        seen = [int(mask_of(o).any(axis=0).sum()) for o in spectrometers]
        n_energies = max(o.sizes["energy"] for o in observations)
        return cls(sum(seen), n_energies, decided_targets(observations))

    @classmethod
    def of_simulation(cls, settings: SimulationSettings) -> Self:
        """Return the limits of the observations that a simulation will give."""
        height, width = settings.shape
        rebinning = settings.spectrometer.pixel_rebinning
        return cls((height // rebinning) * (width // rebinning), settings.n_energies)

    def check(self, settings: Settings) -> None:
        """Refuse a resolution that is not there, and a rank that is too large.

        Raises
        ------
        SettingsError
            There must be a spectrum and an energy for each of the rank.
        """
        check_target(self.targets, settings.get("target_resolution"))
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
