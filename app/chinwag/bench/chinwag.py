"""Chinwag's frames and rows, described for the load generator (chinwag.bench.load)."""

import re
from urllib.parse import urlsplit

import msgspec

from chinwag.bench.clients import Encode
from chinwag.bench.inserter import Insert
from chinwag.bench.numbered import Wire

CHANNEL = "chinwag"

INSERT = """
    insert into message (thread_id, content)
    select $3::bigint, number || ' ' || repeat('x', $4::int - 1 - length(number::text))
    from generate_series($1::bigint, $1::bigint + $2::bigint - 1) as number
"""


# The numbers come before the content, so that a long message costs no more than a short one.
MESSAGE = re.compile(rb'\{"type":"message",.*?"seq":(\d+)')
READY = re.compile(rb'\{"type":"ready",.*?"last_seq":(\d+)')


def message_number(payload: memoryview) -> int:
    """Return the number of the message in a frame; -1 for any other frame."""
    found = MESSAGE.match(payload)
    return int(found[1]) if found else -1


def newest_number(payload: memoryview) -> int:
    """Return the number of the newest message in the frame that says that a socket is live; -1 for any other
    frame."""
    found = READY.match(payload)
    return int(found[1]) if found else -1


WIRE = Wire(number=message_number, ready=newest_number)


def encoder(size: int) -> Encode:
    """Return a function that makes frames with messages of `size` characters."""
    rest = "x" * size
    return lambda number: msgspec.json.encode({"content": f"{number} {rest}"[:size]})


def socket_url(url: str, thread: int) -> str:
    """Return the URL of a thread's WebSocket on a server."""
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return parts._replace(scheme=scheme, path=f"/api/v1/ws/threads/{thread}").geturl()


def insert(database_url: str, thread: int, size: int) -> Insert:
    """Return the way to insert messages of `size` characters into a thread."""
    return Insert(database_url, INSERT, (thread, size))
