"""Spectra of regions of a fused cube, for XSPEC, sherpa and gammapy."""

from hifred.spectra.files import WrittenSpectra, write_spectra
from hifred.spectra.region_flux import DrawnCubes, region_flux
from hifred.spectra.statistics import flux_correlation, independent_bins, region_table

__all__ = [
    "DrawnCubes",
    "WrittenSpectra",
    "flux_correlation",
    "independent_bins",
    "region_flux",
    "region_table",
    "write_spectra",
]
