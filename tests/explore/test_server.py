import html
import urllib.error
import urllib.request

import html5lib
import pytest

from hifred.errors import HifredError
from hifred.explore.server import private_page, start_server


def status(url: str) -> int:
    try:
        return urllib.request.urlopen(url, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def url(serve, shelf):
    return serve(shelf)


def test_it_listens_on_the_loopback_only(url) -> None:
    assert url.startswith("http://127.0.0.1:")


def test_the_token_opens_the_page(url) -> None:
    assert status(url) == 200


@pytest.mark.parametrize("wrong", ["", "?token=", "?token=wrong"])
def test_without_the_token_nothing_opens(url, wrong) -> None:
    assert status(url.split("?")[0] + wrong) == 403


def test_the_refusal_says_what_to_do(url) -> None:
    with pytest.raises(urllib.error.HTTPError) as found:
        urllib.request.urlopen(url.split("?")[0] + "?token=wrong", timeout=30)
    page = found.value.read().decode()
    assert "hifred explore" in page
    html5lib.HTMLParser(strict=True).parse(page)


def test_each_server_has_its_own_token(shelf) -> None:
    pages = [start_server(None) for _ in range(2)]
    tokens = {url.split("token=")[1] for _, url in pages}
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)
    for server, _ in pages:
        server.stop()


def test_a_taken_port_is_told(url) -> None:
    port = int(url.split(":")[2].split("/")[0])
    with pytest.raises(HifredError, match="port must be free"):
        start_server(None, port=port)


def test_a_browser_is_started_without_the_token() -> None:
    url = "http://127.0.0.1:5006/?token=very-secret&more=1"
    with private_page(url) as page:
        assert "very-secret" not in page.as_uri()
        assert html.unescape(page.read_text()).count(url) == 1
        assert page.parent.stat().st_mode & 0o077 == 0
    assert not page.exists()
