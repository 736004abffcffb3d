"""The explorer's server: this machine only, and only for who holds the token."""

import contextlib
import hmac
import html
import secrets
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, final

import panel as pn
from bokeh.server.auth_provider import AuthProvider
from bokeh.server.server import Server
from tornado.web import HTTPError, RequestHandler

from hifred.errors import HifredError
from hifred.explore.explorer import Explorer
from hifred.plots.shelf import open_shelf

ADDRESS = "127.0.0.1"


@final
class TokenAuth(AuthProvider):
    """Lets in who names the token in the address, and remembers it in a cookie.

    Parameters
    ----------
    token : str
        The secret; compared in constant time.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        # Browsers send cookies to every port of a host: the name tells servers apart.
        self._cookie = f"hifred-{secrets.token_hex(4)}"

    @property
    def get_user(self) -> Callable[[RequestHandler], str | None]:
        return self._user_of

    @property
    def get_user_async(self) -> None:
        return None

    @property
    def login_url(self) -> None:
        return None

    @property
    def get_login_url(self) -> Callable[[RequestHandler], str]:
        return _refuse

    @property
    def login_handler(self) -> None:
        return None

    @property
    def logout_url(self) -> None:
        return None

    @property
    def logout_handler(self) -> None:
        return None

    def _user_of(self, request: RequestHandler) -> str | None:
        given = request.get_query_argument("token", "")
        if self._is_token(given):
            request.set_cookie(self._cookie, given, httponly=True, samesite="Strict")
            return "owner"
        kept = request.get_cookie(self._cookie, "") or ""
        return "owner" if self._is_token(kept) else None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _refuse(_: RequestHandler) -> str:
    raise HTTPError(
        403, "open the address that `hifred explore` printed, token included"
    )


def start_server(
    make_page: Callable[[], pn.viewable.Viewable],
    *,
    port: int = 0,
    title: str = "hifred",
    token: str | None = None,
) -> tuple[Server, str]:
    """Start serving a page on the loopback interface; return server and address.

    Parameters
    ----------
    make_page : callable
        Returns a new page for each visit.
    port : int
        0 takes any free one.
    title : str
        Of the browser's tab.
    token : str, optional
        By default a new random one.

    Raises
    ------
    HifredError
        If the port is taken.
    """
    token = token or secrets.token_urlsafe(24)
    options: dict[str, Any] = {"auth_provider": TokenAuth(token)}
    try:
        server = pn.io.server.get_server(
            {"/": make_page},
            address=ADDRESS,
            port=port,
            title=title,
            show=False,
            start=False,
            threaded=False,
            **options,
        )
    except OSError as error:
        raise HifredError(
            f"port must be free; got {port} ({error.strerror}). Choose another, or 0."
        ) from error
    return server, f"http://{ADDRESS}:{server.port}/?token={token}"


def serve_explorer(
    directory: str | Path,
    *,
    port: int = 0,
    is_shown: bool = False,
    announce: Callable[[str], None],
) -> None:
    """Serve the explorer of a sweep directory until interrupted.

    Parameters
    ----------
    directory : path
        A sweep directory; it is collected first if need be.
    port : int
        0 takes any free one.
    is_shown : bool
        Whether to open a browser.
    announce : callable
        Told the address, which holds the token.

    Raises
    ------
    HifredError
        If it is no sweep directory, or the port is taken.
    """
    shelf = open_shelf(directory)
    name = str(shelf.table.attrs.get("name") or Path(directory).resolve().name)
    server, url = start_server(
        lambda: Explorer(shelf, name).page(), port=port, title=f"hifred · {name}"
    )
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
