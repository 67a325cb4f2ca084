"""`python -m tests.storm.slow_reader`: a busy thread, with and without a reader that does not read.

Stretches without it and with it take turns in one run. It must not change the latency of the others nor the
server's memory, and when it reads again it must get all. The exit status is 1 if it does not.
"""

import asyncio
import contextlib
import fcntl
import statistics
import struct
import sys
import termios
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import msgspec
import uvloop
from picows import WSFrame, WSTransport

from chinwag.db.pool import Connection
from tests.storm.alone import Alone, alone, resident_bytes
from tests.storm.resuming import ResumingReader

INSERT = """
    insert into message (thread_id, content)
    select $1, $2::text || ' ' || repeat('x', $3) from generate_series(1, $4)
"""
TICK_SECONDS = 0.01
RECEIVE_BYTES = 4096
"""The kernel's buffer of the client that does not read. That of the server's side has up to 4 MB
(net.ipv4.tcp_wmem)."""

PING_SECONDS = "300"
"""A client that stops for ever is reset by the keepalive, but this one will read again."""

MB = 1_000_000


@dataclass
class Stretch:
    """What was measured while some rows were inserted."""

    stopped: bool
    rows: int = 0
    seconds: float = 0
    bytes: int = 0
    latencies: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    held: int = 0
    catch_up_seconds: float = 0


class Data(msgspec.Struct):
    content: str


class Message(msgspec.Struct):
    data: Data


class TimedReader(ResumingReader):
    """A client that notes how long each message took, from before its INSERT."""

    stretch: Stretch

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        held = self.held
        super().on_ws_frame(transport, frame)
        if self.is_ready and self.held > held:
            content = decode(frame.get_payload_as_memoryview()).data.content
            self.stretch.latencies.append(time.monotonic() - float(content.partition(" ")[0]))


class StoppedReader(ResumingReader):
    """A client that reads nothing until it is told to, and then counts the bytes, too."""

    def __init__(self, thread: int, held: int) -> None:
        super().__init__(thread, held)
        self.bytes = 0

    async def open(self, one: Alone) -> None:
        await self.resume(one.server, RECEIVE_BYTES)
        self._connection.pause_reading()

    def held_for_it(self) -> int:
        """The bytes that the kernel holds for it, on both sides."""
        end = self._connection.get_extra_info("socket")
        unread = struct.unpack("i", fcntl.ioctl(end.fileno(), termios.FIONREAD, bytes(4)))[0]
        return int(unread) + _unsent_bytes(end.getpeername()[1], end.getsockname()[1])

    async def read_all(self, last: int) -> None:
        self._connection.resume_reading()
        async with asyncio.timeout(60):
            while self.held < last:
                await asyncio.sleep(0.005)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        super().on_ws_frame(transport, frame)
        self.bytes += frame.payload_size

    @property
    def _connection(self) -> asyncio.Transport:
        assert self.transport
        return self.transport.underlying_transport


@click.command()
@click.option("--readers", default=20, show_default=True, help="Number of ordinary readers.")
@click.option("--rate", default=1000, show_default=True, help="Messages a second.")
@click.option("--size", default=2000, show_default=True, help="Characters of a message.")
@click.option("--seconds", default=10.0, show_default=True, help="Length of a stretch.")
@click.option("--pairs", default=3, show_default=True, help="Stretches without it and with it.")
def main(readers: int, rate: int, size: int, seconds: float, pairs: int) -> None:
    """Measure what one reader that does not read does to the others."""
    sys.exit(uvloop.run(measure(readers, rate, size, seconds, pairs)))


async def measure(readers: int, rate: int, size: int, seconds: float, pairs: int) -> int:
    stretches: list[Stretch] = []
    async with alone("slow-reader", {"CHINWAG_PING_SECONDS": PING_SECONDS}) as one:
        db = await one.connect()
        thread = await db.fetchval("insert into thread default values returning id")
        others = [TimedReader(thread) for _ in range(readers)]
        for reader in others:
            await reader.resume(one.server)
        rows = max(1, round(rate * TICK_SECONDS))
        ticks = round(seconds / TICK_SECONDS)
        stopped: list[StoppedReader] = []
        # The first stretch warms everything up, and does not count.
        for stop in [False] + pairs * [False, True]:
            stretch = Stretch(stop)
            for reader in others:
                reader.stretch = stretch
            async with _sampled(one, stretch):
                if stop:
                    stopped.append(StoppedReader(thread, others[0].held))
                    await stopped[-1].open(one)
                await _produce(db, thread, rows, size, ticks, stretch)
                await _until_all_hold(others, stretch)
                if stop:
                    await _read_again(stopped[-1], stretch)
            stretches.append(stretch)
            click.echo(_line(stretch))
        wrong = sum(reader.missed for reader in [*others, *stopped]) + len(one.log_errors())
        await db.close()
    _report(stretches[1:])
    click.echo(f"{wrong} wrong" if wrong else "every reader got every seq once and in order")
    return 1 if wrong else 0


