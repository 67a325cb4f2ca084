"""What the command tells the load generator, and what it hears back; JSON, one object each way."""

from typing import Literal

import msgspec

Measure = Literal["fanout", "ingest", "latency", "connections"]
Dialect = Literal["plain", "socketio", "listen"]
"""How a socket is spoken to. `listen` is no socket: a bare client of PostgreSQL that LISTENs."""


THREADS = 200
"""In each database: their ids are 1, 2, 3 …."""


class Task(msgspec.Struct):
    """One measurement of one server."""

    measure: Measure
    dialect: Dialect
    url: str
    """Of a WebSocket, with `{thread}` in it; or the channel, for a bare LISTEN."""
    database_url: str
    hears_sql: bool
    """False: messages are written through its own sockets, for what SQL inserts is not pushed."""
    pid: int
    """The server's process, for its CPU and memory; 0 without a server."""
    sockets: int
    seconds: float
    batch: int = 1
    """Rows a commit."""


class Result(msgspec.Struct):
    """What was measured."""

    values: dict[str, float]
    load: float
    """The part of one core that the load generator used meanwhile."""
    server: float
    """And the server's process."""
