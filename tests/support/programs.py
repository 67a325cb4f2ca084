"""Programs for the tests: bot accounts with keys, and HTTP clients that are signed in with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import httpx

from tests.support.people import nobody
from tests.support.process import Server

NUMBERS = count(1)


async def make_bot(admin: httpx.AsyncClient) -> str:
    """Add a bot account, and return its username."""
    username = f"bot-{next(NUMBERS)}"
    answer = await admin.post("/bots", json={"username": username})
    assert answer.status_code == 201, answer.text
    return username


async def make_key(admin: httpx.AsyncClient, bot: str | None = None) -> str:
    """Make a key of a bot, or of a new one, and return its secret."""
    bot = bot or await make_bot(admin)
    answer = await admin.post(f"/bots/{bot}/keys", json={"name": "a test"})
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["secret"]
    return secret


def bearer(key: str) -> dict[str, str]:
    """The header with which a request, or a WebSocket, has a key."""
    return {"Authorization": f"Bearer {key}"}


@asynccontextmanager
async def with_key(server: Server, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in with a key."""
    async with nobody(server, headers=bearer(key)) as client:
        yield client
