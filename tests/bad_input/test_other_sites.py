"""A page of another site can neither write nor read, by whatever name it leads here."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from chinwag.web.access import PROXY_FIELDS
from tests.support.cases import BODIES, CREATE, DELETE, READ, RENAME, WRITE, refused, still_works
from tests.support.client import open_thread
from tests.support.process import Server

ALLOWED_SITE = "https://chat.example"
OTHER_SITES = [
    *("http://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1.evil.example", "http://[::1"),
    *("https://{}", "http://{}.evil.example", "http://evil.{}", "http://evil@{}", "http://evil.example/{}"),
]
SITE = "sec-fetch-site"
OTHER_HOSTS = ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "[::1", "a:b:c", ""]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_ALLOWED_ORIGINS": ALLOWED_SITE}


@pytest.mark.parametrize(("method", "path"), [CREATE, RENAME, WRITE, DELETE])
@pytest.mark.parametrize("origin", OTHER_SITES)
async def test_another_site_cannot_change_anything(
    server: Server, http: httpx.AsyncClient, thread: int, method: str, path: str, origin: str
) -> None:
    body, headers = BODIES.get((method, path)), {"origin": origin.format(f"127.0.0.1:{server.port}")}
    answer = await http.request(method, path.format(thread), json=body, headers=headers)
    refused(answer, 403, "origin_not_allowed")


READS = [
    *("/threads", "/threads/{}", "/threads/999999", "/threads/{}/messages", "/threads/{}/export"),
    "/search?q=x",
]


@pytest.mark.parametrize("path", READS)
async def test_another_site_cannot_read(http: httpx.AsyncClient, thread: int, path: str) -> None:
    """Another site does not even learn whether a thread exists: the answer is the same, and comes before the
    database is asked."""
    evil, other, neighbour = {"origin": "http://evil.example"}, {SITE: "cross-site"}, {SITE: "same-site"}
    for headers in (evil, other, neighbour, evil | other):
        answer = await http.get(path.format(thread), headers=headers)
        refused(answer, 403, "origin_not_allowed")
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
    assert (await http.options("/threads", headers=evil)).status_code == 403


@pytest.mark.parametrize("mode", ["navigate", "no-cors", "cors", "websocket"])
async def test_another_site_cannot_ask_in_any_mode(
    server: Server, http: httpx.AsyncClient, thread: int, mode: str
) -> None:
    headers = {SITE: "cross-site", "sec-fetch-mode": mode}
    refused(await http.get(f"/threads/{thread}", headers=headers), 403, "origin_not_allowed")
    url = f"{server.websocket_url}/api/v1/ws/threads/{thread}"
    assert await status_of(url, additional_headers=headers) == 403


async def test_who_types_an_address_and_an_allowed_site_may_ask(http: httpx.AsyncClient) -> None:
    allowed = {SITE: "cross-site", "origin": ALLOWED_SITE}
    for headers in ({SITE: "none"}, {SITE: "same-origin"}, allowed):
        assert (await http.get("/threads", headers=headers)).status_code == 200


async def test_a_foreign_page_learns_nothing_in_a_real_browser(
    server: Server, browser: Browser, thread: int
) -> None:
    """The page is on another port of this computer, and so of the same site."""
    with neighbour() as port:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"http://127.0.0.1:{port}")
        for id in (thread, 999_999):
            asked = "url => fetch(url, { mode: 'no-cors' }).then(() => 'answered', () => 'blocked')"
            assert await page.evaluate(asked, f"{server.url}/api/v1/threads/{id}") == "blocked"
        await page.context.close()


@contextmanager
def neighbour() -> Iterator[int]:
    """Run another web server on this computer, and give its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("method", "path"), [CREATE, READ, WRITE, DELETE, ("GET", "/account")])
@pytest.mark.parametrize("host", OTHER_HOSTS)
async def test_a_foreign_name_that_leads_here_is_refused(
    http: httpx.AsyncClient, thread: int, method: str, path: str, host: str
) -> None:
    body = BODIES.get((method, path))
    answer = await http.request(method, path.format(thread), json=body, headers={"host": host})
    refused(answer, 421, "host_not_allowed")


async def test_an_address_that_is_not_of_this_computer_is_not_signed_in(http: httpx.AsyncClient) -> None:
    refused(await http.get("/threads", headers={"host": "10.0.0.1:8000"}), 401, "not_signed_in")


@pytest.mark.parametrize("name", sorted(PROXY_FIELDS))
@pytest.mark.parametrize("value", ["127.0.0.1", "203.0.113.9", "for=127.0.0.1", "http", ""])
async def test_a_proxy_on_this_computer_is_not_signed_in(
    server: Server, http: httpx.AsyncClient, thread: int, name: bytes, value: str
) -> None:
    headers = {name.decode(): value}
    refused(await http.get("/threads", headers=headers), 401, "not_signed_in")
    async with open_thread(server, thread, additional_headers=headers) as client:
        assert await client.closed() == 4001
        assert not client.frames


@pytest.mark.parametrize("origin", OTHER_SITES)
@pytest.mark.parametrize("path", ["", "/{}"])
async def test_another_site_gets_no_websocket(server: Server, thread: int, origin: str, path: str) -> None:
    url = f"{server.websocket_url}/api/v1/ws/threads{path.format(thread)}"
    assert await status_of(url, origin=origin.format(f"127.0.0.1:{server.port}")) == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
@pytest.mark.parametrize("path", ["", "/{}"])
async def test_a_foreign_name_that_leads_here_gets_no_websocket(
    server: Server, thread: int, host: str, path: str
) -> None:
    url = f"ws://{host}/api/v1/ws/threads{path.format(thread)}"
    assert await status_of(url, host="127.0.0.1", port=server.port) == 403


@pytest.mark.parametrize("origin", [None, "{}", ALLOWED_SITE])
async def test_programs_our_own_page_and_allowed_sites_may_write(
    server: Server, http: httpx.AsyncClient, thread: int, origin: str | None
) -> None:
    origin = origin and origin.format(server.url)
    headers = {"origin": origin} if origin else {}
    answer = await http.post(f"/threads/{thread}/messages", json={"content": "good"}, headers=headers)
    assert answer.status_code == 201
    async with open_thread(server, thread, origin=origin) as client:
        await still_works(client, seq=2)


async def status_of(url: str, **options: Any) -> int:
    """Return the HTTP status with which a WebSocket is refused before it is accepted."""
    with pytest.raises(InvalidStatus) as error:
        await connect(url, proxy=None, **options)
    return error.value.response.status_code
