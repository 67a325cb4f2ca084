"""A thread as a file: for people as Markdown, for programs as JSON."""

import re
from collections.abc import AsyncIterator
from typing import Literal
from urllib.parse import quote

from msgspec import json

from app import messages, wire
from app.database import Pool

Format = Literal["markdown", "json"]
ENDINGS = {"markdown": "md", "json": "json"}
MEDIA_TYPES = {"markdown": "text/markdown", "json": "application/json"}
PAGE = 50
"""Messages in memory at a time, each of which can have 1 MB."""
NAMES = {"user": "You", "assistant": "Bot"}


class Incomplete(RuntimeError):
    """The thread was deleted while it was read."""


def disposition(thread: wire.Thread, format: Format) -> str:
    """The value of `Content-Disposition` (RFC 6266), with the title as the name of the file."""
    allowed = re.sub(r'[\\/:*?"<>|\x00-\x1f\x7f]', " ", thread.title)
    name = " ".join(allowed.split())[:100].strip(" .") or "chat"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    ending = ENDINGS[format]
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}.{ending}"


async def written(pool: Pool, thread: wire.Thread, format: Format) -> AsyncIterator[bytes]:
    """The file, in pieces, up to the message that was the newest when it was asked for.

    Raises:
        Incomplete: the file must not seem to be whole.
    """
    yield _head(thread, format)
    after = 0
    while after < thread.last_seq:
        before = thread.last_seq + 1
        page = await messages.page(pool, thread.id, before=before, after=after, limit=PAGE)
        if not page:
            raise Incomplete(f"thread {thread.id} was deleted while it was exported")
        yield b"".join(_written(message, format) for message in page)
        after = page[-1].seq
    yield b"\n]}\n" if format == "json" else b""


def _head(thread: wire.Thread, format: Format) -> bytes:
    if format == "json":
        return b'{"thread":' + json.encode(thread) + b',"messages":['
    return f"# {' '.join(thread.title.split())}\n".encode()


def _written(message: wire.Message, format: Format) -> bytes:
    if format == "json":
        return (b"\n" if message.seq == 1 else b",\n") + json.encode(message)
    moment = f"{message.created_at:%Y-%m-%d %H:%M} UTC"
    return f"\n**{NAMES[message.role]}**, {moment}\n\n{message.content}\n".encode()
