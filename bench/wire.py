"""What the command tells the load generator, and what it is told back: one JSON object each way."""

from typing import Literal

import msgspec

Measure = Literal["fanout", "ingest", "latency", "connections"]
Dialect = Literal["plain", "socketio", "listen"]
"""How a server is spoken to. `listen` is no server, but a bare client of PostgreSQL that LISTENs."""


THREADS = 200
"""The number of threads in each database; their ids are 1, 2, 3 …"""


class Task(msgspec.Struct):
    """One measurement of one server."""

    measure: Measure
    dialect: Dialect
    url: str
    """The URL of a WebSocket, with `{thread}` in it; or the channel, for a bare LISTEN."""
    database_url: str
    hears_sql: bool
    """Whether a row that SQL inserts is pushed. If not, messages are written through the server's own
    sockets."""
    pid: int
    """The process of the server, for its CPU time and memory; 0 without a server."""
    sockets: int
    seconds: float
    batch: int = 1
    """The number of rows in a commit."""


class Result(msgspec.Struct):
    """The result of a measurement."""

    values: dict[str, float]
    load: float
    """The share of one core that the load generator used meanwhile."""
    server: float
    """The share of one core that the server used meanwhile."""
