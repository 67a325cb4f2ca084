"""The time from an INSERT to a socket, where the primary notifies messages and where a relay does."""

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chinwag.bench import chinwag, load
from chinwag.bench.measures import run
from chinwag.bench.pgbench import pgbench
from chinwag.bench.place import Place
from chinwag.bench.relayed import relayed_subject
from chinwag.bench.span import Latencies
from chinwag.bench.subject import Subject, new_threads, own_subject

SIZE = 20
IDLE_RATE = 100
BUSY_RATE = 40
"""Messages a second whose way is timed: beside writers, so few that no INSERT waits for the one
before it."""

DIRECT, RELAY = "the primary notifies", "a relay notifies"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Load:
    """What else is written meanwhile.

    Attributes:
        rate: in commits a second of all writers together; 0: as many as possible.
    """

    name: str
    writers: int = 0
    rate: float = 0


@dataclass(frozen=True)
class Taken:
    """The medians of the rounds, in ms, and of the ratios to the direct way in the same round."""

    median_ms: float
    p99_ms: float
    median_ratio: float
    p99_ratio: float


def loads(writers: int, rate: float) -> tuple[Load, ...]:
    return (
        Load("idle"),
        Load(f"{writers} writers, {rate:g} commits/s together", writers, rate),
        Load(f"{writers} writers, as fast as they can", writers),
    )


def measure(
    place: Place, what: tuple[Load, ...], *, rounds: int, seconds: float, tell: Tell
) -> dict[tuple[str, str], Taken]:
    """Measure both ways in turn under each load, and return what was taken, by load and way."""
    values: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with _subjects(place) as ways:
        for number in range(1, rounds + 1):
            for one in what:
                for name, subject in ways.items():
                    latencies = _latencies(subject, one, seconds)
                    median, p99 = latencies.median * 1000, latencies.p99 * 1000
                    values[one.name, name].append((median, p99))
                    tell(f"round {number}/{rounds}  {one.name}, {name}: {median:.2f} ms, 99 % {p99:.2f} ms")
    return {key: _taken(taken, values[key[0], DIRECT]) for key, taken in values.items()}


def table(taken: dict[tuple[str, str], Taken]) -> str:
    """Return what was taken as a table in Markdown."""
    lines = ["| load | messages | median, ms | 99th percentile, ms |", "| --- | --- | --: | --: |"]
    for (what, way), one in taken.items():
        ratios = ("", "") if way == DIRECT else (f" ({one.median_ratio:.2f} ×)", f" ({one.p99_ratio:.2f} ×)")
        lines.append(f"| {what} | {way} | {one.median_ms:.2f}{ratios[0]} | {one.p99_ms:.2f}{ratios[1]} |")
    return "\n".join(lines)


@contextlib.contextmanager
def _subjects(place: Place) -> Iterator[dict[str, Subject]]:
    """Run a server on a primary that notifies messages, and one on another primary with a relay. While one is
    measured, the other one does nothing."""
    with (
        place.postgres("postgres") as postgres,
        own_subject(postgres, place) as direct,
        relayed_subject(place) as relayed,
    ):
        yield {DIRECT: direct, RELAY: relayed}


def _latencies(subject: Subject, what: Load, seconds: float) -> Latencies:
    with new_threads(subject, 1 + what.writers) as [thread, *others]:
        return run(_timed(subject, thread, others, what, seconds))


async def _timed(
    subject: Subject, thread: int, others: list[int], what: Load, seconds: float
) -> Latencies:
    url = chinwag.socket_url(subject.url, thread)
    insert = chinwag.insert(subject.database, thread, SIZE)
    async with contextlib.AsyncExitStack() as stack:
        if others:
            writers = await stack.enter_async_context(pgbench(subject.database, others, SIZE, rate=what.rate))
            assert writers.stdout
            for _ in range(2):
                await writers.stdout.readline()  # the second line tells of the first second
        rate = BUSY_RATE if others else IDLE_RATE
        return await load.latency(url, chinwag.WIRE, insert, rate=rate, seconds=seconds)


def _taken(values: list[tuple[float, float]], direct: list[tuple[float, float]]) -> Taken:
    medians, p99s = zip(*values, strict=True)
    ratios = [(one[0] / base[0], one[1] / base[1]) for one, base in zip(values, direct, strict=True)]
    return Taken(
        statistics.median(medians),
        statistics.median(p99s),
        statistics.median(ratio for ratio, _ in ratios),
        statistics.median(ratio for _, ratio in ratios),
    )
