"""The explorer's server: this machine only, and only for who holds the token."""

import contextlib
import html
import secrets
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.core.validation import silence
from bokeh.core.validation.warnings import EMPTY_LAYOUT
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.util import bind_sockets
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from hifred.errors import HifredError
from hifred.explore.news import News
from hifred.explore.one_message import OneMessageTornado
from hifred.explore.page import Page
from hifred.explore.running_sweep import RunningSweep
from hifred.explore.token_auth import TokenAuth
from hifred.plots.fusion_shelf import open_fusion_shelf
from hifred.plots.input_shelf import open_input_shelf
from hifred.plots.shelf import Shelf
from hifred.store import fusion_input as fusion_input_store
from hifred.store import fusion_result
from hifred.store.stored_schema import stored_schema

ADDRESS = "127.0.0.1"


def start_server(
    shelf: Shelf | RunningSweep,
    *,
    name: str = "sweep",
    port: int = 0,
    token: str | None = None,
) -> tuple[BaseServer, str]:
    """Start serving a shelf on the loopback interface; return server and address.

    Parameters
    ----------
    shelf : Shelf or RunningSweep
        Each visit gets a page of its own that reads from it; of a sweep that runs, the
        page tells the progress.
    name : str
        Of the sweep.
    port : int
        0 takes any free one.
    token : str, optional
        By default a new random one.

    Raises
    ------
    HifredError
        If the port is taken.
    """
    silence(EMPTY_LAYOUT)  # a place that waits for its figure has none yet
    token = token or secrets.token_urlsafe(24)

    def open_page(document: Document) -> None:
        query = _query_of(document)
        if isinstance(shelf, RunningSweep):
            page = Page(shelf.shelf, name, query, News(shelf))
        else:
            page = Page(shelf, name, query)
        page.open(document)

    try:
        sockets, port = bind_sockets(ADDRESS, port)
    except OSError as error:
        raise HifredError(
            f"port must be free; got {port} ({error.strerror}). Choose another, or 0."
        ) from error
    tornado = OneMessageTornado(
        {"/": Application(FunctionHandler(open_page))},
        extra_websocket_origins=[f"{ADDRESS}:{port}"],
        auth_provider=TokenAuth(token),
    )
    http = HTTPServer(tornado)
    http.add_sockets(sockets)
    server = BaseServer(IOLoop.current(), tornado, http)
    return server, f"http://{ADDRESS}:{port}/?token={token}"


def _query_of(document: Document) -> str:
    """Return what the address of a visit asks for, without the token."""
    request = document.session_context.request if document.session_context else None
    arguments = request.arguments if request else {}
    said = {k: v[-1].decode("utf-8", "replace") for k, v in arguments.items() if v}
    return urlencode({k: v for k, v in said.items() if k != "token"})


def serve_explorer(
    directory: str | Path,
    *,
    fusion_input: str | Path | None = None,
    port: int = 0,
    is_shown: bool = False,
    announce: Callable[[str], None],
) -> None:
    """Serve the explorer of a sweep, of one fusion or of an input until interrupted.

    Parameters
    ----------
    directory : path
        A sweep directory, which is collected first if need be; what `hifred fuse`
        wrote; or what `hifred prepare` wrote.
    fusion_input : path, optional
        What one fusion was made of; by default where it was.
    port : int
        0 takes any free one.
    is_shown : bool
        Whether to open a browser.
    announce : callable
        Told the address, which holds the token.

    Raises
    ------
    HifredError
        If it is none of these, the input of a fusion is not there, or the port is
        taken.
    """
    shelf, name = _opened(Path(directory), fusion_input)
    server, url = start_server(shelf, name=name, port=port)
    announce(url)
    with contextlib.ExitStack() as shown:
        if is_shown:
            page = shown.enter_context(private_page(url))
            webbrowser.open(page.as_uri())
        server.start()
        try:
            server.io_loop.start()
        except KeyboardInterrupt:
            server.stop()


def _opened(
    path: Path, fusion_input: str | Path | None
) -> tuple[Shelf | RunningSweep, str]:
    schema = stored_schema(path)
    if schema == fusion_input_store.SCHEMA:
        return open_input_shelf(path), path.stem
    if schema == fusion_result.SCHEMA:
        source = None if fusion_input is None else Path(fusion_input)
        return open_fusion_shelf(path, source), path.stem
    sweep = RunningSweep.of(path)
    given = sweep.shelf.table.attrs.get("name")
    return sweep, str(given or path.resolve().name)


@contextlib.contextmanager
def private_page(url: str) -> Iterator[Path]:
    """Give a page that leads to `url` and that only this user can read.

    A browser is started with its address as an argument, which everybody on the machine
    sees in `ps`, and `url` holds the token.
    """
    with tempfile.TemporaryDirectory(prefix="hifred-") as folder:
        page = Path(folder) / "explore.html"
        page.write_text(
            f'<meta http-equiv="refresh" content="0; url={html.escape(url)}">',
            encoding="utf-8",
        )
        yield page
