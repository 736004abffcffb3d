"""Mixing of the regions of one fusion, on one instrument."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from hifred.mixing.groups import DetectorGroups, pixel_groups, region_groups
from hifred.mixing.shares import band_origins, band_shares, region_shares
from hifred.mixing.view import InstrumentView, view_of
from hifred.observations import FusionInput
from hifred.products.draws import DrawnCubes, check_same_cube
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
    share_errors, origin_errors : DataFrame or None
        Standard deviations, over draws of the cube, of `shares` and `origins`.
    """

    data: xr.Dataset
    view: InstrumentView
    regions: Sequence[SkyRegion]
    groups: DetectorGroups
    share_errors: pd.DataFrame | None = None
    origin_errors: pd.DataFrame | None = None

    @property
    def shares(self) -> pd.DataFrame:
        """Shares over the band, by region: a column per group, and ``lost``.

        Energies are weighed with the light of the region.
        """
        return band_shares(self.data)

    @property
    def origins(self) -> pd.DataFrame:
        """Share of the expected counts of each group (column) from each region.

        Columns sum to 1: the background is left out.
        """
        return band_origins(self.data)


def mixing(
    result: xr.Dataset,
    fusion_input: FusionInput,
    regions: Sequence[SkyRegion],
    instrument: str | None = None,
    *,
    is_by_pixel: bool = False,
    n_bands: int = 1,
    draws: DrawnCubes | None = None,
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
    draws : Draws, optional
        Of the same fusion: gives the errors of the shares.

    Raises
    ------
    HifredError
        If the cube or the draws are not of this input, regions overlap, have no light
        or no pixels,
        or the place of the instrument's pixels is not known.
    """
    view = view_of(result, fusion_input, instrument)
    groups = pixel_groups(view) if is_by_pixel else region_groups(view, regions)
    data = region_shares(result, view, regions, groups, n_bands=n_bands)
    mixed = Mixing(data, view, regions, groups)
    if draws is None:
        return mixed
    check_same_cube(result, draws)
    shares, origins = [], []
    for cube in draws.cubes():
        drawn = region_shares(
            result.assign(flux=cube), view, regions, groups, n_bands=n_bands
        )
        shares.append(band_shares(drawn))
        origins.append(band_origins(drawn))
    return replace(
        mixed, share_errors=_scatter(shares), origin_errors=_scatter(origins)
    )


def _scatter(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    deviation = np.std([table.to_numpy() for table in tables], axis=0, ddof=1)
    return pd.DataFrame(deviation, tables[0].index, tables[0].columns)
