"""What is true of the spectra of a fused cube, in words that go with the files."""

import json
import textwrap

import pandas as pd
import xarray as xr

from hifred.observations import FusionInput
from hifred.posterior import Draws
from hifred.products.draws import SpreadCubes
from hifred.store.fits_export import cube_response

WIDTH = 88
NOTE = """\
Spectra of regions of a fused cube
==================================

NAME.pha   counts = flux of the region x reference exposure. They are not recorded
           events: their errors are in STAT_ERR (POISSERR = F). No background is to be
           subtracted.
NAME.rmf   {resolution}
NAME.arf   reference exposure / exposure time.
regions.csv  area, counts, flux of each region; regions.reg, the regions themselves.
regions.fits  the same table with units, and the spectra{drawn}.

{place}
{correction}
Errors
------
{errors}

How to fit
----------
XSPEC:   data NAME.pha ; statistic chi ; fit
sherpa:  load_pha("NAME.pha", use_errors=True) ; set_stat("chi2") ; fit()

The parameters of the best fit are those of the fused spectrum. Do not use cstat: the
counts are not Poisson. Do not read errors, or the goodness of the fit, from chi2: the
bins are not independent.

{recipe}
"""
CORRECTED = """\
The prior of a fusion moves a percent or so of a bright region's lines into others. The
spectra are corrected for that, by what the cube left over of the spectrometer's counts:
they are sums over the cube's pixels plus the correction. A hundred thousand counts in a
region's lines tell most of what was moved, ten thousand little of it: then compare with
a joint fit with cross-ARFs (`hifred mixing`), which takes each region to have one
spectrum.
"""
SUMMED = """\
The spectra are sums over the cube's pixels. A percent or so of a bright region's lines
may have come from the prior of the fusion into others.
"""
SAMPLED = """\
STAT_ERR is the standard deviation of each bin over the draws of the fusion. Bins
depend on one another, within a region and between regions: a spectrum of {n_bins} bins
has only about {independent} independent numbers (regions.csv, independent_bins).
correlation.csv says how the fluxes of regions vary together; DRAWS (draw, region,
energy) in regions.fits, how all their bins do: numpy.cov(draws[:, 0].T) is the
covariance of the first spectrum. It cannot be inverted: its rank is that of the cube,
or one less than the number of draws. Bins in which all draws agree have an error of 1
count and QUALITY 2 (XSPEC: ignore bad; sherpa: ignore_bad()).
{check}
"""
GUESSED = """\
STAT_ERR is a guess to start from: the error of as many Poisson counts. Bins depend on
one another, within a region and between regions, and their true errors are not known.
Draws give them: `hifred sample`, then `hifred spectra --draws`.
"""
RECIPE = """\
Fit the spectrum of each draw in the same way (`hifred spectra --each-draw` writes them
into draws/): the scatter of their parameters is the error.
"""
WARNING = "Errors of parameters must come from draws, fitted one by one."
PLACES = {
    "matched": "The cube has the imager's point-spread function and the "
    "spectrometer's line spread:\nlight within that blur of the edge of a region "
    "counts for either side.\n",
    "intrinsic": "The cube has no blur left, as far as the counts could take it "
    "away: features finer\nthan the instruments' resolution hang on the prior.\n",
    "as_given": "The cube is at the resolution that remains after the kernels that "
    "were given.\n",
}


def spectra_note(
    result: xr.Dataset,
    table: pd.DataFrame,
    fusion_input: FusionInput | None = None,
    draws: SpreadCubes | None = None,
    *,
    is_corrected: bool = False,
) -> str:
    """Return the text that explains the files of region spectra.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    table : DataFrame
        From `region_table`.
    fusion_input : FusionInput, optional
        What was fused.
    draws : Draws, optional
        Those that gave the errors.
    is_corrected : bool
        Whether the spectra are more than sums over pixels.
    """
    target = json.loads(result.attrs.get("settings", "{}")).get("target_resolution")
    is_sampled = "independent_bins" in table
    errors = GUESSED
    if is_sampled:
        errors = SAMPLED.format(
            n_bins=result.sizes["energy"],
            independent=_span(table["independent_bins"]),
            check=_checked(draws),
        )
    return NOTE.format(
        resolution=_resolution(target, result, fusion_input),
        drawn=" of every draw" if is_sampled else "",
        place=PLACES.get(str(target), PLACES["matched"]),
        correction=CORRECTED if is_corrected else SUMMED,
        errors=errors.strip(),
        recipe=(RECIPE if is_sampled else WARNING).strip(),
    )


def _checked(draws: SpreadCubes | None) -> str:
    """Return what a self-check says of draws, on lines of their own."""
    if not isinstance(draws, Draws):
        return ""
    told = [draws.check.sentence, *draws.check.warnings]
    return "\n".join(textwrap.fill(sentence, WIDTH) for sentence in told)


def _resolution(
    target: object, result: xr.Dataset, fusion_input: FusionInput | None
) -> str:
    if target == "intrinsic":
        return "the identity: the cube has no line spread left."
    if fusion_input is None:
        return (
            "the identity, because the input was not given. The cube may have\n"
            "           the spectrometer's line spread: write again with --input."
        )
    if cube_response(result, fusion_input).matrix.nnz == result.sizes["energy"]:
        return "the identity: the spectrometer's redistribution was taken away."
    return "the spectrometer's line spread, which the cube has."


def _span(values: pd.Series) -> str:
    low, high = round(values.min()), round(values.max())
    return f"{low}" if low == high else f"{low} to {high}"
