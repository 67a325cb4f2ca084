"""The page about teams, with its tables, in Markdown."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from bench.growth.chinwag import CHINWAG
from bench.growth.crowd import CONNECTING
from bench.people.measure import PAGE, RATE, Values
from bench.people.team import HISTORY, OPEN_THREADS, SEED, Size
from bench.report import machine, number


class Table(NamedTuple):
    """A section of the page: its title, what is done, and the columns of its table."""

    title: str
    about: str
    columns: Mapping[str, str]
    """By the key of a figure, its title with the unit."""


METHOD = f"""\
One server, PostgreSQL and the load generator share this machine. Each account is a person with a session of
its own, and the server knows it by this session alone. *Threads* are those that only their members see. Each
has the given number of members, drawn at random with the seed {SEED}, so that an account is in
threads × members / accounts of them. {OPEN_THREADS} open threads, which all see, are added to them. In the
last row everybody is a member of every thread. Each thread begins with {HISTORY} messages, of which its
members have read none, some or all, and every fifth membership has a mention.

A round counts only if each list has heard of the messages of each thread that its account sees, exactly once
each time, and of no other thread, each socket of a thread has received each message once and in order, and
each list over HTTP has only threads that its reader sees. A figure is the median of the rounds. PostgreSQL
waits for the disk at each commit, and the bot is off. The CPU time is what the kernel counts for the
processes, in ticks of 10 ms."""

TABLES = (
    Table(
        "All join at once",
        """\
The lists of all are opened at the same time, as after a restart: the server has just started, and asks the
database about each session, over connections that it opens for that. Then the lists are lost, and opened
again at the same time, and the server knows the sessions. The time runs from the start of a connection
until `ready`; with many, most of it is spent waiting for the others. With 1,000, either the server or the
load generator is busy for the whole time: where neither is near 100 % of a core, other programs had the
processor, and the rate could be higher.""",
        {
            "new_joins": "new to the server, joins/s",
            "new_median_ms": "median, ms",
            "new_p99_ms": "99th percentile, ms",
            "new_share": "server, % of a core",
            "known_joins": "known, joins/s",
            "known_median_ms": "median, ms",
            "known_p99_ms": "99th percentile, ms",
            "known_share": "server, % of a core",
            "known_load_share": "load generator, % of a core",
        },
    ),
    Table(
        "One more joins",
        f"""\
While all are there, each with a list and a thread, another browser after the other opens the list, of people
whom the server knows. Then the list is read over HTTP (`GET /api/v1/threads`), as the page does after
`ready`, by one person after the other: the newest {PAGE} threads at most, with what is unread and the
mentions. Nearly all of what this costs PostgreSQL is to make the JSON of each thread.""",
        {
            "one_median_ms": "join, median, ms",
            "one_p99_ms": "99th percentile, ms",
            "read_threads": "threads on the page",
            "read_median_ms": "reading, median, ms",
            "read_p99_ms": "99th percentile, ms",
            "read_server_ms": "CPU of the server, ms",
            "read_database_ms": "of PostgreSQL, ms",
        },
    ),
    Table(
        "Memory",
        f"""\
The resident memory of a server that has just started, and by how much it has grown when all lists are there,
with the sessions that it remembers, when each person has a thread, too, and after the messages of the next
table, when it remembers who sees which thread. {CONNECTING} connect at a time. If all join at once, the
server needs more for a moment, which stays with the process: the last column has it for the lists alone. The
growth that is divided by few accounts is mostly what all of them share.""",
        {
            "alone_mib": "nobody, MiB",
            "list_kib": "a list, KiB",
            "thread_kib": "a socket of a thread, KiB",
            "both_mib": "all there, MiB",
            "after_mib": "after the messages, MiB",
            "rush_mib": "all lists at once, MiB",
        },
    ),
    Table(
        "Messages",
        f"""\
While all are there, {RATE} messages a second are inserted, one per commit, each into a random thread and for
a random person who sees it. A delivery is a frame that a list or a socket of the thread gets. The server
gathers for 250 ms what it tells the lists, and writes to each of them once; of several messages of a thread,
the lists hear of the last one. So with few threads there are fewer deliveries than there are people who see
the thread, and where people see many threads, a delivery costs less. The CPU is that of the server and of
PostgreSQL's connections. What they use while nobody writes (pings, heartbeats) was measured before, and is
subtracted. The time to the last list runs from the `INSERT` until the last of the lists that should has heard
of it; the time to a socket of the thread, until the load generator has read the frame. Both include the time
in which the load generator reads what the others get.""",
        {
            "rate": "messages/s",
            "list_deliveries": "deliveries to lists, a message",
            "thread_deliveries": "to sockets of the thread",
            "server_us": "CPU of the server, µs a message",
            "database_us": "of PostgreSQL, µs",
            "idle_share": "server while nobody writes, % of a core",
            "last_median_ms": "to the last list, median, ms",
            "last_p99_ms": "99th percentile, ms",
            "frame_median_ms": "to a socket of the thread, median, ms",
            "frame_p99_ms": "99th percentile, ms",
            "load_share": "load generator, % of a core",
        },
    ),
)


def render(
    figures: Mapping[Size, Values], command: str, rounds: int, postgres: str, loads: tuple[float, float]
) -> str:
    """Return the page in Markdown.

    Args:
        loads: the load average of the machine when the run began, and at its end.
    """
    parts = [
        "# What a team costs",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with",
        f"    {command.rstrip()}",
        f"which wrote this page: {rounds} rounds. {machine()}. Its load average was "
        f"{loads[0]:.1f} when the run began and {loads[1]:.1f} at its end.",
        METHOD,
    ]
    for table in TABLES:
        parts += [f"## {table.title}", table.about, _rows(table, figures)]
    versions = f"Chinwag on {CHINWAG.version()}; PostgreSQL {postgres}, Python {platform.python_version()}"
    return "\n\n".join([*parts, "## Versions", f"- {versions}"]) + "\n"


def _rows(table: Table, figures: Mapping[Size, Values]) -> str:
    head = ["accounts", "threads", "members of each", *table.columns.values()]
    rows = [head, ["--:" for _ in head]]
    for size, values in figures.items():
        sizes = [f"{count:,}" for count in (size.accounts, size.threads, size.members)]
        rows.append([*sizes, *(number(values[key]) for key in table.columns)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
