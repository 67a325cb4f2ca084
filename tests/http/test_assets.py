"""What a browser loads is small, comes at once, and is never mixed of two versions."""

import gzip
from collections.abc import AsyncIterator, Callable

import brotli
import httpx
import pytest

from tests.support.http import http_client
from tests.support.process import Server
from tests.support.raw import ask, request

DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}


@pytest.fixture
async def site(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(server.url) as client:
        yield client


SOME_FILES = [
    "",
    "threads/1",
    "threads/1/2",
    "static/app.js",
    "static/bundle/app/app.js",
    "static/bundle/app/elements/chat-finder.js",
    "static/bundle/sign-in/sign-in.js",
    "static/favicon.svg",
    "static/style/tokens.css",
]


@pytest.mark.parametrize("coding", DECOMPRESS)
@pytest.mark.parametrize("name", SOME_FILES)
async def test_a_file_comes_compressed_and_is_not_sent_twice(
    site: httpx.AsyncClient, name: str, coding: str
) -> None:
    whole = await site.get(name, headers={"Accept-Encoding": "identity"})
    assert whole.status_code == 200
    async with site.stream("GET", name, headers={"Accept-Encoding": f"deflate, {coding}"}) as answer:
        assert answer.headers["content-encoding"] == coding
        assert DECOMPRESS[coding](b"".join([piece async for piece in answer.aiter_raw()])) == whole.content
    assert answer.headers["vary"] == whole.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == whole.headers["content-type"]
    again = await site.get(name, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == whole.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("br;q=0, gzip", "gzip"), ("gzip; q=0.0", None), ("brx", None), ("gzip;q=0.5", "gzip")],
)
async def test_a_coding_that_is_refused_is_not_used(
    site: httpx.AsyncClient, accepted: str, coding: str | None
) -> None:
    answer = await site.get("static/bundle/app/app.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == coding


NO_FILES = [
    "",
    "none.js",
    "%2e%2e",
    "..%2fpyproject.toml",
    "%2e%2e%2fpyproject.toml",
    "%2fetc%2fpasswd",
    "a%00b",
    "%ff",
    "x" * 300,
    "style",
    "style/",
    "style/none.css",
    "style//tokens.css",
    "style%2ftokens.css",
    "style/%2e%2e/app.js",
    "style/tokens.css/",
    "tokens.css",
    "/style/tokens.css",
    "style/../app.js",
    "./app.js",
    "../pyproject.toml",
    "bundle",
    "bundle/app",
    "bundle/app/",
    "bundle/app/none.js",
    "bundle/app/people.js",
    "bundle/app/events.js.map",
    "bundle/app/app.js.map.map",
    "bundle/app/types.d.ts",
    "bundle/app/style/tokens.css",
    "bundle/app//app.js",
    "bundle/app/../app.js",
    "bundle/app/elements/%2e%2e/app.js",
    "bundle/app/elements%2fdom.js",
    "bundle/app/../../../pyproject.toml",
    "bundle/sockets/sockets.js",
    "bundle/../app/app.js",
]


@pytest.mark.parametrize("name", NO_FILES)
async def test_what_is_no_file_of_the_page_is_not_found(server: Server, name: str) -> None:
    answer = await ask(server, request("GET", f"/static/{name}", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_the_messages_come_along_with_the_page(site: httpx.AsyncClient) -> None:
    link = (await site.get("/threads/12/3")).headers["link"]
    assert link == (
        "</api/v1/threads/12>; rel=preload; as=fetch; crossorigin, "
        "</api/v1/threads/12/messages?limit=50>; rel=preload; as=fetch; crossorigin"
    )
    for path in ("/", "/threads/x", "/threads/1%0d%0aX: 1", "/threads/%d9%a1"):
        assert "link" not in (await site.get(path)).headers
