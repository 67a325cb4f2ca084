"""What a server says of its health, with a stable code for each thing that may be wrong."""

from enum import StrEnum
from typing import Literal, Self

from msgspec import Struct


class HealthCode(StrEnum):
    """What may be wrong with a server, for `/health/ready` and `/metrics`.

    A test compares this table with the one in docs/metrics.md.

    Attributes:
        is_ready: whether the server serves nevertheless: the load balancer should go on sending browsers.
        meaning: what has happened, and what to do, in Markdown.
    """

    is_ready: bool
    meaning: str

    def __new__(cls, code: str, is_ready: bool, meaning: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.is_ready = is_ready
        member.meaning = meaning
        return member

    DATABASE_UNAVAILABLE = "database_unavailable", False, (
        "The database cannot be reached, or does not answer. The server tries again by itself, all the "
        "time; look after PostgreSQL and the network."
    )
    DEAF = "deaf", False, (
        "The database answers, but no notification arrives: a transaction pooler cannot carry LISTEN. Set "
        "`listen_url` to go around it."
    )
    NO_RELAY = "no_relay", False, (
        "Relays alone notify messages (`chinwag relay only on`), and this server hears none: set `relay_url`."
    )
    RELAY_SILENT = "relay_silent", False, (
        "No relay is heard, and this server depends on one. It tries all of its `relay_url` again, all the "
        "time; look after `chinwag relay run`."
    )
    DATABASE_READ_ONLY = "database_read_only", False, (
        "The database takes no writes: it is a standby, or `default_transaction_read_only` is on. Let the "
        "URL lead to the primary; with several hosts in it, add `target_session_attrs=read-write`."
    )
    REPAIRING = "repairing", False, (
        "The server hears the database again, and is reading what it has missed. It takes a moment."
    )
    SCHEMA_TOO_OLD = "schema_too_old", False, (
        "The schema of the database is older than this server: run `chinwag migrate`."
    )
    DRAINING = "draining", False, (
        "The server was told to stop and goes on for `drain_seconds`, so that the load balancer sends "
        "nobody here any more."
    )
    SCHEMA_TOO_NEW = "schema_too_new", True, (
        "A newer version has migrated the database. Servers of the version right before it may go on; end "
        "the upgrade."
    )
    NOTIFICATION_QUEUE_OVER_HALF = "notification_queue_over_half", True, (
        "PostgreSQL's queue of notifications is more than half full. When it is full, no message can be "
        "stored. Some session has listened, and has been in a transaction for long: find it in "
        "`pg_stat_activity`, and end it."
    )


class HealthProblem(Struct, frozen=True):
    """Something that is wrong with a server. `code` is stable; `detail` is for people."""

    code: HealthCode
    detail: str


class Health(Struct, frozen=True):
    """The state of a server. A server that is ready may have problems, too, of which somebody should know."""

    status: Literal["ok", "not ready"]
    problems: list[HealthProblem] = []
