"""Who may see the explorer: who names the token that the command printed."""

import hmac
import secrets
from collections.abc import Callable
from importlib import resources
from typing import final

from bokeh.server.auth_provider import AuthProvider
from tornado.web import Finish, RequestHandler
from tornado.websocket import WebSocketHandler


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
            if not isinstance(request, WebSocketHandler):  # which sends no cookies
                request.set_cookie(
                    self._cookie, given, httponly=True, samesite="Strict"
                )
            return "owner"
        kept = request.get_cookie(self._cookie, "") or ""
        return "owner" if self._is_token(kept) else None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _refuse(request: RequestHandler) -> str:
    """Answer with a page that says what to do."""
    page = resources.files("hifred.explore") / "templates" / "refused.html"
    request.set_status(403)
    request.finish(page.read_text(encoding="utf-8"))
    raise Finish
