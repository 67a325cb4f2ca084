"""The measurements of `chinwag bench`: each function is one run and returns its figures."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import uvloop

from chinwag.bench import chinwag, load
from chinwag.bench.report import Figure
from chinwag.bench.span import Latencies
from chinwag.bench.subject import Subject, new_threads

T = TypeVar("T")


@dataclass(frozen=True)
class Scale:
    """The size of a measurement.

    Attributes:
        seconds: how long a run is counted.
        size: the characters of a message.
        in_flight: the number of messages that are under way at a time.
        rate: in messages a second.
        writers: the numbers of SQL writers.
    """

    sockets: int = 0
    seconds: float = 3
    size: int = 20
    threads: int = 1
    rows_per_commit: int = 1
    in_flight: int = 64
    rate: float = 200
    writers: tuple[int, ...] = ()


def fanout(subject: Subject, scale: Scale, watch: load.Watch) -> list[Figure]:
    """Measure the deliveries a second to many sockets in one thread."""
    database_url = subject.database
    with new_threads(subject, 1) as [thread]:
        span = run(
            load.fanout(
                chinwag.socket_url(subject.url, thread),
                chinwag.WIRE,
                chinwag.insert(database_url, thread, scale.size),
                sockets=scale.sockets,
                rows_per_commit=scale.rows_per_commit,
                in_flight=scale.in_flight,
                seconds=scale.seconds,
                processes=subject.processes,
                watch=watch,
            )
        )
    return [Figure("fan-out", "deliveries/s", span.rate, span.cpu)]


def ingest(subject: Subject, scale: Scale, watch: load.Watch) -> list[Figure]:
    """Measure the messages a second that go from browsers into rows and back to the browsers."""
    with new_threads(subject, scale.sockets) as threads:
        span = run(
            load.ingest(
                [chinwag.socket_url(subject.url, thread) for thread in threads],
                chinwag.WIRE,
                chinwag.encoder(scale.size),
                seconds=scale.seconds,
                processes=subject.processes,
                watch=watch,
            )
        )
    return [Figure("ingest", "messages/s", span.rate, span.cpu)]


def latency(subject: Subject, scale: Scale, watch: load.Watch) -> list[Figure]:
    """Measure the time from the INSERT to a bare client that LISTENs, to 1 socket, and to many, one after
    the other."""
    database_url = subject.database
    paced: dict[str, Any] = {"rate": scale.rate, "seconds": scale.seconds, "processes": subject.processes}

    def listen() -> Latencies:
        with new_threads(subject, 1) as [thread]:
            insert = chinwag.insert(database_url, thread, scale.size)
            start = f"{thread} "
            bare = load.listen_latency(chinwag.CHANNEL, insert, lambda text: text.startswith(start), **paced)
            return run(bare)

    def push(sockets: int) -> Latencies:
        with new_threads(subject, 1) as [thread]:
            url = chinwag.socket_url(subject.url, thread)
            insert = chinwag.insert(database_url, thread, scale.size)
            return run(load.latency(url, chinwag.WIRE, insert, sockets=sockets, **paced))

    watch("a bare LISTEN")
    bare = listen()
    figures = _latency_figures("bare LISTEN", bare)
    for sockets in sorted({1, scale.sockets}):
        watch(f"{sockets} sockets")
        pushed = push(sockets)
        name = f"{sockets} socket" + "s" * (sockets > 1)
        figures += _latency_figures(name, pushed)
        figures.append(Figure(f"{name} : bare LISTEN, median", "ratio", pushed.median / bare.median))
    return figures


def connections(subject: Subject, scale: Scale, watch: load.Watch) -> list[Figure]:
    """Measure the handshakes a second until `ready`, and then the memory of an idle socket."""
    with new_threads(subject, scale.threads) as threads:
        opened = run(
            load.connections(
                [chinwag.socket_url(subject.url, thread) for thread in threads],
                chinwag.WIRE,
                sockets=scale.sockets,
                processes=subject.processes,
                watch=watch,
            )
        )
    figures = [Figure("handshakes, to ready", "sockets/s", opened.rate, opened.cpu)]
    if opened.bytes_per_socket is not None:
        figures.append(Figure("idle socket", "KiB", opened.bytes_per_socket / 1024))
    return figures


def run(work: Coroutine[Any, Any, T]) -> T:
    # Under uvloop.run(), Ctrl-C would not let the work clean up.
    """Run a coroutine on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _latency_figures(name: str, latencies: Latencies) -> list[Figure]:
    return [
        Figure(f"{name}, median", "ms", latencies.median * 1000, latencies.cpu),
        Figure(f"{name}, 99th percentile", "ms", latencies.p99 * 1000),
    ]
