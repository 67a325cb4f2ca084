"""Devices of a person: each keeps the list of threads with what is unread, as the page does."""

import asyncio
import contextlib
import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.storm.people import LOST
from tests.storm.persons import Person
from tests.storm.together import Together

ASK_AGAIN_SECONDS = 0.1


@dataclass
class Unread:
    """What a device knows of a thread."""

    last_seq: int
    read_seq: int | None
    mentions: int

    @property
    def counts(self) -> tuple[int | None, int]:
        """How many messages are unread, None if the person has never read here, and how many mention them."""
        unread = None if self.read_seq is None else max(0, self.last_seq - self.read_seq)
        return unread, self.mentions


class Device:
    """A socket to the list of threads of any server, and what was told over it.

    Whatever comes last, a thread is known as far as anything has told, and so is what was read of it.
    """

    def __init__(self, place: Together, http: httpx.AsyncClient, person: Person) -> None:
        self._place = place
        self._http = http
        self._person = person
        self._socket: ClientConnection | None = None
        self.threads: dict[int, Unread] = {}
        self.is_ready = False
        self.frames: Counter[str] = Counter()

    def drop(self) -> None:
        """Lose the connection."""
        if self._socket:
            self._socket.transport.abort()

    async def run(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                url = f"{random.choice(self._place.servers).websocket_url}/api/v1/ws/threads"
                headers = self._person.headers
                async with connect(
                    url, additional_headers=headers, proxy=None, open_timeout=5
                ) as self._socket:
                    async for text in self._socket:
                        await self._take(json.loads(text))
            self._socket, self.is_ready = None, False
            await asyncio.sleep(random.uniform(0, 0.3))

    async def _take(self, frame: dict[str, Any]) -> None:
        kind, data = frame["type"], frame.get("data", {})
        self.frames[kind] += 1
        if kind == "ready":
            listed = await self._ask("/threads?limit=100")
            known = {one["id"]: self.threads.get(one["id"]) for one in listed}
            self.threads = {one["id"]: _learned(known[one["id"]], one) for one in listed}
            self.is_ready = True
        elif kind == "thread.deleted":
            self.threads.pop(data["id"], None)
        elif kind in {"thread.active", "thread.read"}:
            id = data["thread_id"]
            if id not in self.threads and (one := await self._ask(f"/threads/{id}")):
                self.threads[id] = _learned(None, one)
            if known_as := self.threads.get(id):
                _apply(known_as, data)

    async def _ask(self, path: str) -> Any:
        """Ask a server that answers; None if there is no such thing."""
        while True:
            url = f"{random.choice(self._place.servers).url}/api/v1{path}"
            with contextlib.suppress(httpx.TransportError):
                answer = await self._http.get(url, headers=self._person.headers)
                if answer.status_code == 404:
                    return None
                if answer.is_success:
                    return answer.json()
            await asyncio.sleep(ASK_AGAIN_SECONDS)


def _learned(before: Unread | None, told: dict[str, Any]) -> Unread:
    now = Unread(told["last_seq"], told["read_seq"], told["mentions"])
    if before:
        now.last_seq = max(now.last_seq, before.last_seq)
        if before.read_seq is not None:
            now.read_seq = max(now.read_seq or 0, before.read_seq)
    return now


def _apply(known: Unread, told: dict[str, Any]) -> None:
    """Take a frame thread.active or thread.read. Mentions count for what was read furthest."""
    known.last_seq = max(known.last_seq, told["last_seq"])
    read_seq = told.get("read_seq")
    if "mentions" in told and (known.read_seq is None or (read_seq or 0) >= known.read_seq):
        known.read_seq, known.mentions = read_seq, told["mentions"]
