"""The model: what a situation uses, from what each of its parts costs."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.capacity.situation import UNREAD, Situation, Use

MEASURED_BY = {
    "idle": Situation("nothing is written", threads=50, readers=2),
    "hear": Situation("rows that nobody reads", unread=400),
    "deliver": Situation("a thread of 200 sockets", readers=200, inserted=100),
    "type": Situation("people in threads of one", threads=100, readers=1, typed=150),
    "list": Situation("200 lists of threads", lists=200, unread=50),
    "wake": Situation("rows that nobody reads, 4 servers", servers=4, unread=400),
}
"""The situations of which the unit costs are made."""

CHECKS = (
    Situation("an office", threads=40, readers=10, lists=100, typed=150),
    Situation("a hall", threads=1, readers=1_000, typed=15),
    Situation("two servers", servers=2, threads=20, readers=10, typed=150, inserted=100),
    Situation("four servers and a busy importer", servers=4, threads=10, readers=5, inserted=100, unread=300),
    Situation("eight servers", servers=8, threads=20, readers=2, typed=200),
)
"""Situations of which nothing is made: they show how far the model is right."""

TOLD_SECONDS = 0.25
"""For so long a list of threads gathers what it is told (chinwag.push.lists)."""


@dataclass(frozen=True)
class Units:
    """What each part costs: processor time in µs, memory and log in bytes.

    Attributes:
        idle: the processor time of a server at rest, in µs a second.
        idle_database: that of PostgreSQL.
        hear: to hear a message; each server hears each message.
        deliver: to write a message to a socket.
        type: to read a message from a socket, and store it.
        list: to tell a list of a thread that is active.
        handshake: to open a socket, until it is `ready`.
        commit: to PostgreSQL, of a row that is inserted in SQL, without the servers that hear of it.
        stored: the same, of a message that a server stores.
        wake: to PostgreSQL, to notify a server of a message.
        wal: the log that PostgreSQL writes for a message.
        socket: the memory of an idle socket.
        server: the memory of a server without sockets.
        commits: the rows that may be inserted a second, one in a commit, when each notifies.
        quiet_commits: the same, when relays notify.
    """

    idle: float
    idle_database: float
    hear: float
    deliver: float
    type: float
    list: float
    handshake: float
    commit: float
    stored: float
    wake: float
    wal: float
    socket: float
    server: float
    commits: float
    quiet_commits: float


def units(used: Mapping[str, Use], others: Mapping[str, float]) -> Units:
    """Make the unit costs of what the situations of MEASURED_BY have used."""
    idle, hear, deliver, typed, listed, wake = (used[name] for name in MEASURED_BY)

    def cost(use: Use, part: str = "server") -> float:
        return float((getattr(use, part) - getattr(idle, part)) / use.rate * 1e6)

    heard = cost(hear)
    delivered = (cost(deliver) - heard) / MEASURED_BY["deliver"].readers
    waken = (cost(wake, "database") - cost(hear, "database")) / (MEASURED_BY["wake"].servers - 1)
    return Units(
        idle=idle.server * 1e6,
        idle_database=idle.database * 1e6,
        hear=heard,
        deliver=delivered,
        type=cost(typed) - heard - delivered,
        list=(cost(listed) - heard) / MEASURED_BY["list"].lists,
        commit=cost(hear, "database") - waken,
        stored=cost(typed, "database") - waken,
        wake=waken,
        wal=hear.wal / hear.rate,
        **others,
    )


def predict(units: Units, situation: Situation) -> Use:
    """Return what a situation should use."""
    rate, servers = situation.messages, situation.servers
    read = situation.typed + situation.inserted
    told = min(read, situation.threads / TOLD_SECONDS) + min(situation.unread, UNREAD / TOLD_SECONDS)
    of_server = (
        units.idle
        + situation.typed / servers * units.type
        + rate * units.hear
        + read * situation.readers * units.deliver
        + told * situation.lists * units.list
    )
    of_database = (
        units.idle_database
        + (rate - situation.typed) * units.commit
        + situation.typed * units.stored
        + rate * servers * units.wake
    )
    return Use(of_server / 1e6, of_database / 1e6, rate * units.wal, rate)
