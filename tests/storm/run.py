"""One run of the storm, from the first server to the judgement."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from chinwag.db.pool import DATABASE_ERRORS
from tests.storm import faults, read_standby, relay_faults
from tests.storm.browsers import ReadingBrowser, open_browsers
from tests.storm.changes import Watch, come_and_go, sign_out_and_in
from tests.storm.cluster import Cluster
from tests.storm.disk import can_mount
from tests.storm.faults import Fault
from tests.storm.history import History, Line, read_table
from tests.storm.leafing import Leafing
from tests.storm.membership import Cast, Membership, new_cast, new_thread
from tests.storm.people import Place, ReadingClient, Storm, write_by_http, write_by_sql, write_by_websocket
from tests.storm.persons import Person
from tests.storm.read_standby import NAME, ReadStandby
from tests.storm.recorder import Recorder
from tests.storm.talking import Talking, threads_with_bot
from tests.support.http import http_client
from tests.support.metrics import scrape
from tests.support.process import Server
from tests.support.tagged import TAGGED

CALM_SECONDS = 60
"""The time that the readers may take at the end until they hold all that is in the table."""

TALKS = 2
"""The number of threads in which somebody is alone with the bot."""

SETTINGS = {
    "CHINWAG_BOT": "none",
    "CHINWAG_LOG_FORMAT": "json",
    "CHINWAG_PING_SECONDS": "5",
    "CHINWAG_POSTS_PER_SECOND": "0",
}


async def storm(
    directory: Path,
    *,
    seconds: float,
    servers: int = 3,
    threads: int = 4,
    readers: int = 3,
    browsers: int = 0,
    pace: float = 0.05,
    only: Sequence[str] = (),
    relays: int = 0,
    standby_reads: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[History, list[str]]:
    """Chat for some seconds while faults are thrown; return the history, and what is wrong with it.

    Args:
        readers: the number of readers of each thread.
        browsers: the number of tabs in Chromium.
        pace: the seconds between two messages of a writer.
        relays: the number of relays, which alone notify messages; 0: the primary does.
        standby_reads: whether there is a standby from which the servers read, and somebody who reads pages.
    """
    reads = ReadStandby(directory / NAME) if standby_reads else None
    async with Cluster(directory, servers, SETTINGS | TAGGED, relays, reads) as cluster:
        history = History()
        cast, ids, private = await _settle(cluster, threads)
        watch = Watch(cluster, cast, private)
        one = Storm(cluster, history, cast.stays)
        following = [
            ReadingClient(
                one,
                history.reading(f"reader {number} of thread {id}", id),
                cast.stays[number % len(cast.stays) - 1],
                by_door=number == 0,
            )
            for id in ids
            for number in range(readers)
        ]
        places = [(cluster.servers[i % servers].url, ids[i % threads]) for i in range(browsers)]

        def pause() -> float:
            return random.expovariate(1 / pace)

        async with (
            open_browsers(history, places, cast.owner) as tabs,
            http_client() as http,
            asyncio.TaskGroup() as group,
        ):
            leafing = Leafing(cluster, history, cast.owner, ids)
            reading = [group.create_task(leafing.run())] if reads else []
            people: list[ReadingClient | ReadingBrowser | Recorder] = [*following, *tabs, *watch.recorders]
            reading += [group.create_task(reader.run()) for reader in people]
            writing = [
                group.create_task(write(one, id, pause))
                for id in ids
                for write in (write_by_websocket, write_by_http, write_by_sql)
            ]
            memberships = [Membership(cluster, http, cast, id) for id in private]
            writing += [group.create_task(come_and_go(one, membership)) for membership in memberships]
            writing.append(group.create_task(sign_out_and_in(one, http, [*cast.members, cast.guest])))
            talking = Talking(one, http, cast.owner, await threads_with_bot(cluster, cast.owner, TALKS))
            reading += [group.create_task(reader.run()) for reader in talking.talks.readers]
            writing += [group.create_task(talking.talk(id)) for id in talking.talks.threads]
            await _throw_faults(one, _choose(following, tabs, ids, cast.owner, only, cluster), seconds, say)
            one.writing = False
            say(f"{history.seconds:6.1f} s  no more is written; the readers catch up")
            await asyncio.wait(writing, timeout=CALM_SECONDS)
            if late := [task for task in writing if not task.done()]:
                history.oddities.append(f"{len(late)} writers still wait for an answer")
            wrong = await talking.judge()
            table = await when_all_is_read(cluster, history, watch.has_all)
            wrong += leafing.judge(table)
            for task in (*reading, *late):
                task.cancel()
            if reads:
                history.changes["pages and replays by a standby"] = await by_standbys(cluster.servers)
        return history, [*history.judge(table), *await watch.judge(table), *wrong]


async def by_standbys(servers: list[Server]) -> int:
    """How often servers have read from standbys since they were started."""
    scraped = [await scrape(server) for server in servers]
    labels = [{"kind": kind, "source": "standby"} for kind in ("page", "replay")]
    return sum(int(one.value("chinwag_reads_total", **label)) for one in scraped for label in labels)


async def _settle(cluster: Cluster, threads: int) -> tuple[Cast, list[int], list[int]]:
    """Add the persons and the threads. Every second thread is for its members only."""
    connection = await cluster.connect()
    cast = await new_cast(connection)
    private = [await new_thread(connection, cast) for _ in range(threads // 2)]
    await connection.close()
    return cast, await create_threads(cluster, threads - len(private)) + private, private


async def create_threads(cluster: Place, threads: int) -> list[int]:
    connection = await cluster.connect()
    rows = await connection.fetch(
        "insert into thread (title) select 'storm ' || i from generate_series(1, $1) i returning id", threads
    )
    await connection.close()
    return [row["id"] for row in rows]


def _choose(
    readers: list[ReadingClient],
    tabs: list[ReadingBrowser],
    threads: list[int],
    owner: Person,
    only: Sequence[str],
    cluster: Cluster,
) -> list[Fault]:
    straight = [reader for reader in readers if not reader.by_door]
    # Where a session ends, a socket is closed in order, and who does not read never hears of it.
    lasting = [reader for reader in straight if reader.person is owner]
    every: list[Fault] = [
        faults.kill_a_server,
        faults.restart_all_servers,
        faults.kill_postgresql,
        faults.terminate_listeners,
        faults.terminate_pools,
        faults.black_hole,
        faults.lock_a_table,
        faults.fill_notify_queue,
        faults.fail_over,
        faults.silence,
        faults.stop_reading(straight),
        faults.stop_reading_for_ever(lasting),
        faults.burst_of(threads[0], 50_000),
        faults.flood(threads, owner),
    ]
    if can_mount():
        every.append(faults.fill_the_disk)
    if cluster.relays:
        every += relay_faults.EVERY
    if cluster.read_standby:
        every += read_standby.EVERY
    if tabs:
        every += [faults.go_offline(tabs), faults.fall_asleep(tabs)]
    return [fault for fault in every if not only or fault.__name__ in only]


async def _throw_faults(
    storm: Storm[Cluster], choice: list[Fault], seconds: float, say: Callable[[str], None]
) -> None:
    """Cause one fault after the other, in an order that is shuffled anew; now and then two at a time."""
    history = storm.history
    await asyncio.sleep(1)
    queue: list[Fault] = []
    while history.seconds < seconds:
        queue = queue or random.sample(choice, len(choice))
        count = 2 if len(queue) > 1 and random.random() < 0.3 else 1
        together, queue = queue[:count], queue[count:]
        if faults.fail_over in together:
            # A second blow to the pair of databases before the new standby is there would be a real loss.
            together = [faults.fail_over]
        async with asyncio.TaskGroup() as group:
            for fault in together:
                group.create_task(_throw(storm, fault, say))
        await asyncio.sleep(random.uniform(1, 5))


async def _throw(storm: Storm[Cluster], fault: Fault, say: Callable[[str], None]) -> None:
    history = storm.history
    began = history.seconds
    say(f"{began:6.1f} s  {fault.__name__}; {sum(history.delivered.values())} delivered so far")
    try:
        await fault(storm)
    except DATABASE_ERRORS as error:
        say(f"{history.seconds:6.1f} s  {fault.__name__} met {type(error).__name__}")
    history.faults.append((began, history.seconds, fault.__name__))


async def when_all_is_read(
    cluster: Place, history: History, has_all: Callable[[dict[int, list[Line]]], bool] = lambda table: True
) -> dict[int, list[Line]]:
    """Wait until all readers hold all messages, but not too long; return the table.

    Args:
        has_all: whether the others do.
    """
    connection = await cluster.connect()
    table = await read_table(connection)
    await connection.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CALM_SECONDS):
            while not has_all(table) or any(
                len(one.lines) < len(table[one.thread]) for one in history.readings
            ):
                await asyncio.sleep(0.1)
    return table
