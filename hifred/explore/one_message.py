"""One message to the browser for all that an action changes."""

from collections.abc import Awaitable
from typing import Any, final

from bokeh.document.events import DocumentPatchedEvent
from bokeh.server.connection import ServerConnection
from bokeh.server.tornado import BokehTornado


@final
class OneMessageConnection(ServerConnection):
    """Sends what is changed while a document is locked at once, not piece by piece.

    To the browser, each message costs about as much as the little that it says.
    """

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._changes: list[DocumentPatchedEvent] = []

    def send_patch_document(self, event: DocumentPatchedEvent) -> Awaitable[None]:
        """Keep a change until Bokeh awaits what is returned: when the lock is freed."""
        if not any(change.combine(event) for change in self._changes):
            self._changes.append(event)
        return self._send()

    async def _send(self) -> None:
        changes, self._changes = self._changes, []
        if changes:
            message = self.protocol.create("PATCH-DOC", changes)
            await self._socket.send_message(message)


@final
class OneMessageTornado(BokehTornado):
    """Bokeh's application, with connections that send one message an action."""

    def new_connection(self, *parts: Any) -> ServerConnection:
        """Return the connection of a page that was opened."""
        connection = OneMessageConnection(*parts)
        self._clients.add(connection)
        return connection
