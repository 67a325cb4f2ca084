"""What a browser loads is small, comes at once, and is never mixed of two versions."""

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from app.assets import STATIC
from tests.process import Server

pytestmark = pytest.mark.anyio

MODULES = sorted(path.name for path in STATIC.glob("*.js"))


@pytest.fixture
async def site(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url) as client:
        yield client


@pytest.mark.parametrize("name", ["", "threads/1", "threads/1/2", "static/app.js", "static/favicon.svg"])
async def test_a_file_comes_compressed_and_is_not_sent_twice(site: httpx.AsyncClient, name: str) -> None:
    whole = await site.get(name, headers={"Accept-Encoding": "identity"})
    assert whole.status_code == 200
    async with site.stream("GET", name, headers={"Accept-Encoding": "br, gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join([piece async for piece in answer.aiter_raw()])) == whole.content
    assert answer.headers["vary"] == whole.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == whole.headers["content-type"]
    again = await site.get(name, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == whole.headers["cache-control"] == "no-cache"


NO_FILES = ["none.js", "%2e%2e", "..%2fpyproject.toml", "%2e%2e%2fpyproject.toml", "%2fetc%2fpasswd", "a%00b"]


@pytest.mark.parametrize("name", NO_FILES)
async def test_what_is_no_file_of_the_page_is_not_found(site: httpx.AsyncClient, name: str) -> None:
    assert (await site.get(f"/static/{name}")).status_code == 404


async def test_all_modules_are_asked_for_at_once(site: httpx.AsyncClient) -> None:
    """Or the browser would learn of each only from the one that imports it."""
    page = (await site.get("/")).text
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', page)
    assert sorted([*preloaded, "app.js"]) == MODULES
