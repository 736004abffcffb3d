"""The flux of regions of a fused cube, energy by energy, with draws of it."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.observations import FusionInput
from hifred.products.draws import DrawnCubes, check_same_cube
from hifred.products.region_spectra import RegionSpectra
from hifred.regions import SkyRegion


def region_flux(
    result: xr.Dataset,
    regions: Sequence[SkyRegion],
    draws: DrawnCubes | None = None,
    fusion_input: FusionInput | None = None,
) -> xr.Dataset:
    """Return the flux of each region, summed over shares of pixels.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    regions : sequence of SkyRegion
        On the pixels of the cube; see `hifred.regions.fused_field`.
    draws : Draws, optional
        Of the same fusion.
    fusion_input : FusionInput, optional
        What was fused. With it the spectra are corrected for what the prior moved
        between regions: see `hifred.products.RegionLeaks`.

    Returns
    -------
    Dataset
        ``flux`` (region, energy), photon cm-2 s-1 per bin; with draws ``drawn_flux``
        (draw, region, energy) and ``standard_error`` (region, energy).

    Raises
    ------
    HifredError
        If there is no region, two have one name, or draws are of another cube.
    """
    _check(result, regions, draws)
    spectra = RegionSpectra.begin(result, regions, fusion_input)
    flux = spectra.of(result["flux"])
    coords = {
        "region": ("region", [region.name for region in regions]),
        "energy": result["energy"],
        "energy_edges": result["energy_edges"],
    }
    found = xr.Dataset(
        {"flux": (("region", "energy"), flux, _attrs("flux of the region"))}, coords
    )
    if draws is not None:
        drawn = np.stack(list(spectra.drawn(draws)))
        found["standard_error"] = found["flux"].copy(data=drawn.std(axis=0, ddof=1))
        found["standard_error"].attrs = _attrs("standard deviation over the draws")
        told = _attrs("flux of the region in each draw")
        found["drawn_flux"] = (("draw", "region", "energy"), drawn, told)
    return found


def _attrs(long_name: str) -> dict[str, str]:
    return {"units": dims.FLUX_UNIT, "long_name": long_name}


def _check(
    result: xr.Dataset, regions: Sequence[SkyRegion], draws: DrawnCubes | None
) -> None:
    names = [region.name for region in regions]
    if not names or len(set(names)) < len(names):
        raise HifredError(f"regions must have names of their own; got {names}.")
    if draws is not None:
        check_same_cube(result, draws)
