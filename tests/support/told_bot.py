"""A bot that says what a test tells it to say, piece by piece, on whichever server it is asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from tests.support.client import LIMIT_SECONDS

TOLD = """
import asyncio
import json
import os

from chinwag.bots.bot import BotFailed, ReplyCut


class Told:
    async def reply(self, conversation):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(os.environ["TOLD_BY"]))
        try:
            writer.write(json.dumps(conversation.content).encode() + b"\\n")
            while line := await reader.readline():
                match json.loads(line):
                    case {"say": piece}:
                        yield piece
                    case {"fail": code}:
                        raise BotFailed(code)
                    case {"cut": _}:
                        raise ReplyCut
        finally:
            writer.close()
"""


class ToldReply:
    """A reply that the bot is asked for.

    Attributes:
        question: the content of the message.
    """

    def __init__(self, question: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.question = question
        self._reader = reader
        self._writer = writer

    def say(self, piece: str) -> None:
        self._tell({"say": piece})

    def fail(self, code: str) -> None:
        self._tell({"fail": code})

    def cut(self) -> None:
        self._tell({"cut": True})

    def end(self) -> None:
        self._writer.close()

    async def until_left(self) -> None:
        """Wait until the bot has left, as it does when the reply is stopped."""
        async with asyncio.timeout(LIMIT_SECONDS):
            assert await self._reader.read() == b""

    def _tell(self, what: object) -> None:
        self._writer.write(json.dumps(what).encode() + b"\n")


class Teller:
    """Tells the bots of all servers what to say."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.settings: dict[str, str] = {}
        self._asked: asyncio.Queue[ToldReply] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []

    @classmethod
    @asynccontextmanager
    async def started(cls, directory: Path) -> AsyncIterator[Self]:
        (directory / "told.py").write_text(TOLD)
        teller = cls(directory)
        server = await asyncio.start_server(teller._take, "127.0.0.1", 0, limit=2**22)
        port = server.sockets[0].getsockname()[1]
        teller.settings = {"CHINWAG_BOT": "told:Told", "TOLD_BY": f"{port}"}
        try:
            yield teller
        finally:
            server.close()
            for writer in teller._writers:
                writer.close()

    async def asked(self) -> ToldReply:
        """Wait until a bot is asked for a reply."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self._asked.get()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if line := await reader.readline():
            await self._asked.put(ToldReply(json.loads(line), reader, writer))
