"""The faults. Each lasts a while, and is over when the part is there again."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from tests.storm.cluster import Cluster
from tests.storm.link import Link
from tests.storm.people import Reader, Storm, burst

TERMINATE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = $1 and pid <> pg_backend_pid()
"""

Fault = Callable[[Storm], Awaitable[None]]


async def kill_a_server(storm: Storm) -> None:
    index = random.randrange(len(storm.cluster.servers))
    await asyncio.to_thread(storm.cluster.servers[index].kill)
    await storm.cluster.start_server(index)


async def restart_all_servers(storm: Storm) -> None:
    for index, server in enumerate(storm.cluster.servers):
        if status := await asyncio.to_thread(server.stop):
            storm.history.oddities.append(f"a server that was asked to stop ended with status {status}")
        await storm.cluster.start_server(index)


async def kill_postgresql(storm: Storm) -> None:
    storm.cluster.primary.postgres.kill()
    storm.cluster.primary.start()


async def terminate_listeners(storm: Storm) -> None:
    await _terminate(storm.cluster, "chinwag listener")


async def terminate_pools(storm: Storm) -> None:
    await _terminate(storm.cluster, "chinwag")


async def black_hole(storm: Storm) -> None:
    """One server's network to the database swallows everything, both ways. Then it is back: with
    the connections as they were, or cut, or forgotten."""
    index = random.randrange(len(storm.cluster.servers))
    links = [node.links[index] for node in storm.cluster.nodes]
    for link in links:
        link.open.clear()
    await asyncio.sleep(random.uniform(3, 12))
    back = random.choice([Link.resume, Link.cut, Link.forget])
    for link in links:
        back(link)


async def fail_over(storm: Storm) -> None:
    await storm.cluster.fail_over()
    await asyncio.sleep(3)
    await storm.cluster.follow()


def stop_reading(readers: list[Reader]) -> Fault:
    async def fault(storm: Storm) -> None:
        slow = random.sample(readers, max(1, len(readers) // 4))
        for reader in slow:
            reader.awake.clear()
        await asyncio.sleep(5)
        for reader in slow:
            reader.awake.set()

    fault.__name__ = "readers_stop_reading"
    return fault


def burst_of(thread: int, rows: int) -> Fault:
    async def fault(storm: Storm) -> None:
        await burst(storm, thread, rows)

    fault.__name__ = "burst"
    return fault


async def _terminate(cluster: Cluster, name: str) -> None:
    connection = await cluster.connect()
    await connection.execute(TERMINATE, name)
    await connection.close()
