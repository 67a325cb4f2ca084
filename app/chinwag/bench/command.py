"""The command `chinwag bench`: fanout, ingest, latency, connections, writers."""

import logging
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from chinwag.errors import ChinwagError
from chinwag.logs import configure_logs
from chinwag.open_files import allow_many_sockets
from chinwag.settings import load_settings

if TYPE_CHECKING:
    from chinwag.bench.measures import Scale
    from chinwag.bench.report import Figure
    from chinwag.bench.subject import Subject, Subjects

# Everything else is imported by the commands, so that `chinwag --help` works without picows.

Option = Callable[[Callable[..., None]], Callable[..., None]]

RUNS = "Number of runs; the median is shown."
DELAY = "Have each fsync take so much longer, as on a network disk. It takes Linux and a C compiler."


@dataclass(frozen=True)
class Common:
    """The options of every benchmark."""

    url: str | None
    pid: tuple[int, ...]
    repeat: int
    fsync: bool
    fsync_delay_ms: float
    json: bool

    @property
    def shown(self) -> dict[str, object]:
        """The options that are needed to repeat the measurement."""
        if self.url is None:
            delay = {"fsync_delay_ms": f"{self.fsync_delay_ms:g}"} if self.fsync_delay_ms else {}
            return {"repeat": self.repeat, "fsync": self.fsync, **delay}
        return {"repeat": self.repeat, "url": self.url}


@click.group()
def bench() -> None:
    """Measure how fast Chinwag is on this computer.

    Each benchmark starts a PostgreSQL of its own in a temporary directory and a server of its own, and leaves
    nothing behind. With --url it measures a server that runs already, in new threads that it deletes at the
    end. The benchmarks that write in SQL then need DATABASE_URL, too.
    """


def common_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that all benchmarks have."""
    options: list[Option] = [
        click.option("--url", help="Measure this server, such as http://127.0.0.1:8000."),
        click.option("--pid", type=int, multiple=True, help="Id of a process of that server, to measure it."),
        click.option("--repeat", default=3, show_default=True, type=click.IntRange(1), help=RUNS),
        click.option("--fsync/--no-fsync", default=True, help="Whether commits wait for the disk."),
        click.option("--fsync-delay-ms", default=0.0, type=click.FloatRange(0), help=DELAY),
        click.option("--json", is_flag=True, help="Print the result as JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def amount(name: str, default: float, help: str) -> Option:
    """Make an option that is a number, and at least 1 or, with decimals, 0.1."""
    kind = click.IntRange(1) if isinstance(default, int) else click.FloatRange(0.1)
    return click.option(name, default=default, show_default=True, type=kind, help=help)


SECONDS = amount("--seconds", 3.0, "Length of a run, in seconds.")
SIZE = click.option(
    "--size", default=20, show_default=True, type=click.IntRange(12, 30_000), help="Characters in a message."
)


@bench.command()
@amount("--sockets", 500, "WebSockets, all in one thread.")
@amount("--rows-per-commit", 1, "Messages that one statement inserts.")
@amount("--in-flight", 64, "Messages that are on their way at a time.")
@SIZE
@SECONDS
@common_options
def fanout(**options: Any) -> None:
    """Measure the deliveries per second to many sockets in one thread.

    The messages are inserted in SQL, as fast as they are delivered.
    """
    _measure("fanout", options)


@bench.command()
@amount("--sockets", 200, "WebSockets, each in a thread of its own.")
@SIZE
@SECONDS
@common_options
def ingest(**options: Any) -> None:
    """Measure the messages per second from a browser to a row and back.

    Each socket sends its next message when its last one has come back.
    """
    _measure("ingest", options)


@bench.command()
@amount("--sockets", 100, "WebSockets in one thread. One socket alone is measured, too.")
@amount("--rate", 200, "Messages per second.")
@SIZE
@SECONDS
@common_options
def latency(**options: Any) -> None:
    """Measure the time from an INSERT in SQL to the socket, at a constant rate.

    The time is measured from before the INSERT until the frame is read. For comparison, it is also measured
    until a bare client that LISTENs on the same database is notified.
    """
    _measure("latency", options)


@bench.command()
@amount("--sockets", 5000, "WebSockets that are open at the same time.")
@amount("--threads", 50, "Threads over which the sockets are spread.")
@common_options
def connections(**options: Any) -> None:
    """Measure the handshakes per second, and the memory of an idle socket.

    A handshake ends with `ready`. The memory is the amount by which the server's processes have grown.
    """
    _measure("connections", options)


@bench.command()
@click.option(
    "--writers", default=(1, 4, 16, 64), type=click.IntRange(1, 150), multiple=True, help="May be repeated."
)
@amount("--seconds", 3, "Length of a run, in seconds.")
@SIZE
@common_options
def writers(**options: Any) -> None:
    """Measure the commits per second of SQL writers: 1, 4, 16 and 64.

    pgbench writes one message per commit, each writer to a thread of its own. On a PostgreSQL that the
    benchmark has started, it measures two other databases, too: one has all triggers but does not notify, and
    the messages of the other one are notified by a relay alone (docs/relays.md).
    """
    _measure("writers", options)


def _measure(name: str, options: dict[str, Any]) -> None:
    # SIGTERM ends the command as Ctrl-C does: what was started is stopped, and what was created is deleted.
    """Run a benchmark as often as asked, and print its results."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    configure_logs("text")
    logging.getLogger().setLevel(logging.WARNING)
    common = Common(**{key: options.pop(key) for key in Common.__dataclass_fields__})
    from chinwag.bench import report
    from chinwag.bench.measures import Scale

    scale, progress = Scale(**options), report.Progress()
    measure = _measure_of(name)
    allow_many_sockets()
    runs = []
    with _subjects(common) as subjects:
        for count in range(common.repeat):
            progress.begin(f"{name}, run {count + 1} of {common.repeat}")
            with subjects() as subject:
                runs.append(measure(subject, scale, progress))
    progress.end()
    results = report.summed_up(runs)
    asked = options | common.shown
    click.echo(report.as_json(name, asked, results) if common.json else report.table(name, asked, results))


def _measure_of(name: str) -> "Callable[[Subject, Scale, Callable[[str], None]], list[Figure]]":
    from chinwag.bench import measures
    from chinwag.bench.writers import writers

    return {
        "fanout": measures.fanout,
        "ingest": measures.ingest,
        "latency": measures.latency,
        "connections": measures.connections,
        "writers": writers,
    }[name]


def _subjects(common: Common) -> "AbstractContextManager[Subjects]":
    """Return what is measured: new servers of our own, or the one at --url."""
    from chinwag.bench.subject import own_subjects, running_subject

    if common.fsync_delay_ms and (common.url or not common.fsync):
        raise ChinwagError("--fsync-delay-ms works neither with --url nor with --no-fsync")
    if common.url is None:
        return own_subjects(fsync=common.fsync, fsync_delay_ms=common.fsync_delay_ms)
    if not common.url.startswith(("http://", "https://")):
        raise ChinwagError(f"--url: {common.url} is not the URL of a server, such as http://127.0.0.1:8000")
    return running_subject(common.url, common.pid, load_settings().database_url)
