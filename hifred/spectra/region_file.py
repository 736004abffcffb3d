"""Regions as one FITS file: their table, and how their spectra vary together."""

from os import PathLike

import numpy as np
import pandas as pd
import xarray as xr
from astropy import units
from astropy.io import fits
from astropy.table import Table

from hifred import dims
from hifred.observations.formats.file_names import keyword_text
from hifred.observations.formats.fits_cubes import edges_table
from hifred.observations.formats.ogip_writers import replace_file
from hifred.spectra.statistics import flux_correlation

UNITS = {
    "pixels": units.pixel,
    "area_arcsec2": units.arcsec**2,
    "counts": units.count,
    "flux": units.Unit(dims.FLUX_UNIT),
    "energy_flux": units.Unit("erg cm-2 s-1"),
    "mean_energy": units.keV,
}


def write_region_file(
    path: str | PathLike[str], table: pd.DataFrame, spectra: xr.Dataset
) -> None:
    """Write the table of regions and the draws of their spectra, replacing a file.

    Parameters
    ----------
    path : path
        Gets the table ``REGIONS``, with units; ``FLUX`` (region, energy); and
        ``ENERGIES``, the edges of the bins. With draws also ``UNCERT``, the standard
        deviations of the flux; ``DRAWS`` (draw, region, energy), whose covariance over
        draws, between energies and between regions, is that of the spectra; and
        ``CORRELATION`` (region, region) of the fluxes in the whole band.
    table : DataFrame
        From `region_table`.
    spectra : Dataset
        From `region_flux`.
    """
    primary = fits.PrimaryHDU()
    primary.header["ORIGIN"] = "hifred"
    hdus = [primary, _table(table), _image("FLUX", spectra["flux"])]
    if "drawn_flux" in spectra:
        error = _image("UNCERT", spectra["standard_error"])
        error.header["UTYPE"] = ("StdDevUncertainty", "standard deviation")
        correlation = fits.ImageHDU(flux_correlation(spectra).to_numpy())
        correlation.name = "CORRELATION"
        hdus += [error, _image("DRAWS", spectra["drawn_flux"]), correlation]
    hdus.append(edges_table(spectra["energy_edges"].to_numpy()))
    replace_file(path, fits.HDUList(hdus))


def _table(table: pd.DataFrame) -> fits.BinTableHDU:
    found = Table.from_pandas(table, index=False)
    names = [keyword_text(str(name)) for name in table.index]
    found.add_column(names, name="region", index=0)
    for name in found.colnames:
        found[name].unit = UNITS.get(name.removesuffix("_error"))
    hdu = fits.table_to_hdu(found)
    hdu.name = "REGIONS"
    return hdu


def _image(name: str, values: xr.DataArray) -> fits.ImageHDU:
    hdu = fits.ImageHDU(values.to_numpy().astype(np.float32), name=name)
    hdu.header["BUNIT"] = dims.FLUX_UNIT
    return hdu
