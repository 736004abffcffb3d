"""What is known of each region: area, counts, flux, and how much is independent."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from astropy import units

from hifred.regions import SkyRegion

ERG_PER_KEV = units.keV.to("erg")


def region_table(
    result: xr.Dataset, regions: Sequence[SkyRegion], spectra: xr.Dataset
) -> pd.DataFrame:
    """Return a row of statistics for each region.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    regions : sequence of SkyRegion
    spectra : Dataset
        From `region_flux`.

    Returns
    -------
    DataFrame
        By region: ``pixels``; ``area_arcsec2``; ``share_outside``, of the region beyond
        the field; ``counts``, those of the reference exposure; ``flux`` (photon cm-2
        s-1) and ``energy_flux`` (erg cm-2 s-1) in the cube's band; ``mean_energy``
        (keV). With draws: their standard deviations, ``NAME_error``, and
        ``independent_bins``.
    """
    size = pixel_size_arcsec(result)
    pixels = np.array([region.n_pixels for region in regions])
    measured = _measured(spectra["flux"], result)
    columns = {
        "pixels": pixels,
        "area_arcsec2": pixels * size**2,
        "share_outside": [region.share_outside for region in regions],
    }
    if "drawn_flux" in spectra:
        drawn = _measured(spectra["drawn_flux"], result)
        for name, values in measured.items():
            columns |= {name: values, f"{name}_error": drawn[name].std(0, ddof=1)}
        columns["independent_bins"] = [
            independent_bins(spectra["drawn_flux"].sel(region=region.name).values)
            for region in regions
        ]
    else:
        columns |= measured
    index = pd.Index([region.name for region in regions], name="region")
    return pd.DataFrame(columns, index=index)


def pixel_size_arcsec(result: xr.Dataset) -> float:
    """Return the side of a cube's pixels, which early results tell by their offsets."""
    steps = np.concatenate([np.diff(result["y"].values), np.diff(result["x"].values)])
    known = result.attrs.get("pixel_size_arcsec")
    return float(np.median(steps) if known is None else known)


def _measured(flux: xr.DataArray, result: xr.Dataset) -> dict[str, np.ndarray]:
    """Return counts, flux and mean energy (..., region) of fluxes."""
    values, energy = flux.values, result["energy"].values
    total = values.sum(axis=-1)
    energy_flux = values @ energy
    positive = np.where(total > 0, total, np.nan)
    return {
        "counts": values @ result["reference_exposure"].values,
        "flux": total,
        "energy_flux": energy_flux * ERG_PER_KEV,
        "mean_energy": energy_flux / positive,
    }


def independent_bins(drawn: np.ndarray) -> float:
    r"""Return how many independent numbers the errors of a spectrum amount to.

    .. math:: n = (\mathrm{tr}\, C)^2 / \mathrm{tr}\, C^2

    Parameters
    ----------
    drawn : (draw, energy) array
        Draws of the spectrum, of covariance ``C``, each energy in units of its standard
        deviation.

    Notes
    -----
    At most the rank of the cube, and at most the number of draws less one.
    """
    centred = drawn - drawn.mean(axis=0)
    spread = centred.std(axis=0)
    known = spread > 0
    if not known.any():
        return 0.0
    scaled = centred[:, known] / spread[known]
    gram = scaled @ scaled.T
    return float(np.trace(gram) ** 2 / np.sum(gram**2))


def flux_correlation(spectra: xr.Dataset) -> pd.DataFrame:
    """Return how the fluxes (region, region) of regions vary together over draws."""
    total = spectra["drawn_flux"].sum("energy").values
    names = [str(name) for name in spectra["region"].values]
    matrix = np.atleast_2d(np.corrcoef(total, rowvar=False))
    return pd.DataFrame(matrix, index=pd.Index(names, name="region"), columns=names)
