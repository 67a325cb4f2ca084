"""A primary of its own for each module, a standby, and a server that reads from the standby."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest

from chinwag.db.migrate import migrate
from chinwag.embedded.server import EmbeddedPostgres
from tests.support.http import http_client
from tests.support.metrics import Scraped, scrape, until_scraped
from tests.support.process import Server, ServerStarter, directory_for_all
from tests.support.standbys import OF_PRIMARY, Standby, running_standby

Pause = Callable[[], Awaitable[None]]

NO_LIMITS = {"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "0"}


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedPostgres]:
    with directory_for_all() as directory:
        postgres = EmbeddedPostgres(directory, port=0, options=OF_PRIMARY)
        try:
            postgres.start()
            asyncio.run(migrate(postgres.url))
            yield postgres
        finally:
            postgres.stop()


@pytest.fixture(scope="module")
def database_url(primary: EmbeddedPostgres) -> str:
    return primary.superuser_url


@pytest.fixture(scope="module")
def standby(primary: EmbeddedPostgres) -> Iterator[Standby]:
    with running_standby(primary) as standby:
        yield standby


@pytest.fixture
def other(primary: EmbeddedPostgres) -> Iterator[Standby]:
    """A second standby, from which the module's server does not read."""
    with running_standby(primary) as other:
        yield other


@pytest.fixture(scope="module")
def settings(standby: Standby) -> dict[str, str]:
    return NO_LIMITS | {"CHINWAG_READ_URL": standby.url}


@pytest.fixture
async def paused(standby: Standby) -> AsyncIterator[Pause]:
    """A function that has the standby lag from now on, until the end of the test."""
    yield standby.pause
    await standby.resume()


@pytest.fixture(scope="module")
def plain(start_server: ServerStarter) -> Server:
    """A server that reads from the primary only."""
    return start_server(NO_LIMITS)


@pytest.fixture
async def plain_http(plain: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(f"{plain.url}/api/v1") as client:
        yield client


class Reads:
    """How often a server has read, since this was made."""

    def __init__(self, server: Server, before: Scraped) -> None:
        self._server = server
        self._before = before

    async def since(self) -> dict[str, int]:
        """The numbers by kind and source, without those that are 0."""
        found = {}
        now = await scrape(self._server)
        for kind in ("page", "replay", "search"):
            for source in ("primary", "standby", "standby_behind", "standby_failed"):
                labels = {"kind": kind, "source": source}
                count = now.value("chinwag_reads_total", **labels)
                found[f"{kind} {source}"] = int(count - self._before.value("chinwag_reads_total", **labels))
        return {name: count for name, count in found.items() if count}


@pytest.fixture
async def reads(server: Server) -> Reads:
    """What the module's server reads during the test, in which its standby is ready at first."""
    return Reads(server, await until_ready(server))


async def seqs(http: httpx.AsyncClient, thread: int, **query: int) -> list[int]:
    """The numbers of the messages of a page."""
    answer = await http.get(f"/threads/{thread}/messages", params=query)
    assert answer.status_code == 200, answer.text
    return [message["seq"] for message in answer.json()]


async def found(http: httpx.AsyncClient, words: str) -> list[tuple[int, int]]:
    """The places of the messages that a search finds: thread and seq."""
    answer = await http.get("/search", params={"q": words, "limit": 50})
    assert answer.status_code == 200, answer.text
    return [(hit["thread_id"], hit["seq"]) for hit in answer.json()]


async def until_ready(server: Server, count: int = 1) -> Scraped:
    """Wait until so many standbys of a server are ready."""
    return await until_scraped(
        server, lambda scraped: scraped.value("chinwag_standbys", state="ready") == count
    )
