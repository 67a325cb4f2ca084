"""A crowd joins: thousands of browsers that a server has lost, all at once."""

import asyncio
from typing import Any, cast

import pytest

from app.hub import Frame, Hub
from app.outbox import EXTENSION
from app.socket import ThreadSocket

pytestmark = pytest.mark.anyio


async def test_who_gives_up_while_waiting_costs_no_query() -> None:
    database, joins = Database(), asyncio.Semaphore(1)
    first, impatient, last = browsers = [Browser() for _ in range(3)]
    hub = Hub(replay=cast(Any, None))
    async with asyncio.TaskGroup() as group:
        for browser in browsers:
            socket = ThreadSocket(cast(Any, browser), 1, cast(Any, database), cast(Any, None), 100)
            group.create_task(socket.serve(hub, 0, joins))
        await database.asked.wait()
        impatient.leave()
        database.answers.set()
        await first.ready.wait()
        await last.ready.wait()
        assert not impatient.ready.is_set()
        assert database.queries == 2
        first.leave()
        last.leave()


class Database:
    """A pool that knows one empty thread, and answers when it is told to."""

    def __init__(self) -> None:
        self.queries = 0
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()

    async def fetchval(self, _query: str, *_: object) -> int:
        self.queries += 1
        self.asked.set()
        await self.answers.wait()
        return 0


class Browser:
    """A WebSocket that has been accepted, and its outbox."""

    def __init__(self) -> None:
        self.scope = {"extensions": {EXTENSION: self}}
        self.ready = asyncio.Event()
        self._left = asyncio.Event()
        self.leave = self._left.set
        self.is_gone = self._left.is_set

    def push(self, frame: Frame) -> bool:
        if b'"ready"' in frame.text:
            self.ready.set()
        return True

    def before_shutdown(self, finish: object) -> None:
        """Nothing is shut down here."""

    async def receive(self) -> dict[str, str]:
        await self._left.wait()
        return {"type": "websocket.disconnect"}
