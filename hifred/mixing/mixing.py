"""Mixing of the regions of one fusion, on one instrument."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from hifred.mixing.groups import DetectorGroups, pixel_groups, region_groups
from hifred.mixing.shares import region_shares
from hifred.mixing.view import InstrumentView, view_of
from hifred.observations import FusionInput
from hifred.regions import SkyRegion


@dataclass(frozen=True, eq=False)
class Mixing:
    """Which share of the light of each region lands in each group of pixels.

    Parameters
    ----------
    data : Dataset
        From `hifred.mixing.region_shares`: ``share`` (region, group, energy), ``lost``,
        ``flux``, ``counts``, ``group_of_pixel``.
    view : InstrumentView
    regions : sequence of SkyRegion
    groups : DetectorGroups
    """

    data: xr.Dataset
    view: InstrumentView
    regions: Sequence[SkyRegion]
    groups: DetectorGroups

    @property
    def shares(self) -> pd.DataFrame:
        """Shares over the band, by region: a column per group, and ``lost``.

        Energies are weighed with the light of the region.
        """
        light = self.data["flux"]
        weights = light / light.sum("energy")
        frame = (self.data["share"] * weights).sum("energy").to_pandas()
        frame["lost"] = (self.data["lost"] * weights).sum("energy").to_pandas()
        return frame.rename_axis(columns=None)

    @property
    def origins(self) -> pd.DataFrame:
        """Share of the expected counts of each group (column) from each region.

        Columns sum to 1: the background is left out.
        """
        counts = self.data["counts"].to_pandas().rename_axis(columns=None)
        return counts / counts.sum(axis=0)


def mixing(
    result: xr.Dataset,
    fusion_input: FusionInput,
    regions: Sequence[SkyRegion],
    instrument: str | None = None,
    *,
    is_by_pixel: bool = False,
    n_bands: int = 1,
) -> Mixing:
    """Return whose light lands where on an instrument.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    fusion_input : FusionInput
        What was fused.
    regions : sequence of SkyRegion
        From `hifred.read_regions` on the pixels of the cube; they must not overlap.
    instrument : str, optional
        By default the spectrometer.
    is_by_pixel : bool
        Whether each pixel is a group, or the pixels in each region.
    n_bands : int
        See `hifred.mixing.region_shares`.

    Raises
    ------
    HifredError
        If the cube is not of this input, regions overlap, have no light or no pixels,
        or the place of the instrument's pixels is not known.
    """
    view = view_of(result, fusion_input, instrument)
    groups = pixel_groups(view) if is_by_pixel else region_groups(view, regions)
    data = region_shares(result, view, regions, groups, n_bands=n_bands)
    return Mixing(data, view, regions, groups)
