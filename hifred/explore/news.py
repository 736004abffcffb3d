"""What a page tells of a sweep that goes on, and the button that reads it again."""

from typing import final

from bokeh.document import Document
from bokeh.models import Button, CustomJS, Div

from hifred.explore.running_sweep import RunningSweep

PERIOD_MS = 20_000


@final
class News:
    """A line on the page that is kept up to date until all trials have ended.

    Parameters
    ----------
    sweep : RunningSweep
    """

    def __init__(self, sweep: RunningSweep) -> None:
        self._sweep = sweep
        self.line = Div(name="news")
        self.again = Button(label="read again", name="read-again", visible=False)
        self.again.on_click(self._read_again)
        # Its view is in the address: the page comes back with it.
        arrived = CustomJS(code="if (cb_obj.tags.length) location.reload()")
        self.again.js_on_change("tags", arrived)
        self.tell()

    @property
    def roots(self) -> list[Div | Button]:
        """All models."""
        return [self.line, self.again]

    def follow(self, document: Document) -> None:
        """Tell the progress now and then."""
        document.add_periodic_callback(self.tell, PERIOD_MS)

    def tell(self) -> None:
        """Say how far the sweep is."""
        progress = self._sweep.progress
        self.line.text = progress.text
        self.again.visible = progress.has_news

    def _read_again(self) -> None:
        self.again.update(label="reading …", disabled=True)
        self._sweep.read_again()
        self.again.tags = ["read"]
