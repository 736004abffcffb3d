"""Which share of each region's light lands in each group of pixels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.mixing.groups import ELSEWHERE, DetectorGroups
from hifred.mixing.view import InstrumentView
from hifred.regions import SkyRegion

LOST = "lost"
# They stand beside regions and groups in every table.
RESERVED = (ELSEWHERE, LOST)
# Regions may share this part of a pixel: rounding.
SMALLEST_OVERLAP = 1e-6
ROUNDING = 1e-12


def region_shares(
    result: xr.Dataset,
    view: InstrumentView,
    regions: Sequence[SkyRegion],
    groups: DetectorGroups,
    *,
    n_bands: int = 1,
) -> xr.Dataset:
    r"""Return the shares of the light of regions that land in groups of pixels.

    .. math::
        f_{ij}(E) = \frac{\sum_{d \in j} \sum_p K_{dp}(E) \, w_{ip} \, F_p(E)}
        {\sum_p w_{ip} \, F_p(E)}

    with ``F`` the fused cube, ``w`` the regions' shares of its pixels, and ``K`` the
    instrument's spatial matrix: PSF, pixels, vignetting.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    view : InstrumentView
        From `view_of`.
    regions : sequence of SkyRegion
        On the pixels of the cube; they must not overlap. What lies in none of them is
        one region more, ``elsewhere``.
    groups : DetectorGroups
        From `region_groups` or `pixel_groups`.
    n_bands : int
        How a region's light is spread over its pixels is taken from so many bands of
        energy with about as much light in each; where it lands changes with energy as
        the PSF does. One band is what the joint fit expects, whose regions have one
        spectrum each; more bands follow a region that looks different in different
        lines, and the noise and the line spread of the cube with it.

    Returns
    -------
    Dataset
        ``share`` (region, group, energy); ``lost`` (region, energy), what lands in no
        group; ``flux`` (region, energy), photon cm-2 s-1 per bin; ``counts`` (region,
        group), expected; ``group_of_pixel`` (y, x), -1 for none.

    Raises
    ------
    HifredError
        If regions overlap or are not on the cube's pixels, or a region has no light.

    Notes
    -----
    The light of a region is that of the cube, at its resolution: at the matched one,
    with the blur of the imager, so that ``K`` has what the instrument adds to it.
    """
    flux = np.maximum(result["flux"].transpose(*dims.SKY_CUBE).values, 0.0)
    flux = flux.astype(np.float64).reshape(len(flux), -1)
    weights = _with_elsewhere(regions, result)
    bands = _bands(flux, view, n_bands)
    found = {name: _region(flux, w, view, groups, bands) for name, w in weights.items()}
    dark = [name for name, (_, light) in found.items() if not light.sum() > 0]
    if set(dark) - {ELSEWHERE}:
        raise HifredError(
            f"region {dark[0]!r} must have light; the cube has none there."
        )
    kept = [name for name in found if name not in dark]
    share = np.stack([found[name][0] for name in kept])
    light = np.stack([found[name][1] for name in kept])
    return _labelled(kept, share, light, view, groups, result)


def _with_elsewhere(
    regions: Sequence[SkyRegion], result: xr.Dataset
) -> dict[str, np.ndarray]:
    names = [region.name for region in regions]
    if len(set(names)) < len(names) or set(RESERVED) & set(names) or not names:
        raise HifredError(
            f"regions must have names of their own, none of them {ELSEWHERE!r} or "
            f"{LOST!r}; got {names}."
        )
    shape = (result.sizes["y"], result.sizes["x"])
    for region in regions:
        if region.weights.shape != shape:
            raise HifredError(
                f"region {region.name!r} must lie on the cube's pixels, {shape}; got "
                f"{region.weights.shape}."
            )
    weights = {region.name: region.weights.values.ravel() for region in regions}
    total = np.sum(list(weights.values()), axis=0)
    if total.max() > 1 + SMALLEST_OVERLAP:
        raise HifredError(
            "regions must not overlap, or light would count for two; up to "
            f"{total.max():.3g} times a pixel is covered. Exclude one from the other."
        )
    return {**weights, ELSEWHERE: np.clip(1 - total, 0, None)}


def _bands(flux: np.ndarray, view: InstrumentView, n_bands: int) -> np.ndarray:
    """Return the first energy of each band, of about the same counts each."""
    n_energies = len(flux)
    if n_bands == n_energies:
        return np.arange(n_energies)
    if not 1 <= n_bands <= n_energies:
        raise HifredError(f"bands must number 1 to {n_energies}; got {n_bands}.")
    counts = np.cumsum(flux.sum(axis=1) * view.area)
    wanted = counts[-1] * np.arange(1, n_bands) / n_bands
    return np.unique(np.concatenate([[0], np.searchsorted(counts, wanted) + 1]))


def _region(
    flux: np.ndarray,
    weights: np.ndarray,
    view: InstrumentView,
    groups: DetectorGroups,
    bands: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares (group, energy) of a region and its light (energy,)."""
    light = flux * weights
    image = light.sum(axis=0)
    summed = np.add.reduceat(light, bands, axis=0)
    # Where a region is dark, its light would be spread as that of all energies.
    dark = summed.sum(axis=1) <= 0
    summed[dark] = image if image.sum() > 0 else weights
    total = summed.sum(axis=1, keepdims=True)
    spread = summed / np.where(total > 0, total, 1)
    lengths = np.diff(np.append(bands, len(flux)))
    landed = view.landed(np.repeat(spread, lengths, axis=0))
    return (landed @ groups.members).T, light.sum(axis=1)


def _labelled(
    names: list[str],
    share: np.ndarray,
    light: np.ndarray,
    view: InstrumentView,
    groups: DetectorGroups,
    result: xr.Dataset,
) -> xr.Dataset:
    exposed = light * view.area * view.exposure_time
    lost = 1 - share.sum(axis=1)
    # Where nothing is lost, rounding would be told, of either sign.
    lost[np.abs(lost) < ROUNDING] = 0.0
    counts = np.einsum("rge,re->rg", share, exposed)
    one = dims.DIMENSIONLESS
    variables = {
        "share": (("region", "group", "energy"), share, one, "share that lands in it"),
        LOST: (("region", "energy"), lost, one, "share in no group"),
        "flux": (("region", "energy"), light, dims.FLUX_UNIT, "flux of the region"),
        "counts": (("region", "group"), counts, dims.COUNT, "expected counts"),
    }
    data = {
        name: (names_of, values, {"units": units, "long_name": told})
        for name, (names_of, values, units, told) in variables.items()
    }
    coords = {
        "region": ("region", np.array(names, dtype=object)),
        "group": ("group", np.array(groups.names, dtype=object)),
        "energy": result["energy"],
        "energy_edges": result["energy_edges"],
    }
    labels = view.image(groups.labels, one, "number of the group, -1 for none")
    return xr.Dataset(data, coords, {"instrument": view.name}).assign(
        group_of_pixel=labels
    )


def band_shares(data: xr.Dataset) -> pd.DataFrame:
    """Return the shares over the band, by region: a column per group, and ``lost``.

    Parameters
    ----------
    data : Dataset
        From `region_shares`.
    """
    light = data["flux"]
    weights = light / light.sum("energy")
    frame = (data["share"] * weights).sum("energy").to_pandas()
    frame[LOST] = (data[LOST] * weights).sum("energy").to_pandas()
    return frame.rename_axis(columns=None)


def band_origins(data: xr.Dataset) -> pd.DataFrame:
    """Return the share of the expected counts of each group from each region."""
    counts = data["counts"].to_pandas().rename_axis(columns=None)
    return counts / counts.sum(axis=0)
