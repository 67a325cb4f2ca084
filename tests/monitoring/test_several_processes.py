"""The processes of a server are counted together, and what they have counted survives them."""

import asyncio
import os
import signal
from pathlib import Path

import httpx

from tests.push.test_hearing import workers_of
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.http import http_client
from tests.support.metrics import Scraped, scrape, until_scraped
from tests.support.process import Server, ServerStarter

SETTINGS = {"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "0"}

WRITTEN = "chinwag_messages_written_total"


def written(scraped: Scraped) -> float:
    return scraped.value(WRITTEN, way="http") + scraped.value(WRITTEN, way="websocket")


async def write(server: Server, thread: int, number: int) -> None:
    """Write messages, each over a connection of its own, which any of the processes takes."""
    for _ in range(number):
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"{server.url}/api/v1/threads/{thread}/messages"
            assert (await client.post(url, json={"content": "x"})).status_code == 201


async def test_every_process_tells_the_counts_of_all(start_server: ServerStarter, thread: int) -> None:
    server = await asyncio.to_thread(start_server, SETTINGS, "--workers", "2")
    await until_scraped(server, lambda now: now.value("chinwag_ready_processes") == 2)
    async with open_thread(server, thread) as one, open_thread(server, thread) as other:
        await one.frame("ready")
        await other.frame("ready")
        await write(server, thread, 20)
        now = await until_scraped(
            server,
            lambda now: written(now) == 20 and now.value("chinwag_sockets", kind="thread") == 2,
        )
        assert now.value("chinwag_processes") == 2
        assert now.value("chinwag_build_info", version="0.1.0") == 1
        assert now.value("chinwag_pool_connections_limit") == 16
    killed, survivor = workers_of(server)
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(LIMIT_SECONDS):
        while len(workers_of(server) - {killed}) < 2:
            assert written(await scrape(server)) == 20  # nothing that was counted gets lost
            await asyncio.sleep(0.05)
    now = await until_scraped(server, lambda now: now.value("chinwag_ready_processes") == 2)
    assert (written(now), now.value("chinwag_processes")) == (20, 2)
    await write(server, thread, 10)
    await until_scraped(server, lambda now: written(now) == 30)
    directory = directory_of(survivor)
    assert directory.stat().st_mode & 0o777 == 0o700
    await asyncio.to_thread(server.stop)
    assert not directory.exists()


async def test_servers_with_the_same_directory_are_counted_together(
    start_server: ServerStarter, thread: int, tmp_path: Path
) -> None:
    settings = SETTINGS | {"CHINWAG_METRICS_DIRECTORY": str(tmp_path / "metrics")}
    one = await asyncio.to_thread(start_server, settings)
    other = await asyncio.to_thread(start_server, settings)
    await write(one, thread, 3)
    await write(other, thread, 4)
    await until_scraped(one, lambda now: written(now) == 7 and now.value("chinwag_processes") == 2)
    await asyncio.to_thread(one.stop)
    now = await scrape(other)
    assert (written(now), now.value("chinwag_processes")) == (7, 1)
    third = await asyncio.to_thread(start_server, settings)
    await write(third, thread, 1)
    await until_scraped(other, lambda now: written(now) == 8 and now.value("chinwag_processes") == 2)
    for server in (other, third):
        await asyncio.to_thread(server.stop)


async def test_what_is_in_the_directory_may_be_anything(
    start_server: ServerStarter, thread: int, tmp_path: Path
) -> None:
    (tmp_path / "0.values").write_bytes(b"\xff not ours")
    (tmp_path / "1.values").mkdir()
    settings = SETTINGS | {"CHINWAG_METRICS_DIRECTORY": str(tmp_path)}
    server = await asyncio.to_thread(start_server, settings)
    await write(server, thread, 1)
    await until_scraped(server, lambda now: written(now) == 1)


async def test_a_single_process_writes_no_file(start_server: ServerStarter, thread: int) -> None:
    server = await asyncio.to_thread(start_server, SETTINGS)
    async with http_client(f"{server.url}") as client:
        assert (await client.get("/metrics")).status_code == 200
    assert b"CHINWAG_METRICS_DIRECTORY" not in Path(f"/proc/{server.process.pid}/environ").read_bytes()


def directory_of(worker: int) -> Path:
    environ = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
    [value] = [one for one in environ if one.startswith(b"CHINWAG_METRICS_DIRECTORY=")]
    return Path(value.partition(b"=")[2].decode())
