"""The page about capacity, with its formula and its tables, in Markdown."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.capacity.model import MEASURED_BY, Units, predict
from bench.capacity.plan import Machines, People, limits, relays_for
from bench.capacity.situation import Situation, Use
from bench.growth.chinwag import CHINWAG
from bench.report import machine, number

PLANS = ((1, False), (10, False), (10, True), (100, False), (100, True))
"""Numbers of servers, without relays and with them."""

UNITS = (
    ("hear", "a server hears a message; each server hears each", "µs"),
    ("deliver", "it writes the message to a socket that reads the thread", "µs"),
    ("type", "it reads a message from a socket, and stores it", "µs"),
    ("list", "it tells one list of threads that a thread is active", "µs"),
    ("handshake", "it opens a socket, until `ready`", "µs"),
    ("commit", "PostgreSQL commits a row that is inserted in SQL", "µs"),
    ("stored", "PostgreSQL commits a message that a server stores", "µs"),
    ("wake", "PostgreSQL notifies one server of a message", "µs"),
    ("idle", "a server rests, for a second", "µs"),
    ("idle_database", "PostgreSQL rests, for a second", "µs"),
    ("socket", "memory of an idle socket", "bytes"),
    ("server", "memory of a server without sockets", "MiB"),
    ("wal", "log that PostgreSQL writes for a message", "bytes"),
    ("commits", "rows a second, one in a commit, when each notifies", "a second"),
    ("quiet_commits", "the same, when relays notify", "a second"),
)
"""The unit costs: key, meaning and unit."""

METHOD = """\
How many servers, and how large a PostgreSQL, for how many people? This page has what each part of the work
costs, a formula that adds the parts up, and situations that the formula was not made of, to see how far it
is right. Your machines and your people are others: measure the unit costs there with the same command, and
put your numbers into the formula.

The servers, PostgreSQL and the load generator share this machine, but the processor time of each is counted
by itself. Messages are written at random moments (a Poisson process) at a steady rate that the machine
bears easily; a busier server needs less for each message, because it stores and pushes several at a time. A
round counts only if every socket has received every message of its thread once and in order. PostgreSQL
waits for the disk at each commit, and the bot is off. A figure is the median of the rounds. The kernel
counts processor time in ticks of 10 ms."""

FORMULA = """\
With *N* servers, on each of which *r* sockets read a thread and *l* lists of threads are told of a message:

    processor of a server, µs a second =
        idle + typed / N × type + messages × hear + messages × r × deliver + messages × l × list
             + handshakes / N × handshake

    processor of PostgreSQL, µs a second =
        idle_database + typed × stored + inserted × commit + messages × N × wake

    memory of a server = server + sockets / N × socket
    log of PostgreSQL, bytes a second = messages × wal

*messages* are all that are written in a second: those that are *typed* into a page, over all servers
together, and those that are *inserted* in SQL. A list gathers for a quarter of a second, and is told once of
each thread that was active: *l* counts it once in that time. A server process uses one core at most
(`--workers` starts several, and each counts as a server here)."""

CHECKED = """\
Nothing of these situations was used for the unit costs. Each cell has what was measured, and in brackets how
many times as much that is as the formula says."""

PLAN = """\
Everybody has a page open, with a socket for a thread and one for the list of threads, writes a message
every {every} s, and opens the page anew every {stays} minutes. A message goes to {readers} sockets and
{lists} lists. {share} of each processor is used, so that a peak and the loss of a server are survived;
PostgreSQL has {cores} cores. Each message is a commit of its own. The columns have how many people each
resource carries; the smallest counts. With [relays](relays.md), each of which has as many cores as the
primary, the primary wakes no servers, and its commits do not run one after another."""

NOT_RUN = """\
10 and 100 servers were not run: these lines are what the formula says. [growth.md](growth.md) has up to
32 servers on one machine."""

LIMITS = """\
- **Hearing is the floor.** Each server hears each message, so servers alone do not help without end: at
  {floor} messages a second a server would do nothing but hear what others write.
- **PostgreSQL wakes each server for each message.** With {even} servers that costs it as much as the
  message itself. [Relays](relays.md) take that off the primary: each wakes its own servers, and has its own
  cores.
