"""A steady load: several persons and a program write to one thread, so many messages a second together."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx

from chinwag.db.pool import Connection
from tests.storm.persons import Person
from tests.storm.recorder import Recorder
from tests.storm.together import Together

MENTION_EVERY = 10
HTTP_WRITERS = 6
RENAME_SECONDS = 1.0
FILL_SECONDS = 0.02

FILL_UP = (
    "insert into message (thread_id, content) select $1, 'row ' || n from generate_series(1, $2::integer) n"
)


class Load:
    """The writers of a thread, until they are stopped.

    Attributes:
        sent: the number of messages that were taken.
        seconds: how long they were written, until the end.
    """

    def __init__(
        self, place: Together, http: httpx.AsyncClient, thread: int, persons: list[Person], rate: float
    ) -> None:
        self._place = place
        self._http = http
        self._thread = thread
        self._persons = persons
        self._rate = rate
        self._writes = True
        self._began = time.monotonic()
        self.sent = 0
        self.seconds = 0.0
        self.wrong: list[str] = []

    def stop(self) -> None:
        self._writes = False
        self.seconds = time.monotonic() - self._began

    def works(
        self, db: Connection, recorders: list[Recorder], mention: str
    ) -> list[Coroutine[Any, Any, None]]:
        """Return the work of all writers: over HTTP, over the sockets of recorders, and in SQL.

        Args:
            mention: what is written now and then.
        """

        async def by_websocket(content: str) -> None:
            socket = random.choice([one.socket for one in recorders if one.socket])
            await socket.send(json.dumps({"content": content}))

        # Each waits for its answer, and so HTTP needs several.
        half = [self._by_http] * HTTP_WRITERS
        works = [self._write(way, self._rate / 2 / len(half), mention) for way in half]
        works += [self._write(by_websocket, self._rate / 4, mention), self._fill_up(db)]
        self._began = time.monotonic()
        return [*works, self._rename()]

    async def _write(self, way: Callable[[str], Awaitable[None]], rate: float, mention: str) -> None:
        began = time.monotonic()
        number = 0
        while self._writes:
            await asyncio.sleep(max(0, began + (number + random.random()) / rate - time.monotonic()))
            number += 1
            await way(f"message {number} {mention}" if number % MENTION_EVERY == 0 else f"message {number}")
            self.sent += 1

    async def _fill_up(self, db: Connection) -> None:
        """Write in SQL what the others lack of the rate."""
        while self._writes:
            if (lack := int(self._rate * (time.monotonic() - self._began)) - self.sent) > 0:
                await db.execute(FILL_UP, self._thread, lack)
                self.sent += lack
            await asyncio.sleep(FILL_SECONDS)

    async def _by_http(self, content: str) -> None:
        await self._request("POST", "/messages", {"content": content}, random.choice(self._persons))

    async def _rename(self) -> None:
        """Rename the thread now and then: the lists are told, and so how far it goes."""
        while self._writes:
            await self._request("PATCH", "", {"title": f"busy {time.time()}"}, self._persons[0])
            await asyncio.sleep(RENAME_SECONDS)

    async def _request(self, method: str, path: str, body: dict[str, str], by: Person) -> None:
        url = f"{random.choice(self._place.servers).url}/api/v1/threads/{self._thread}{path}"
        answer = await self._http.request(method, url, json=body, headers=by.headers)
        if answer.is_error:
            self.wrong.append(f"{method} {path} was refused: {answer.status_code} {answer.text}")
