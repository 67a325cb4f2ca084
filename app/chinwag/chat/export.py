"""Export of a thread as a file: Markdown for people, JSON for programs."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Literal
from urllib.parse import quote

from msgspec import json

from chinwag import wire
from chinwag.chat.messages import Messages
from chinwag.errors import TooManyExports

Format = Literal["markdown", "json"]
ENDINGS = {"markdown": "md", "json": "json"}
MEDIA_TYPES = {"markdown": "text/markdown", "json": "application/json"}
PAGE_MESSAGES = 200
PAGE_BYTES = 256_000
"""A page ends with the message that reaches one of these limits. Two pages of an export are in memory: one
is being sent, and one waits to be sent."""

EXPORTS_AT_A_TIME = 40
PAGES_AT_A_TIME = 2
NAME_BYTES = 180
"""File systems allow 255 bytes, which include the ending and what a browser adds to a second file of the
same name."""
FORBIDDEN = frozenset('\\/:*?"<>|')
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
"""Names that Windows takes for a device, whatever ending follows ("Naming Files, Paths, and Namespaces")."""

OLD_NAMES = {"user": "You", "assistant": "Bot"}
"""The names in messages from before messages had authors."""

DELETED = "deleted account"

FindNames = Callable[[set[int]], Awaitable[dict[int, str]]]
"""`find_names(ids)` returns what people see as the names of those accounts that there are."""


class Incomplete(RuntimeError):
    """The thread was deleted while it was read: the file must not seem to be whole."""


class Exports:
    """The exports of one server process. Their number is limited, and so is how many of them read a page."""

    def __init__(self, messages: Messages, find_names: FindNames) -> None:
        self._messages = messages
        self._find_names = find_names
        self._count = 0
        self._reading = asyncio.Semaphore(PAGES_AT_A_TIME)

    async def write(self, thread: wire.Thread, reader: int, format: Format) -> AsyncIterator[bytes]:
        """Write a thread as a file for an account, up to the message that was the newest when the thread was
        read.

        Returns:
            The pieces of the file. They raise Incomplete if meanwhile the thread is deleted, or the account
            does not see it any more.

        Raises:
            TooManyExports
        """
        pieces = self._pieces(thread, reader, format)
        await anext(pieces)  # it has begun, so its `finally` lowers the count even if it is never read
        return pieces

    async def _pieces(self, thread: wire.Thread, reader: int, format: Format) -> AsyncGenerator[bytes]:
        if self._count >= EXPORTS_AT_A_TIME:
            raise TooManyExports()
        self._count += 1
        try:
            yield b""
            yield _head(thread, format)
            after = 0
            while after < thread.last_seq:
                async with self._reading:  # not while it is sent: a slow reader holds up nobody
                    after, text = await self._page(thread, reader, format, after)
                yield text
            yield b"\n]}\n" if format == "json" else b""
        finally:
            self._count -= 1

    async def _page(
        self, thread: wire.Thread, reader: int, format: Format, after: int
    ) -> tuple[int, bytes]:
        """Return the seq of the last message of the next page, and the page as a piece of the file."""
        page = await self._messages.page(
            thread.id,
            reader,
            before=thread.last_seq + 1,
            after=after,
            limit=PAGE_MESSAGES,
            most_bytes=PAGE_BYTES,
        )
        if not page:
            raise Incomplete(f"thread {thread.id} was deleted or hidden while it was exported")
        if format == "json":
            return page[-1].seq, b"".join(_as_json(message) for message in page)
        names = await self._find_names({message.author for message in page if message.author is not None})
        return page[-1].seq, b"".join(_as_markdown(message, names) for message in page)


def disposition(thread: wire.Thread, format: Format) -> str:
    """Return the value of `Content-Disposition` (RFC 6266), with the title as the name of the file."""
    name, ending = file_name(thread.title), ENDINGS[format]
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}.{ending}"


def file_name(title: str) -> str:
    """Turn a title into the name of a file that every system accepts and that shows its real ending."""
    # The category C of Unicode has the characters that cannot be seen: control characters, and those that
    # change the direction of the text, so that `gpj.exe` is shown as `exe.jpg`.
    seen = (" " if unicodedata.category(one)[0] in "CZ" or one in FORBIDDEN else one for one in title)
    name = " ".join("".join(seen).split()).strip(" .")
    short = name.encode()[:NAME_BYTES].decode(errors="ignore").strip(" .") or "chat"
    return f"_{short}" if RESERVED.match(short) else short


def _head(thread: wire.Thread, format: Format) -> bytes:
    if format == "json":
        return b'{"thread":' + json.encode(thread) + b',"messages":['
    return f"# {' '.join(thread.title.split())}\n".encode()


def _as_json(message: wire.Message) -> bytes:
    return (b"\n" if message.seq == 1 else b",\n") + json.encode(message)


def _as_markdown(message: wire.Message, names: Mapping[int, str]) -> bytes:
    moment = f"{message.created_at:%Y-%m-%d %H:%M} UTC"
    if message.role == "system":
        return f"\n*{message.content}* {moment}\n".encode()
    if message.author is not None:
        name = names.get(message.author, DELETED)
    else:
        name = message.written_by or OLD_NAMES[message.role]
    return f"\n**{name}**, {moment}\n\n{message.content}\n".encode()
