"""Pixels of an imager that are brighter than its blur lets any sky make them."""

from dataclasses import dataclass
from typing import final

import numpy as np
import xarray as xr

from hifred.observations.observation import background_of, mask_of
from hifred.observations.response_check.blurred_sky import blurred_sky
from hifred.observations.response_check.report import SIGNIFICANT, CheckRow
from hifred.operators.response import Response

# Brighter than the sky that explains the image best makes it, by this share: PSFs are
# not known better. That sky takes up to half of what is too much, for it shines there
# as brightly as the pixels beside let it.
NOTICEABLE_EXCESS = 0.1
# After as many pixels of true light are off by a hundredth, by at most nine.
N_STEPS = 300
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
    """Return which pixels (y, x) no sky behind the PSF could make as bright.

    Pixels at the rim and beside masked ones are not told.
    """
    used = mask_of(imager) & usual[:, None, None]
    counts = np.where(used, imager["counts"].values, 0).sum(axis=0)
    background = np.where(used, background_of(imager), 0).sum(axis=0)
    flat = np.where(used, response.apply(np.ones(response.input_shape)), 0).sum(axis=0)
    seen = flat > SMALLEST_SENSITIVITY * flat.max()
    sensitivity = np.where(seen, flat, 0.0)
    image = Image(counts, background, sensitivity, sharpest(imager["psf"].values))
    is_whole = seen & (beside(seen.astype(float)) == 1)
    bright = is_whole & image.too_bright(seen) if is_whole.any() else is_whole
    # Beside a hot pixel the sky that takes a part of it is wrong, too: only what is too
    # bright for the sky of all others is hot.
    return bright & image.too_bright(seen & ~bright) if bright.any() else bright


@final
@dataclass(frozen=True)
class Image:
    """What an imager counts in each pixel (y, x), and through which PSF.

    Attributes
    ----------
    counts, background, sensitivity : (y, x) array
    psf : (odd, odd) array
        Of unit sum.
    """

    counts: np.ndarray
    background: np.ndarray
    sensitivity: np.ndarray
    psf: np.ndarray

    def too_bright(self, known: np.ndarray) -> np.ndarray:
        """Return which pixels outshine the sky that explains the known ones best."""
        sky = self.sensitivity * blurred_sky(
            self.counts,
            np.where(known, self.sensitivity, 0),
            self.background,
            self.psf,
            N_STEPS,
        )
        noise = np.sqrt(self.counts)
        least = np.maximum(SIGNIFICANT * noise, NOTICEABLE_EXCESS * sky)
        return np.asarray(self.counts - self.background - sky > least)


def sharpest(psf: np.ndarray) -> np.ndarray:
    """Return the image (y, x) of unit sum of a PSF (..., y, x) of highest peak."""
    images = psf.reshape(-1, *psf.shape[-2:])
    sums = images.sum(axis=(1, 2), keepdims=True)
    images = images / np.where(sums > 0, sums, 1)
    return np.asarray(images[images.max(axis=(1, 2)).argmax()])


def beside(image: np.ndarray) -> np.ndarray:
    """Return the mean of the four pixels beside each, (y, x); beyond the rim is 0."""
    padded = np.pad(image, 1)
    along_y = padded[2:, 1:-1] + padded[:-2, 1:-1]
    along_x = padded[1:-1, 2:] + padded[1:-1, :-2]
    return np.asarray((along_y + along_x) / 4)
