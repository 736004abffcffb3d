"""Pixels of an imager that are brighter than its blur lets any source be."""

import numpy as np
import xarray as xr

from hifred.observations.observation import background_of, mask_of
from hifred.observations.response_check.report import SIGNIFICANT, CheckRow
from hifred.operators.response import Response

# Places of a source relative to a pixel, where the PSF is above this share of its
# peak: less light than that makes no pixel bright.
SEEN_SHARE = 1e-2
# Brighter than the blur lets it be by this share: PSFs are not known better.
NOTICEABLE_EXCESS = 0.2
# A pixel of less than this share of the highest sensitivity is taken as not seen.
SMALLEST_SENSITIVITY = 1e-3
MOST_NAMED = 5


def hot_pixel_rows(
    names: tuple[str, str], imager: xr.Dataset, response: Response, usual: np.ndarray
) -> list[CheckRow]:
    """Return the figure: how many pixels, and in the advice which ones; if any are.

    Nor is there one where the PSF is not told, or not on the imager's own pixels.

    Parameters
    ----------
    names : (str, str)
        Imager and spectrometer.
    imager : Dataset
    response : Response
    usual : (channel,) bool array
        Channels that are neither contaminated nor dead.
    """
    if "psf" not in imager or response.input_shape[1:] != response.output_shape[1:]:
        return []
    places = np.argwhere(hot_pixels(imager, response, usual))
    if len(places) == 0:
        return []
    named = ", ".join(f"y {y}, x {x}" for y, x in places[:MOST_NAMED])
    more = len(places) - MOST_NAMED
    advice = (
        f"Pixels of {names[0]} that outshine those beside them more than its PSF lets "
        f"any source: {named}{f' and {more} more' if more > 0 else ''}. "
        "Leave them out with a mask, or look at the PSF."
    )
    return [
        CheckRow(*names, "hot pixels", float(len(places)), 0.0, 0.0, 0.5, "1", advice)
    ]


def hot_pixels(imager: xr.Dataset, response: Response, usual: np.ndarray) -> np.ndarray:
    """Return which pixels (y, x) no source behind the PSF could make as bright.

    Pixels at the rim and beside masked ones are not told.
    """
    used = mask_of(imager) & usual[:, None, None]
    counts = np.where(used, imager["counts"].values, 0).sum(axis=0)
    background = np.where(used, background_of(imager), 0).sum(axis=0)
    flat = np.where(used, response.apply(np.ones(response.input_shape)), 0).sum(axis=0)
    seen = flat > SMALLEST_SENSITIVITY * flat.max()
    sensitivity = np.where(seen, flat, 1.0)
    rate, variance = (counts - background) / sensitivity, counts / sensitivity**2
    share = least_share_beside(imager["psf"].values)
    brightest = beside(rate) / share
    excess = rate - brightest
    noise = np.sqrt(variance + beside(variance) / (4 * share**2))
    is_whole = seen & (beside(seen.astype(float)) == 1)
    least = np.maximum(SIGNIFICANT * noise, NOTICEABLE_EXCESS * brightest)
    return np.asarray(is_whole & (excess > least))


def least_share_beside(psf: np.ndarray) -> float:
    """Return the least light of the four pixels beside one, over its own.

    Their mean, for a source at any place from which the pixel is seen, and so for any
    sky, which is a sum of sources.

    Parameters
    ----------
    psf : (..., y, x) array
    """
    images = np.pad(psf.reshape(-1, *psf.shape[-2:]), ((0, 0), (1, 1), (1, 1)))
    return min(_least_ratio(image) for image in images if image.any())


def _least_ratio(image: np.ndarray) -> float:
    bright = image > SEEN_SHARE * image.max()
    return float((beside(image)[bright] / image[bright]).min())


def beside(image: np.ndarray) -> np.ndarray:
    """Return the mean of the four pixels beside each, (y, x); beyond the rim is 0."""
    padded = np.pad(image, 1)
    along_y = padded[2:, 1:-1] + padded[:-2, 1:-1]
    along_x = padded[1:-1, 2:] + padded[1:-1, :-2]
    return np.asarray((along_y + along_x) / 4)