@contextlib.asynccontextmanager
async def _sampled(one: Alone, stretch: Stretch) -> AsyncIterator[None]:
    async def sample() -> None:
        while True:
            stretch.resident.append(resident_bytes(one.server))
            await asyncio.sleep(0.1)

    task = asyncio.create_task(sample())
    try:
        yield
    finally:
        task.cancel()


async def _produce(db: Connection, thread: int, rows: int, size: int, ticks: int, stretch: Stretch) -> None:
    began = time.monotonic()
    for tick in range(ticks):
        await asyncio.sleep(max(0, began + tick * TICK_SECONDS - time.monotonic()))
        await db.execute(INSERT, thread, repr(time.monotonic()), size, rows)
    stretch.rows, stretch.seconds = ticks * rows, time.monotonic() - began


async def _until_all_hold(others: list[TimedReader], stretch: Stretch) -> None:
    async with asyncio.timeout(60):
        while len(stretch.latencies) < stretch.rows * len(others):
            await asyncio.sleep(0.005)


async def _read_again(reader: StoppedReader, stretch: Stretch) -> None:
    stretch.held = reader.held_for_it()
    began, last = time.monotonic(), reader.held + stretch.rows
    await reader.read_all(last)
    stretch.catch_up_seconds = time.monotonic() - began
    stretch.bytes = reader.bytes
    reader.drop()


def _line(stretch: Stretch) -> str:
    first, last, most = (x / MB for x in (stretch.resident[0], stretch.resident[-1], max(stretch.resident)))
    name = "with it   " if stretch.stopped else "without it"
    line = (
        f"{name}: {stretch.rows / stretch.seconds:.0f} messages/s; "
        f"ms median {_median(stretch):.2f}, p99 {_p99(stretch):.2f}; "
        f"server's MB first {first:.1f}, last {last:.1f}, max {most:.1f}"
    )
    if not stretch.stopped:
        return line
    return (
        f"{line}; it missed {(stretch.bytes - stretch.held) / MB:.1f} MB of {stretch.bytes / MB:.1f} "
        f"and had them after {stretch.catch_up_seconds:.2f} s"
    )


def _report(stretches: list[Stretch]) -> None:
    click.echo("\n| median of the stretches | without it | with it | ratio |\n|---|---|---|---|")
    sides = [[one for one in stretches if one.stopped is stopped] for stopped in (False, True)]
    lines = [("latency, median, ms", _median), ("latency, p99, ms", _p99), ("server, max, MB", _peak)]
    for name, of in lines:
        without, beside = (statistics.median(of(one) for one in side) for side in sides)
        click.echo(f"| {name} | {without:.2f} | {beside:.2f} | {beside / without:.2f} |")
    missed = [(one.bytes - one.held) / MB for one in sides[1]]
    click.echo(f"| it missed, MB | | {', '.join(f'{value:.1f}' for value in missed)} | |")
    again = ", ".join(f"{one.catch_up_seconds:.2f}" for one in sides[1])
    click.echo(f"| it had all again after, s | | {again} | |\n")


def _median(stretch: Stretch) -> float:
    return statistics.median(stretch.latencies) * 1000


def _p99(stretch: Stretch) -> float:
    return statistics.quantiles(stretch.latencies, n=100)[98] * 1000


def _peak(stretch: Stretch) -> float:
    return max(stretch.resident) / MB


def _unsent_bytes(local: int, remote: int) -> int:
    """Return the bytes of a TCP connection on loopback that the kernel holds because they are sent or wait
    to be sent: proc(5)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, _, queues, *_ = line.split()
        if (here[-4:], there[-4:]) == (f"{local:04X}", f"{remote:04X}"):
            return int(queues.partition(":")[0], 16)
    return 0


decode = msgspec.json.Decoder(Message).decode


if __name__ == "__main__":
    main()
