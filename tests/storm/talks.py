"""Talks with a bot: questions in many threads, and pages that show the replies as they are written."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from msgspec import json
from websockets.asyncio.client import ClientConnection, connect

from tests.storm.people import LOST
from tests.support.drafts import Page
from tests.support.process import Server

AGAIN_SECONDS = 0.1
SPREAD_SECONDS = 0.02
"""How long after a question the next one is asked."""

Message = dict[str, Any]


@dataclass
class Question:
    """A message that a bot is to answer.

    Attributes:
        asked: when, on the clock time.monotonic().
        seconds: how long the bot takes to say its reply.
    """

    id: int
    thread: int
    seq: int
    content: str
    asked: float
    seconds: float


@dataclass
class Reader:
    """A page that follows a thread, comes back when its socket is lost, and can be loaded anew, there or from
    another server.

    Attributes:
        comes_and_goes: whether it is for those who load pages anew.
        headers: what shows to the server who reads.
        pages: what the page has shown, from each load to the next.
        replies: the stored replies that have come, by the messages that they answer, each with its time.
        again: when the page was loaded anew, and when its socket was live after that.
    """

    server: Server
    thread: int
    comes_and_goes: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=lambda: [Page()])
    replies: dict[int, tuple[float, Message]] = field(default_factory=dict)
    oddities: list[str] = field(default_factory=list)
    again: list[tuple[float, float]] = field(default_factory=list)
    is_live: asyncio.Event = field(default_factory=asyncio.Event)
    last_seq: int = 0
    _socket: ClientConnection | None = None
    _loaded: float | None = None

    @property
    def name(self) -> str:
        return f"a reader of thread {self.thread} on port {self.server.port}"

    async def run(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                url = f"{self.server.websocket_url}/api/v1/ws/threads/{self.thread}?after={self.last_seq}"
                async with connect(
                    url,
                    additional_headers=self.headers,
                    max_size=None,
                    proxy=None,
                    open_timeout=10,
                    ping_interval=None,
                ) as self._socket:
                    await self._follow(self._socket, self.pages[-1])
            self.is_live.clear()
            await asyncio.sleep(random.uniform(0, AGAIN_SECONDS))

    def reload(self, server: Server) -> None:
        """Forget what is shown, and load the page anew from a server."""
        self.server = server
        self.pages.append(Page())
        self._loaded = time.monotonic()
        if self._socket is not None:
            self._socket.transport.abort()

    async def _follow(self, socket: ClientConnection, page: Page) -> None:
        page.connect()
        async for text in socket:
            if page is not self.pages[-1]:
                return  # it was loaded anew, and this is what the former socket had left
            await self._take(socket, json.decode(text))

    async def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        if not self.pages[-1].take(frame):
            await socket.send('{"type": "drafts"}')
        data = frame.get("data", {})
        if frame["type"] == "ready":
            self.is_live.set()
            if self._loaded is not None:
                self.again.append((self._loaded, time.monotonic()))
                self._loaded = None
        elif frame["type"] == "message":
            self._take_message(data)

    def _take_message(self, message: Message) -> None:
        if message["seq"] != self.last_seq + 1:
            self.oddities.append(f"{self.name}: {message['seq']} came after {self.last_seq}")
        self.last_seq = max(self.last_seq, message["seq"])
        if message["reply_to"]:
            if message["reply_to"] in self.replies:
                self.oddities.append(f"{self.name}: a second reply to {message['reply_to']} came")
            self.replies[message["reply_to"]] = time.monotonic(), message


class Talks:
    """The threads, their readers, and the questions that were asked."""

    def __init__(self, http: httpx.AsyncClient, server: Server, threads: Sequence[int]) -> None:
        """
        Args:
            server: the one that takes the questions.
        """
        self._http = http
        self._server = server
        self.threads = threads
        self.readers: list[Reader] = []
        self.questions: list[Question] = []

    async def ask(self, seconds: Sequence[float], pause: float) -> list[Question]:
        """Ask questions in all threads in turn, whose replies take so many seconds. They are asked one after
        the other: of what comes at once, the server that is first takes all.

        Args:
            pause: the seconds between two words.
        """
        asking = []
        for number, each in enumerate(seconds):
            thread, words = self.threads[number % len(self.threads)], max(1, round(each / pause))
            asking.append(asyncio.create_task(self._ask(thread, words, pause)))
            await asyncio.sleep(random.uniform(0, 2 * SPREAD_SECONDS))
        questions = [await one for one in asking]
        self.questions += questions
        return questions

    async def _ask(self, thread: int, words: int, pause: float) -> Question:
        content, asked = f"say {words} {pause} {secrets.token_hex(4)}", time.monotonic()
        url = f"{self._server.url}/api/v1/threads/{thread}/messages"
        answer = await self._http.post(url, json={"content": content})
        message = answer.raise_for_status().json()
        return Question(message["id"], thread, message["seq"], content, asked, words * pause)

    async def stop(self, question: Question, server: Server) -> tuple[float, int]:
        """Stop a reply; return when this was asked, and the status of the answer."""
        url = f"{server.url}/api/v1/threads/{question.thread}/messages/{question.seq}/stop"
        began = time.monotonic()
        answer = await self._http.post(url)
        return began, answer.status_code

    def readers_of(self, question: Question) -> list[Reader]:
        return [one for one in self.readers if one.thread == question.thread]

    def has_begun(self, question: Question) -> bool:
        """Whether a reader shows words of the reply, and it is not stored."""
        held = [one.pages[-1].held.get(question.id) for one in self.readers_of(question)]
        return any(one and one.text for one in held)

    async def until_read(self, questions: Sequence[Question], limit: float = 90) -> None:
        """Wait until all readers have the stored replies, but not too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while any(
                    question.id not in one.replies
                    for question in questions
                    for one in self.readers_of(question)
                ):
                    await asyncio.sleep(0.05)
