"""Ordinary users: each posts now and then, over its WebSocket or over HTTP, and waits for its own frame."""

import asyncio
import contextlib
import itertools
import json
import random
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.support.http import http_client
from tests.support.process import Server

LIMIT_SECONDS = 60
"""It is longer than anybody should wait, and longer than the worst time measured before."""

PAUSE_SECONDS = 0.3


class User:
    """One user of a thread.

    Attributes:
        seconds: the time from each post to its own frame.
    """

    def __init__(self, server: Server, thread: int, http: httpx.AsyncClient) -> None:
        self._server, self._thread, self._http = server, thread, http
        self._frames: dict[str, asyncio.Future[None]] = {}
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._began = 0.0
        self.seconds: list[float] = []
        self.refused: list[str] = []

    def worst(self) -> float:
        """The longest time, including the time so far of the post that is under way."""
        return max([*self.seconds, time.monotonic() - self._began if self._began else 0.0])

    async def live(self) -> None:
        """Post until cancelled, in turn over the WebSocket and over HTTP."""
        url = f"{self._server.websocket_url}/api/v1/ws/threads/{self._thread}"
        async with connect(url, proxy=None, open_timeout=LIMIT_SECONDS, ping_interval=None) as connection:
            reading = asyncio.create_task(self._read(connection))
            try:
                # Before that, a socket without `after` is not owed the frame of what is posted over HTTP.
                await self._ready
                for number in itertools.count(random.randrange(2)):
                    await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))
                    await self._post(connection if number % 2 else None)
            finally:
                reading.cancel()

    async def _post(self, connection: ClientConnection | None) -> None:
        client_id = str(uuid4())
        frame = self._frames[client_id] = asyncio.get_running_loop().create_future()
        message = {"content": "ordinary", "client_id": client_id}
        self._began = time.monotonic()
        async with asyncio.timeout(LIMIT_SECONDS):
            if connection:
                await connection.send(json.dumps(message))
            else:
                answer = await self._http.post(f"/threads/{self._thread}/messages", json=message)
                if answer.status_code != 201:
                    self.refused.append(answer.text)
                    frame.cancel()
            await asyncio.wait([frame])
        self.seconds.append(time.monotonic() - self._began)
        self._began = 0.0

    async def _read(self, connection: ClientConnection) -> None:
        async for text in connection:
            frame = json.loads(text)
            data = frame.get("data", {})
            if frame["type"] == "error":
                self.refused.append(str(text))
            elif frame["type"] == "ready":
                self._ready.set_result(None)
            elif frame["type"] != "message":
                continue
            if (waiting := self._frames.pop(data.get("client_id") or "", None)) and not waiting.done():
                waiting.set_result(None)


@contextlib.asynccontextmanager
async def ordinary_users(server: Server, threads: list[int], count: int) -> AsyncIterator[list[User]]:
    """Let some users of these threads live while the block runs. If one of them has failed, its error is
    raised."""
    async with http_client(f"{server.url}/api/v1") as http:
        users = [User(server, threads[number % len(threads)], http) for number in range(count)]
        lives = [asyncio.create_task(user.live()) for user in users]
        try:
            yield users
        finally:
            for life in lives:
                life.cancel()
            ends = await asyncio.gather(*lives, return_exceptions=True)
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise AssertionError("a user's life has ended") from end
