"""A page of another site can neither write nor read, by whatever name it leads here."""

from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.bad_input.cases import BODIES, CREATE, DELETE, READ, RENAME, WRITE, refused, still_works
from tests.client import open_thread
from tests.process import Server

pytestmark = pytest.mark.anyio

ALLOWED_SITE = "https://chat.example"
OTHER_SITES = [
    *("http://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1.evil.example", "http://[::1"),
    *("http://{}.evil.example", "http://evil.{}", "http://evil@{}", "http://evil.example/{}"),
]
OTHER_HOSTS = ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "10.0.0.1", "[::1", "a:b:c", ""]


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


async def test_another_site_cannot_read_an_answer(http: httpx.AsyncClient) -> None:
    answer = await http.get("/threads", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [CREATE, READ, WRITE, DELETE, ("GET", "/account")])
@pytest.mark.parametrize("host", OTHER_HOSTS)
async def test_a_foreign_name_that_leads_here_is_not_signed_in(
    http: httpx.AsyncClient, thread: int, method: str, path: str, host: str
) -> None:
    body = BODIES.get((method, path))
    answer = await http.request(method, path.format(thread), json=body, headers={"host": host})
    refused(answer, 401, "not_signed_in")


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
    """The HTTP status with which a WebSocket is refused before it is accepted."""
    with pytest.raises(InvalidStatus) as error:
        await connect(url, proxy=None, **options)
    return error.value.response.status_code
