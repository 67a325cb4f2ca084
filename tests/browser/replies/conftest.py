"""Two servers with a bot that a test tells what to say, and a chat with it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.process import Server, ServerStarter
from tests.support.told_bot import Teller


@pytest.fixture(scope="module")
async def teller(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    async with Teller.started(tmp_path_factory.mktemp("told")) as teller:
        yield teller


@pytest.fixture(scope="module")
def settings(teller: Teller) -> dict[str, str]:
    return teller.settings | {"CHINWAG_POSTS_PER_SECOND": "0"}


@pytest.fixture(scope="module")
def server(start_server: ServerStarter, settings: dict[str, str], teller: Teller) -> Server:
    return start_server(settings, directory=teller.directory)


@pytest.fixture(scope="module")
def other(start_server: ServerStarter, settings: dict[str, str], teller: Teller) -> Server:
    """Another server on the same database."""
    return start_server(settings, directory=teller.directory)


@pytest.fixture
async def thread(http: httpx.AsyncClient) -> int:
    """The id of a new thread with the bot and one person."""
    response = await http.post("/threads", json={"title": "Thread"})
    id: int = response.json()["id"]
    return id
