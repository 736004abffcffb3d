"""The files of a joint fit read back: models of all regions folded to all groups."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import sparse

from hifred.errors import HifredError
from hifred.mixing.detector_files import RESPONSE, PairFiles, pair_files
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import Spectrum, read_pha

# A mean below this is that of no light at all, which a count would exclude.
SMALLEST_MEAN = 1e-9


@dataclass(frozen=True, eq=False)
class JointSpectra:
    """Spectra of groups of pixels, and how models of the regions fold to them.

    Parameters
    ----------
    regions, groups : list of str
    counts, background : (group, channel) arrays, count
    good : (group, channel) bool array
        Quality 0.
    exposure : (region, group, energy) array, cm2 s
        Exposure time times the area for light of a region that lands in a group.
    redistribution : (channel, energy) sparse array
    energy_edges : (energy + 1,) array, keV
    """

    regions: list[str]
    groups: list[str]
    counts: np.ndarray
    background: np.ndarray
    good: np.ndarray
    exposure: np.ndarray
    redistribution: sparse.csr_array
    energy_edges: np.ndarray

    def expected(self, flux: np.ndarray) -> np.ndarray:
        """Return the expected counts (group, channel), background included.

        Parameters
        ----------
        flux : (region, energy) array, photon cm-2 s-1 per bin
            All light of each region.
        """
        lit = np.einsum("re,rge->ge", flux, self.exposure)
        return np.asarray((self.redistribution @ lit.T).T) + self.background

    def residuals(self, flux: np.ndarray) -> np.ndarray:
        r"""Return signed roots of the deviance of the good channels, for least squares.

        .. math:: r = \mathrm{sign}(d - m) \sqrt{2 (m - d + d \ln (d / m))}

        so that half the sum of their squares is the Cash statistic over 2.
        """
        mean = np.maximum(self.expected(flux), SMALLEST_MEAN)[self.good]
        counts = self.counts[self.good]
        ratio = np.where(counts > 0, counts / mean, 1.0)
        deviance = 2 * (mean - counts + counts * np.log(ratio))
        return np.asarray(np.sign(counts - mean) * np.sqrt(np.maximum(deviance, 0)))


def read_joint(folder: str | PathLike[str]) -> JointSpectra:
    """Read what `write_mixing` wrote, for fits in Python.

    Raises
    ------
    HifredError
        If the folder has no mixing, or a file of it is missing or damaged.
    """
    folder = Path(folder)
    try:
        shares = xr.open_zarr(folder / "mixing.zarr", consolidated=False)["share"]
    except (OSError, ValueError, KeyError) as error:
        raise HifredError(
            f"folder must hold what `hifred mixing INPUT RESULT` wrote; got {folder} "
            f"({error})."
        ) from error
    regions = [str(name) for name in shares["region"].values]
    groups = [str(name) for name in shares["group"].values]
    files = pair_files(regions, groups)
    spectra = [read_pha(folder / files.spectra[group]) for group in groups]
    rmf = read_rmf(folder / RESPONSE)
    return JointSpectra(
        regions,
        groups,
        counts=np.stack([spectrum.counts for spectrum in spectra]),
        background=np.stack([_background(folder, s) for s in spectra]),
        good=np.stack([_good(spectrum) for spectrum in spectra]),
        exposure=spectra[0].exposure_time * _areas(folder, regions, groups, files),
        redistribution=rmf.matrix,
        energy_edges=rmf.energy_edges,
    )


def _background(folder: Path, spectrum: Spectrum) -> np.ndarray:
    name = spectrum.files.get("BACKFILE")
    if name is None:
        return np.zeros_like(spectrum.counts)
    known = read_pha(folder / name)
    return known.counts * spectrum.exposure_time / known.exposure_time


def _good(spectrum: Spectrum) -> np.ndarray:
    quality = spectrum.quality
    return np.ones(len(spectrum.counts), bool) if quality is None else quality == 0


def _areas(
    folder: Path, regions: list[str], groups: list[str], files: PairFiles
) -> np.ndarray:
    """Return the areas (region, group, energy), cm2."""
    return np.stack([
        [read_arf(folder / files.areas[region, group]).effective_area
         for group in groups]
        for region in regions
    ])  # fmt: skip
