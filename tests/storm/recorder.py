"""Recorders: sockets of a person that come back whenever they are lost, and note all that they get."""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import httpx
from msgspec import json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.storm.people import LOST, Place
from tests.storm.persons import Person
from tests.support.process import Server

AGAIN_SECONDS = 0.05
RESTLESS_SECONDS = 0.4


class Heard(NamedTuple):
    """A frame that shows how far a thread goes.

    Attributes:
        at: when it came, on the clock that PostgreSQL uses, too.
        seq: the highest number in it.
    """

    at: float
    type: str
    thread: int
    seq: int


class Record(Protocol):
    """What somebody has got, one way or another."""

    frames: list[Heard]

    @property
    def name(self) -> str: ...

    async def run(self) -> None: ...


@dataclass
class Stay:
    """A connection, from the end of its handshake to its close."""

    opened: float
    closed: float = float("inf")
    code: int | None = None


def heard(frame: dict[str, Any], at: float) -> Heard | None:
    """Return what a frame shows of a thread; None if it shows nothing."""
    data = frame.get("data", {})
    numbers = [data[name] for name in ("seq", "last_seq", "read_seq") if data.get(name) is not None]
    thread = data.get("thread_id", data.get("id"))
    return Heard(at, frame["type"], thread, max(numbers)) if numbers and thread else None


@dataclass
class Recorder:
    """A socket to a thread, or to the list of threads if that is None, of a person on one server.

    Attributes:
        resumes: after a loss it asks for what it has missed. Otherwise it hears only what is new.
        restless: it leaves at random times, and comes back.
    """

    server: Server
    person: Person
    thread: int | None
    resumes: bool = True
    restless: bool = False
    frames: list[Heard] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    socket: ClientConnection | None = None
    last_seq: int = 0

    @property
    def name(self) -> str:
        what = "list" if self.thread is None else "thread"
        return f"the {what} of {self.person.username} on port {self.server.port}"

    async def run(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                async with connect(
                    self._url(),
                    additional_headers=self.person.headers,
                    max_size=None,
                    proxy=None,
                    open_timeout=10,
                    ping_interval=None,
                ) as self.socket:
                    await self._stay(self.socket)
            self.socket = None
            await asyncio.sleep(random.uniform(0, 2 * AGAIN_SECONDS))

    def _url(self) -> str:
        path = "threads" if self.thread is None else f"threads/{self.thread}"
        after = f"?after={self.last_seq}" if self.thread is not None and self.resumes else ""
        return f"{self.server.websocket_url}/api/v1/ws/{path}{after}"

    async def _stay(self, socket: ClientConnection) -> None:
        stay = Stay(time.time())
        self.stays.append(stay)
        limit = random.uniform(0, RESTLESS_SECONDS) if self.restless else None
        try:
            async with asyncio.timeout(limit):
                async for text in socket:
                    self._take(json.decode(text))
        except ConnectionClosed:
            pass
        finally:
            stay.closed, stay.code = time.time(), socket.close_code
            socket.transport.abort()  # a polite end would wait until all that is under way was read

    def _take(self, frame: dict[str, Any]) -> None:
        if one := heard(frame, time.time()):
            self.frames.append(one)
            if one.type in {"message", "thread.active"}:
                self.last_seq = max(self.last_seq, one.seq)


@dataclass
class PageReader:
    """A person who asks for the newest message of a thread all the time, and notes how far they have read."""

    place: Place
    http: httpx.AsyncClient
    person: Person
    thread: int
    frames: list[Heard] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"the page of {self.person.username}"

    async def run(self) -> None:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await self._read()
            await asyncio.sleep(random.uniform(0, 0.1))

    async def _read(self) -> None:
        url = f"{random.choice(self.place.servers).url}/api/v1/threads/{self.thread}"
        headers = self.person.headers
        answer = await self.http.get(f"{url}/messages?limit=1", headers=headers)
        if answer.status_code == 200 and answer.json():
            seq = answer.json()[-1]["seq"]
            self.frames.append(Heard(time.time(), "GET messages", self.thread, seq))
            await self.http.put(f"{url}/read", json={"seq": seq}, headers=headers)
