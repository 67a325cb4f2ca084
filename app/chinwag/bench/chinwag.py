"""Chinwag's frames and rows, described for the load generator (chinwag.bench.load)."""

from urllib.parse import urlsplit

import msgspec

from chinwag.bench.client import Wire
from chinwag.bench.inserter import Insert

CHANNEL = "chinwag"

INSERT = """
    insert into message (thread_id, content)
    select $3::bigint, number || ' ' || repeat('x', $4::int - 1 - length(number::text))
    from generate_series($1::bigint, $1::bigint + $2::bigint - 1) as number
"""


class Data(msgspec.Struct):
    seq: int = -1


class Frame(msgspec.Struct):
    type: str
    data: Data = msgspec.field(default_factory=Data)


def number(payload: memoryview) -> int:
    return decode(payload).data.seq


def is_ready(payload: memoryview) -> bool:
    return decode(payload).type == "ready"


def wire(size: int) -> Wire:
    """For messages of `size` characters."""
    rest = "x" * size

    def encode(number: int) -> bytes:
        return msgspec.json.encode({"content": f"{number} {rest}"[:size]})

    return Wire(number=number, encode=encode, is_ready=is_ready)


def socket_url(url: str, thread: int) -> str:
    """Of a server's URL, that of a thread's WebSocket."""
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return parts._replace(scheme=scheme, path=f"/api/v1/ws/threads/{thread}").geturl()


def insert(database_url: str, thread: int, size: int) -> Insert:
    """For messages of `size` characters."""
    return Insert(database_url, INSERT, (thread, size))


decode = msgspec.json.Decoder(Frame).decode
