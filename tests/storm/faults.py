"""The faults. Each lasts for a while, and is over when the part works again."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import asyncpg

from tests.storm.browsers import ReadingBrowser
from tests.storm.cluster import Cluster
from tests.storm.disk import fill
from tests.storm.flooding import flooded, floods
from tests.storm.link import Link
from tests.storm.people import ReadingClient, Storm, burst
from tests.storm.persons import Person

TERMINATE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = $1 and pid <> pg_backend_pid()
"""

FILL_QUEUE = "select pg_notify('storm', i || repeat(' ', 7900)) from generate_series(1, 100) as i"

Fault = Callable[[Storm[Cluster]], Awaitable[None]]


async def kill_a_server(storm: Storm[Cluster]) -> None:
    index = random.randrange(len(storm.cluster.servers))
    await asyncio.to_thread(storm.cluster.servers[index].kill)
    await storm.cluster.start_server(index)


async def restart_all_servers(storm: Storm[Cluster]) -> None:
    for index, server in enumerate(storm.cluster.servers):
        if status := await asyncio.to_thread(server.stop):
            storm.history.oddities.append(f"a server that was asked to stop ended with status {status}")
        await storm.cluster.start_server(index)


async def kill_postgresql(storm: Storm[Cluster]) -> None:
    await storm.cluster.primary.die()


async def terminate_listeners(storm: Storm[Cluster]) -> None:
    for name in ("chinwag listener", "chinwag listener, with relay"):
        await _terminate(storm.cluster, name)


async def terminate_pools(storm: Storm[Cluster]) -> None:
    await _terminate(storm.cluster, "chinwag")


async def black_hole(storm: Storm[Cluster]) -> None:
    """The network between one server and the database swallows everything, both ways. Then it is back, and
    the connections are as they were, or cut, or forgotten."""
    index = random.randrange(len(storm.cluster.servers))
    links = [node.links[index] for node in storm.cluster.nodes]
    for link in links:
        link.open.clear()
    await asyncio.sleep(random.uniform(3, 12))
    back = random.choice([Link.resume, Link.cut, Link.forget])
    for link in links:
        back(link)


async def lock_a_table(storm: Storm[Cluster]) -> None:
    """A person at psql, or a careless migration, locks a whole table for some seconds."""
    connection = await storm.cluster.connect()
    try:
        async with connection.transaction():
            table = random.choice(["thread", "message", "account"])
            await connection.execute(f"lock table {table} in access exclusive mode")
            await asyncio.sleep(random.uniform(1, 5))
    finally:
        connection.terminate()


async def fill_notify_queue(storm: Storm[Cluster]) -> None:
    """A listener sits in a transaction, so that nothing leaves the queue of notifications, and it fills up.
    Then every commit that notifies fails."""
    listener, filler = await storm.cluster.connect(), await storm.cluster.connect()
    try:
        await listener.execute("listen storm")
        await listener.execute("begin; select 1")
        with contextlib.suppress(asyncpg.PostgresError):
            while True:
                await filler.execute(FILL_QUEUE)
        await asyncio.sleep(random.uniform(1, 4))
    finally:
        for connection in (listener, filler):
            connection.terminate()


async def fill_the_disk(storm: Storm[Cluster]) -> None:
    """The primary's disk is full for some seconds: statements fail, or PostgreSQL ends for lack of WAL."""
    node = storm.cluster.primary
    filler = node.directory / "filler"
    try:
        await asyncio.to_thread(fill, filler)
        await asyncio.sleep(random.uniform(2, 6))
    finally:
        filler.unlink()
    await node.until_running()


async def fail_over(storm: Storm[Cluster]) -> None:
    await storm.cluster.fail_over()
    await asyncio.sleep(3)
    await storm.cluster.follow()


async def silence(storm: Storm[Cluster]) -> None:
    """The network between a server and readers at its door goes silent for ever; new connections work."""
    random.choice(storm.cluster.door_links).forget()


def flood(threads: list[int], by: Person) -> Fault:
    """A few sockets of somebody send to a server as fast as they can: posts, pings, nonsense."""

    async def fault(storm: Storm[Cluster]) -> None:
        server, thread = random.choice(storm.cluster.servers), random.choice(threads)
        kind = random.choice(list(floods(thread)))
        attack = flooded(server, thread, kind, sockets=5, cookie=by.headers["Cookie"])
        with contextlib.suppress(AssertionError):  # the server has been killed meanwhile
            await asyncio.to_thread(attack.__enter__)
            try:
                await asyncio.sleep(random.uniform(2, 5))
            finally:
                await asyncio.to_thread(attack.__exit__, None, None, None)

    fault.__name__ = "flood"
    return fault


def stop_reading(readers: list[ReadingClient]) -> Fault:
    async def fault(storm: Storm[Cluster]) -> None:
        slow = _some_of(readers)
        for reader in slow:
            reader.awake.clear()
        await asyncio.sleep(5)
        for reader in slow:
            reader.awake.set()

    fault.__name__ = "readers_stop_reading"
    return fault


def stop_reading_for_ever(readers: list[ReadingClient]) -> Fault:
    """Some readers stop reading until the server resets their connections."""

    async def fault(storm: Storm[Cluster]) -> None:
        slow = _some_of(readers)
        for reader in slow:
            reader.awake.clear()
        try:
            await asyncio.gather(*(reader.until_dropped() for reader in slow))
        except TimeoutError:
            storm.history.oddities.append("a reader that reads nothing was not dropped")
        for reader in slow:
            reader.awake.set()

    fault.__name__ = "readers_never_read"
    return fault


def go_offline(browsers: list[ReadingBrowser]) -> Fault:
    return _for_a_while(browsers, ReadingBrowser.set_offline, 10, "browser_offline")


def fall_asleep(browsers: list[ReadingBrowser]) -> Fault:
    return _for_a_while(browsers, ReadingBrowser.set_asleep, 15, "laptop_asleep")


def burst_of(thread: int, rows: int) -> Fault:
    async def fault(storm: Storm[Cluster]) -> None:
        await burst(storm, thread, rows)

    fault.__name__ = "burst"
    return fault


def _for_a_while(
    browsers: list[ReadingBrowser],
    set_state: Callable[[ReadingBrowser, bool], Awaitable[None]],
    most_seconds: float,
    name: str,
) -> Fault:
    async def fault(storm: Storm[Cluster]) -> None:
        browser = random.choice(browsers)
        await set_state(browser, True)
        await asyncio.sleep(random.uniform(2, most_seconds))
        await set_state(browser, False)

    fault.__name__ = name
    return fault


def _some_of(readers: list[ReadingClient]) -> list[ReadingClient]:
    """Choose a quarter of those that read, so that two faults never hold the same reader."""
    reading = [reader for reader in readers if reader.awake.is_set()]
    return random.sample(reading, min(len(reading), max(1, len(readers) // 4)))


async def _terminate(cluster: Cluster, name: str) -> None:
    connection = await cluster.connect()
    await connection.execute(TERMINATE, name)
    await connection.close()
