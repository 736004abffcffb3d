"""Widgets that follow what was chosen elsewhere, and do not choose in their turn."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, final

from bokeh.model import Model


@final
class Quiet:
    """A switch: while it is held, changes of widgets call nobody."""

    def __init__(self) -> None:
        self._is_held = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Change widgets inside without a call."""
        before, self._is_held = self._is_held, True
        try:
            yield
        finally:
            self._is_held = before

    def watch(
        self, widget: Model, action: Callable[[Any], object], name: str = "value"
    ) -> None:
        """Call `action` with the new value whenever a visitor changes it."""

        def changed(_: str, __: object, new: object) -> None:
            if not self._is_held:
                action(new)

        widget.on_change(name, changed)
