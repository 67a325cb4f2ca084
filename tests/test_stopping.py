"""What is told to stop does, whatever it was about to do."""

import asyncio

import pytest

from app.bot import Replies
from app.bots.echo import Echo
from app.database import open_pool
from app.listener import Listener
from app.settings import Settings
from app.writer import Writer
from tests.client import LIMIT_SECONDS

pytestmark = pytest.mark.anyio


async def test_a_listener_that_is_stopped_as_its_connection_is_lost(database_url: str) -> None:
    async def nothing() -> None:
        pass

    listener = Listener(database_url, [], after_gap=nothing, after_silence=nothing)
    await listener.start()
    async with asyncio.timeout(LIMIT_SECONDS):
        await until_awaited(listener._lost)
        listener._on_termination(listener._connection)
        await listener.stop()  # in the same turn of the event loop
    assert not listener.ready


async def test_a_bot_that_is_stopped_as_a_message_comes(database_url: str) -> None:
    async with open_pool(Settings(database_url=database_url)) as pool:
        replies = Replies(Echo(), 0, pool, Writer(pool))
        replies.start()
        async with asyncio.timeout(LIMIT_SECONDS):
            await until_awaited(replies._woken)
            replies.wake()
            await replies.stop()  # in the same turn of the event loop


async def until_awaited(event: asyncio.Event) -> None:
    """Wait until somebody waits for an event that has not come."""
    while event.is_set() or not event._waiters:
        await asyncio.sleep(0)
