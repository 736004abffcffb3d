"""What clicks and drags choose: a place on the maps, energies on the spectra."""

from typing import TYPE_CHECKING, Any, final

from bokeh.events import DoubleTap, SelectionGeometry, Tap

from hifred.explore.drawn_shape import Shape
from hifred.plots.regions import Region

if TYPE_CHECKING:
    from hifred.explore.explorer import Explorer


@final
class Gestures:
    """Hands what the mouse does on to an explorer.

    Parameters
    ----------
    explorer : Explorer
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer

    def watch_spectra(self) -> None:
        """Follow clicks and drags on the spectra."""
        drawn = self._explorer.spectra.figure
        # Two clicks in a short time are a double one to Bokeh: here they are two.
        drawn.on_event(Tap, self.tap_energy)
        drawn.on_event(DoubleTap, self.tap_energy)
        drawn.on_event(SelectionGeometry, self.drag_band)

    def tap_map(self, x: float, y: float) -> None:
        """Choose the pixel at offsets, arcsec."""
        if self._drawn_kind != "polygon":
            self._explorer.choose_region(Region.pixel(y, x))

    def drag_map(self, geometry: dict[str, Any]) -> None:
        """Choose the shape that was drawn, as Bokeh has it."""
        if geometry["type"] == "poly":
            corners = zip(geometry["x"], geometry["y"], strict=True)
            numbers = tuple(float(number) for corner in corners for number in corner)
            self._explorer.choose_region(Shape("polygon", numbers))
        elif geometry["type"] == "rect":
            y, x = (sorted((geometry[f"{a}0"], geometry[f"{a}1"])) for a in "yx")
            box = Region((y[0], y[1]), (x[0], x[1]))
            is_round = self._drawn_kind in {"circle", "ellipse"}
            shape = Shape.within(self._drawn_kind, box) if is_round else box
            self._explorer.choose_region(shape)

    def tap_energy(self, event: Tap | DoubleTap) -> None:
        """Choose the bin at an energy."""
        energy = float(self._explorer.spectra.axis.energies(event.x))
        self._explorer.choose_band((energy, energy))

    def drag_band(self, event: SelectionGeometry) -> None:
        """Choose the band between the ends of a drag."""
        if event.final and event.geometry.get("type") == "rect":
            ends = event.geometry["x0"], event.geometry["x1"]
            axis = self._explorer.spectra.axis
            first, last = (float(axis.energies(end)) for end in ends)
            self._explorer.choose_band((first, last))

    @property
    def _drawn_kind(self) -> str:
        return self._explorer.map_controls.drawn_kind
