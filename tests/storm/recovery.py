"""`python -m tests.storm.recovery`: each fault alone, and the time until every reader is whole again.

Right after the fault (for PostgreSQL: as soon as a primary answers again) a message is inserted by SQL. A
reader is whole when it holds this message and all before it.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import click
import httpx

from chinwag.db.pool import DATABASE_ERRORS
from tests.storm import faults
from tests.storm.cluster import Cluster
from tests.storm.faults import Fault
from tests.storm.history import History
from tests.storm.link import Link
from tests.storm.people import ReadingClient, Storm
from tests.storm.run import SETTINGS, create_threads

ROUNDS = 3
READERS = 12


async def killed_server(storm: Storm[Cluster]) -> None:
    storm.cluster.servers[0].kill()


async def promoted_standby(storm: Storm[Cluster]) -> None:
    await storm.cluster.fail_over()


async def black_holed_database(storm: Storm[Cluster]) -> None:
    """Server 1 is told by nobody that its connections to the database are dead."""
    for node in storm.cluster.nodes:
        Link.forget(node.links[0])


FAULTS: dict[str, Fault] = {
    "killed listener": faults.terminate_listeners,
    "lost pools": faults.terminate_pools,
    "killed server": killed_server,
    "restarted postgresql": faults.kill_postgresql,
    "promoted standby": promoted_standby,
    "black holed database": black_holed_database,
}


async def measure(fault: Fault, directory: Path) -> float:
    shutil.rmtree(directory, ignore_errors=True)
    async with Cluster(directory, 3, SETTINGS) as cluster, asyncio.TaskGroup() as group:
        storm = Storm(cluster, History())
        (thread,) = await create_threads(cluster, 1)
        readings = [storm.history.reading(str(number), thread) for number in range(READERS)]
        readers = [ReadingClient(storm, reading) for reading in readings]
        tasks = [group.create_task(reader.run()) for reader in readers]
        await _whole(readers, await _insert(storm, thread))
        began = time.monotonic()
        await fault(storm)
        if fault is faults.kill_postgresql:
            began = time.monotonic()  # it is over when a primary answers: before, nobody could be whole
        await _whole(readers, await _insert(storm, thread))
        seconds = time.monotonic() - began
        for task in tasks:
            task.cancel()
    return seconds


async def measure_notice(directory: Path) -> float:
    """The time until a server whose database is behind a black hole says that it is not ready."""
    shutil.rmtree(directory, ignore_errors=True)
    async with Cluster(directory, 1, SETTINGS) as cluster, httpx.AsyncClient(trust_env=False) as client:
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


async def _whole(readers: list[ReadingClient], seq: int) -> None:
    async with asyncio.timeout(60):
        while any(reader.reading.last_seq < seq for reader in readers):
            await asyncio.sleep(0.005)


def main() -> None:
    directory = Path(tempfile.gettempdir()) / "chinwag-recovery"
    click.echo("| fault | seconds until every reader is whole, median | each time |\n|---|---|---|")
    for name, fault in FAULTS.items():
        _say(name, [asyncio.run(measure(fault, directory)) for _ in range(ROUNDS)])
    _say("black hole, until not ready", [asyncio.run(measure_notice(directory)) for _ in range(ROUNDS)])
    shutil.rmtree(directory)


def _say(name: str, times: list[float]) -> None:
    each = ", ".join(f"{seconds:.2f}" for seconds in times)
    click.echo(f"| {name} | {statistics.median(times):.2f} | {each} |")


if __name__ == "__main__":
    main()