- **Commits that notify run one after another**, from before the commit until the disk has it: {commits} a
  second here. A server stores what arrives together in one commit, so a cluster that is busy stores more
  messages than this; rows that SQL inserts one by one do not. What counts is how long the disk takes to
  sync: [relays.md](relays.md) has the same with a disk that takes 2 ms longer, and with a relay. A network
  disk takes that long, and it was with heavy concurrent writes in production that [this lock was reported as
  the limit](https://simonwillison.net/2025/Jul/11/postgres-listen-notify/).
- **Connections to PostgreSQL**: each server has `pool_size` of them, which is 8, and one that listens. 100
  servers need 900: use [a transaction pooler](operating.md#pgbouncer), or smaller pools.
- **Open files**: each socket is one. `max_connections` and `ulimit -n` limit them.
- **Many in one thread**: a message to 10,000 sockets of one server takes {hall} of its core, and those who
  read it last get it that much later. Spread them over servers."""


def render(
    units: Units, checks: Sequence[tuple[Situation, Use]], command: str, rounds: int, postgres: str
) -> str:
    """Return the page in Markdown."""
    people, machines = People(), Machines()
    parts = [
        "# Capacity",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with",
        f"    {command}",
        f"which wrote this page: {rounds} rounds. {machine()}.",
        METHOD,
        "## What the parts cost",
        _table(["name", "what it is", "cost"], [_unit(units, *one) for one in UNITS]),
        "They were made of these situations: " + "; ".join(_told(one) for one in MEASURED_BY.values()) + ".",
        "## The formula",
        FORMULA,
        "## How far it is right",
        CHECKED,
        _table(
            ["situation", "a server, % of a core", "PostgreSQL, % of a core", "log, kB/s"],
            [_check(units, situation, use) for situation, use in checks],
        ),
        "The situations: " + "; ".join(_told(situation) for situation, _ in checks) + ".",
        "## What 1, 10 and 100 servers carry",
        PLAN.format(
            every=f"{people.writes_every:g}",
            stays=f"{people.stays / 60:g}",
            readers=f"{people.readers:g}",
            lists=f"{people.lists:g}",
            share=f"{machines.share:.0%}",
            cores=machines.database_cores,
        ),
        _table(
            [
                "servers",
                "the servers' cores",
                "PostgreSQL's cores",
                "commits",
                "people",
                "messages/s",
                "sockets of a server",
                "memory of a server, MiB",
                "log, MB/s",
            ],
            [_plan(units, servers, people, machines, relays=relays) for servers, relays in PLANS],
        ),
        NOT_RUN,
        "## Where the limits are",
        LIMITS.format(
            floor=number(1e6 / units.hear),
            even=number(max(1, units.stored / units.wake)),
            commits=number(units.commits),
            hall=f"{units.deliver * 10_000 / 1_000:.0f} ms",
        ),
        "## Versions",
        f"- Chinwag on {CHINWAG.version()}\n- PostgreSQL {postgres}, Python {platform.python_version()}",
    ]
    return "\n\n".join(parts) + "\n"


def _unit(units: Units, key: str, meaning: str, unit: str) -> list[str]:
    value = getattr(units, key)
    return [f"*{key}*", meaning, f"{number(value / 2**20 if unit == 'MiB' else value)} {unit}"]


def _told(situation: Situation) -> str:
    words = [f"{situation.servers} servers"] if situation.servers > 1 else []
    if situation.readers:
        each = " on each" if situation.servers > 1 else ""
        threads = f"{situation.threads} threads" if situation.threads > 1 else "a thread"
        sockets = f"{situation.readers:,} sockets" if situation.readers > 1 else "a socket"
        words.append(f"{threads} of {sockets}{each}")
    if situation.lists:
        words.append(f"{situation.lists} lists of threads")
    rates = {name: getattr(situation, name) for name in ("typed", "inserted", "unread")}
    words += [f"{rate:g} messages/s {name}" for name, rate in rates.items() if rate]
    return f"*{situation.title}* ({', '.join(words)})"


def _check(units: Units, situation: Situation, use: Use) -> list[str]:
    said = predict(units, situation)
    cells = [
        (100 * use.server, 100 * said.server),
        (100 * use.database, 100 * said.database),
        (use.wal / 1000, said.wal / 1000),
    ]
    return [situation.title, *(f"{number(found)} ({_times(found, right)})" for found, right in cells)]


def _times(found: float, said: float) -> str:
    return f"{found / said:.2f}" if said > 0 else "–"  # too short a run has costs below 0


def _plan(units: Units, servers: int, people: People, machines: Machines, *, relays: bool) -> list[str]:
    found = limits(units, servers, people, machines, relays=relays)
    rate = found.people / people.writes_every
    sockets = 2 * found.people / servers
    memory = (units.server + sockets * units.socket) / 2**20
    carried = [found.server, found.database, found.commits, found.people]
    number_of_relays = relays_for(units, servers, rate, machines)
    return [
        f"{servers}, relays: {number_of_relays}" if relays else str(servers),
        *(f"{round(one, -2):,.0f}" for one in carried),
        number(rate),
        number(sockets),
        number(memory),
        number(rate * units.wal / 1e6),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
