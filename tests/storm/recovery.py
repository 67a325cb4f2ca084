"""`python -m tests.storm.recovery`: each fault alone, and the time until every reader has everything again.

Right after the fault (for PostgreSQL: as soon as a primary answers again) a message is inserted by SQL. A
reader has everything when it holds this message and all before it.
"""

import asyncio
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg
import click

from chinwag.db.pool import DATABASE_ERRORS
from tests.storm import faults
from tests.storm.cluster import Cluster
from tests.storm.faults import Fault
from tests.storm.history import History
from tests.storm.link import Link
from tests.storm.people import ReadingClient, Storm
from tests.storm.run import SETTINGS, create_threads
from tests.support.http import http_client
from tests.support.process import directory_for_all
from tests.support.relays import drop_slot

READERS = 12


async def kill_the_server(storm: Storm[Cluster]) -> None:
    storm.cluster.servers[0].kill()


async def promote_the_standby(storm: Storm[Cluster]) -> None:
    await storm.cluster.fail_over()


async def forget_connections(storm: Storm[Cluster]) -> None:
    """Nobody tells server 1 that its connections to the database are dead."""
    for node in storm.cluster.nodes:
        Link.forget(node.links[0])


async def kill_the_relay(storm: Storm[Cluster]) -> None:
    await asyncio.to_thread(storm.cluster.relays[0].kill)


async def drop_the_slots(storm: Storm[Cluster]) -> None:
    connection = await storm.cluster.connect_as_superuser()
    for relay in storm.cluster.relays:
        await drop_slot(connection, relay.slot)
    await connection.close()


async def silence_the_relay(storm: Storm[Cluster]) -> None:
    storm.cluster.relay_links[0].open.clear()


async def switch_off_and_on(storm: Storm[Cluster]) -> None:
    await storm.cluster.switch("off")
    await storm.cluster.switch("on")


FAULTS: dict[Fault, str] = {
    faults.terminate_listeners: "the connection that LISTENs is terminated",
    faults.terminate_pools: "every pooled connection is terminated",
    kill_the_server: "a server is killed (SIGKILL); time for its readers",
    faults.kill_postgresql: "PostgreSQL is killed and started again; time from its first answer",
    promote_the_standby: "the primary is killed and the standby promoted; time from the kill",
    forget_connections: "a server's network to the database stops answering for good",
}
"""The faults, with their names in docs/delivery.md."""

NOTICE = "the same; time until `/health/ready` is red"


RELAY_FAULTS: dict[Fault, str] = {
    kill_the_relay: "the relay that a server hears is killed (SIGKILL); there is another one",
    drop_the_slots: "the slots of both relays are dropped",
    silence_the_relay: "the network between a relay and its servers stops answering; there is another one",
    switch_off_and_on: "the primary notifies messages again, and then relays alone do",
}
"""The faults where two relays notify messages."""


async def measure(fault: Fault, directory: Path) -> float:
    relays = 2 if fault in RELAY_FAULTS else 0
    async with Cluster(directory, 3, SETTINGS, relays) as cluster, asyncio.TaskGroup() as group:
        storm = Storm(cluster, History())
        (thread,) = await create_threads(cluster, 1)
        readings = [storm.history.reading(str(number), thread) for number in range(READERS)]
        readers = [ReadingClient(storm, reading) for reading in readings]
        tasks = [group.create_task(reader.run()) for reader in readers]
        await _until_all_hold(readers, await _insert(storm, thread))
        began = time.monotonic()
        await fault(storm)
        if fault is faults.kill_postgresql:
            began = time.monotonic()  # it is over when a primary answers; no reader could have it before
        await _until_all_hold(readers, await _insert(storm, thread))
        seconds = time.monotonic() - began
        for task in tasks:
            task.cancel()
    return seconds


async def measure_notice(directory: Path) -> float:
    """The time until a server says that it is not ready, after its database has stopped answering."""
    async with Cluster(directory, 1, SETTINGS) as cluster, http_client() as client:
        began = time.monotonic()
        for node in cluster.nodes:
            node.links[0].open.clear()
        async with asyncio.timeout(60):
            while (await client.get(f"{cluster.servers[0].url}/health/ready")).status_code == 200:
                await asyncio.sleep(0.05)
        return time.monotonic() - began


async def _insert(storm: Storm[Cluster], thread: int) -> int:
    async with asyncio.timeout(60):
        while True:
            with suppress(*DATABASE_ERRORS, asyncpg.PostgresError):
                connection = await storm.cluster.connect()
                query = "insert into message (thread_id, content) values ($1, 'now') returning seq"
                seq: int = await connection.fetchval(query, thread)
                await connection.close()
                return seq
            await asyncio.sleep(0.02)


async def _until_all_hold(readers: list[ReadingClient], seq: int) -> None:
    async with asyncio.timeout(60):
        while any(reader.reading.last_seq < seq for reader in readers):
            await asyncio.sleep(0.005)


@click.command()
@click.option(
    "--rounds", default=3, show_default=True, type=click.IntRange(1), help="Number of runs of each fault."
)
@click.option(
    "--fault",
    "chosen",
    multiple=True,
    type=click.Choice([fault.__name__ for fault in FAULTS | RELAY_FAULTS]),
    help="Measure only this fault; may be repeated.",
)
def main(rounds: int, chosen: Sequence[str]) -> None:
    """Measure how long each fault keeps readers waiting, and print the table of docs/delivery.md."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    click.echo("| fault | seconds, median | seconds in each run |\n|---|---|---|")
    for fault, name in (FAULTS | RELAY_FAULTS).items():
        if not chosen or fault.__name__ in chosen:
            _say(name, [_run(fault) for _ in range(rounds)])
    if not chosen or forget_connections.__name__ in chosen:
        _say(NOTICE, [_run(None) for _ in range(rounds)])


def _run(fault: Fault | None) -> float:
    """Measure a fault once, or the notice of a silent database, with a new cluster."""
    with directory_for_all() as directory:
        return asyncio.run(measure(fault, directory) if fault else measure_notice(directory))


def _say(name: str, times: list[float]) -> None:
    each = ", ".join(f"{seconds:.2f}" for seconds in times)
    click.echo(f"| {name} | {statistics.median(times):.2f} | {each} |")


if __name__ == "__main__":
    main()
