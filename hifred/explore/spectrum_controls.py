"""Widgets of the spectra."""

from typing import Any, Protocol, final

from bokeh.models import Select

from hifred.explore.quiet import Quiet
from hifred.explore.view import View

GROUPS = (1, 2, 4, 8, 16, 32)


class Reader(Protocol):
    """Who is told of choices."""

    def change(self, **changes: Any) -> None: ...


@final
class SpectrumControls:
    """Selectors of how spectra are drawn.

    Parameters
    ----------
    explorer : Reader
    """

    def __init__(self, explorer: Reader) -> None:
        self._quiet = Quiet()
        self.group = Select(
            title="join energy bins", options=[str(n) for n in GROUPS], width=130,
            name="group",
        )  # fmt: skip
        self._quiet.watch(self.group, lambda new: explorer.change(group=int(new)))

    @property
    def roots(self) -> list[Any]:
        """All widgets."""
        return [self.group]

    def follow(self, view: View) -> None:
        """Show what is chosen, without choosing again."""
        with self._quiet.held():
            self.group.value = str(view.group)
