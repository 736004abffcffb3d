"""Where the pixels of a model lie on the sky, for the read-out and region files."""

from typing import final

import numpy as np

from hifred.plots.layers import Layer
from hifred.plots.shelf import Shelf
from hifred.regions import SkyField, fused_field, instrument_field


@final
class SkyPlace:
    """The pixels of one layer with their place on the sky.

    Parameters
    ----------
    layer : Layer
    field : SkyField
        Of the same pixels.
    is_known : bool
        Whether a WCS says where it lies; else the field is put at right ascension and
        declination 0, as in exported files.
    """

    def __init__(self, layer: Layer, field: SkyField, *, is_known: bool) -> None:
        self.layer, self.field, self.is_known = layer, field, is_known

    def positions(self) -> dict[str, list[object]]:
        """Return right ascension and declination (degrees) of all pixels.

        With the offsets of the first pixel and the steps to the next, arcsec: the page
        interpolates between them. Empty where the place is not known.
        """
        if not self.is_known:
            return {key: [] for key in ("ra", "dec", "x", "y")}
        rows, columns = np.mgrid[: self.layer.y.size, : self.layer.x.size]
        sky = self.field.grid.sky_of(rows, columns).icrs
        # Without the step from 360 to 0, which is no place to interpolate.
        ra = np.unwrap(np.unwrap(sky.ra.deg, period=360.0, axis=1), period=360, axis=0)
        step_y, step_x = self.layer.pixel_sides
        x, y = float(self.layer.x[0]), float(self.layer.y[0])
        steps: dict[str, list[object]] = {"x": [[x, step_x]], "y": [[y, step_y]]}
        return {"ra": [ra], "dec": [sky.dec.deg], **steps}


def sky_place(shelf: Shelf, model: str, trial: str) -> SkyPlace:
    """Return the place of a fused cube; of the first instrument where there is none."""
    found = shelf.input(model)
    texts = [str(found.attrs.get("sky_wcs", ""))]
    texts += [str(data.attrs.get("wcs", "")) for data in found.observations.values()]
    is_known = any("CTYPE1" in text for text in texts)
    if shelf.is_done(trial):
        layer = shelf.fusion(trial)
        return SkyPlace(
            layer, fused_field(shelf.trial(trial), found), is_known=is_known
        )
    name, observation = next(iter(found.observations.items()))
    layer = shelf.counts(model)[name]
    return SkyPlace(layer, instrument_field(observation), is_known=is_known)
