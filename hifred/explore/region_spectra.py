"""The spectra of one region of every cube, taken again only where something changed."""

from collections.abc import Mapping
from typing import final

from hifred.plots.layers import Layer, Spectrum
from hifred.plots.regions import Region


@final
class RegionSpectra:
    """The spectra that were asked for last, by role."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[Layer, Region, int], Spectrum]] = {}

    def of(
        self, layers: Mapping[str, Layer], region: Region, group: int
    ) -> dict[str, Spectrum]:
        """Return the spectra of a region: the same objects as before where they are.

        Parameters
        ----------
        layers : mapping of role to Layer
        region : Region
        group : int
            Bins that are joined, but for the imager's, which are wide.
        """
        return {
            role: self._spectrum(role, layer, region, group)
            for role, layer in layers.items()
        }

    def _spectrum(
        self, role: str, layer: Layer, region: Region, group: int
    ) -> Spectrum:
        joined = 1 if layer.role == "imager" else group
        asked = layer, region, joined
        if role not in self._kept or self._kept[role][0] != asked:
            self._kept[role] = asked, layer.spectrum(region, group=joined)
        return self._kept[role][1]
