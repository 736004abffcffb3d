"""Groups of pixels of an instrument, whose counts are summed to one spectrum."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hifred.errors import HifredError
from hifred.mixing.view import InstrumentView
from hifred.observations import mask_of
from hifred.regions import SkyRegion

LOGGER = logging.getLogger(__name__)
NOBODY = -1
# The sky in no region, and the pixels in none.
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, eq=False)
class DetectorGroups:
    """Whole pixels of an instrument, each in one group at most.

    Parameters
    ----------
    names : tuple of str
    labels : (y, x) int array
        Number of the group of each pixel, from 0; -1 for none.
    """

    names: tuple[str, ...]
    labels: np.ndarray

    @property
    def members(self) -> np.ndarray:
        """Return 1 where a pixel is in a group, (pixel, group)."""
        numbers = np.arange(len(self.names))
        return (self.labels.reshape(-1, 1) == numbers).astype(float)


def region_groups(view: InstrumentView, regions: Sequence[SkyRegion]) -> DetectorGroups:
    """Return the pixels that lie in each region: a pixel goes with its larger part.

    A pixel is in the region that covers most of it, and at least half. A region that
    covers half of no pixel has the one of which it covers most. The pixels that are
    left are a group too, ``elsewhere``.

    Parameters
    ----------
    view : InstrumentView
    regions : sequence of SkyRegion
        On the pixels of the fused cube.

    Raises
    ------
    HifredError
        If a region is left without a pixel.
    """
    cover = view.cover()
    weights = np.stack([region.weights.values.ravel() for region in regions], axis=1)
    n_sky_pixels = np.asarray(cover.sum(axis=1))
    share = np.asarray(cover @ weights)
    share = share / np.where(n_sky_pixels > 0, n_sky_pixels, np.inf)[:, None]
    good = good_pixels(view).ravel()
    share[~good] = 0
    labels = np.where(share.max(axis=1) >= 0.5, share.argmax(axis=1), NOBODY)
    for number, region in enumerate(regions):
        if number not in labels:
            labels[_nearest(share, labels, number, region.name, view.name)] = number
    names = [region.name for region in regions]
    left = (labels == NOBODY) & good
    if left.any():
        labels[left] = len(names)
        names.append(ELSEWHERE)
    return DetectorGroups(tuple(names), labels.reshape(view.image_shape))


def _nearest(
    share: np.ndarray, labels: np.ndarray, number: int, name: str, instrument: str
) -> int:
    free = np.where(labels == NOBODY, share[:, number], 0)
    if free.max() == 0:
        raise HifredError(
            f"region {name!r} must have a pixel of {instrument} of its own; others "
            "cover them all, or they are not used. Draw fewer regions, or take "
            "single pixels."
        )
    return int(free.argmax())


def pixel_groups(view: InstrumentView) -> DetectorGroups:
    """Return a group for each pixel that is used, ``pixel-ROW-COLUMN``, from 1."""
    good = good_pixels(view)
    labels = np.full(view.image_shape, NOBODY)
    labels[good] = np.arange(good.sum())
    names = tuple(f"pixel-{row + 1}-{column + 1}" for row, column in np.argwhere(good))
    return DetectorGroups(names, labels)


def good_channels(view: InstrumentView) -> np.ndarray:
    """Return which channels (channel,) any pixel uses."""
    return np.asarray(mask_of(view.observation).any(axis=(1, 2)))


def good_pixels(view: InstrumentView) -> np.ndarray:
    """Return which pixels (y, x) use every channel that any pixel uses."""
    mask = mask_of(view.observation)
    good = np.asarray(mask[good_channels(view)].all(axis=0))
    if not good.any():
        raise HifredError(f"{view.name} must have pixels that are not masked.")
    partly = int((mask.any(axis=0) & ~good).sum())
    if partly:
        LOGGER.warning(
            "%d pixels of %s are masked in some channels only, and left out.",
            partly,
            view.name,
        )
    return good
