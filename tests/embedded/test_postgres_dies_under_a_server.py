"""An embedded PostgreSQL that dies under a server is started again, and everybody goes on."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chinwag.embedded import discovery as postmaster
from chinwag.embedded.discovery import read_pidfile, running_url, shared_url
from chinwag.embedded.filelock import is_held
from chinwag.errors import EmbeddedPostgresFailed
from tests.support.client import open_thread
from tests.support.command import chinwag, post
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter, directory_for_all, wait_until

PATIENCE = 60


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One for all: to make it takes more of the processor than a test."""
    with directory_for_all() as directory:
        yield directory


@pytest.fixture
def start(data: Path) -> Iterator[ServerStarter]:
    """Starts servers that have no DATABASE_URL."""
    with ServerStarter(None) as starter:
        yield starter
    # The PostgreSQL of one test is no other's.
    wait_until(lambda: not is_held(data / "server.lock"), PATIENCE)


@pytest.fixture
def settings(data: Path) -> dict[str, str]:
    return {"CHINWAG_DATA_DIRECTORY": str(data), "CHINWAG_BOT": "none", "CHINWAG_LOG_FORMAT": "json"}


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_killed_postgresql_is_started_again(
    start: ServerStarter, settings: dict[str, str], data: Path, workers: str
) -> None:
    server = start(settings, "--workers", workers)
    thread = (await post(server, "/threads", {}))["id"]
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        for kill in (kill_postmaster, kill_all):
            url, pid = running_url(data), pid_of(data)
            kill(pid)
            wait_until(lambda: running_url(data) and pid_of(data) != pid, PATIENCE)  # noqa: B023
            assert running_url(data) == url
            await until_ready(server)
            stored = await post(server, f"/threads/{thread}/messages", {"content": "after its death"})
            await client.until_seq(stored["seq"])
    [died, again, *_] = [event for event in events_of(server) if event["event"].startswith("program_")]
    assert (died["event"], died["status"]) == ("program_died", "killed by SIGKILL")
    assert "ready to accept connections" in died["last_words"]
    assert again["event"] == "program_started_again"
    assert server.stop() == 0
    assert running_url(data) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_a_postgresql_that_cannot_start_is_tried_again_until_it_can_or_the_server_ends(
    start: ServerStarter, settings: dict[str, str], data: Path, number: signal.Signals
) -> None:
    server = start(settings)
    version = data / "data" / "PG_VERSION"
    version.rename(version.with_name("away"))
    kill_postmaster(pid_of(data))
    wait_until(lambda: len(failures_of(server)) > 2, PATIENCE)
    assert "is not a valid data directory" in failures_of(server)[0]["reason"]
    assert (await health(server)) == 503
    version.with_name("away").rename(version)
    await until_ready(server)

    version.rename(version.with_name("away"))
    kill_postmaster(pid_of(data))
    tried = len(failures_of(server))
    wait_until(lambda: len(failures_of(server)) > tried + 2, PATIENCE)
    assert server.end(number) == 0  # within 5 s, however long the next try is away
    version.with_name("away").rename(version)


async def test_a_server_that_shares_it_finds_it_again(
    start: ServerStarter, settings: dict[str, str], data: Path
) -> None:
    owner, guest = start(settings), start(settings)
    thread = (await post(owner, "/threads", {}))["id"]
    kill_postmaster(pid_of(data))
    # At once: it waits until the server is back.
    count = f"select count(*) from thread where id = {thread}"
    said = chinwag("psql", "-Atc", count, CHINWAG_DATA_DIRECTORY=str(data))
    assert said.stdout == "1\n", said.stderr
    await until_ready(guest)
    async with open_thread(guest, thread) as client:
        await client.frame("ready")
        await until_ready(owner)
        await post(owner, f"/threads/{thread}/messages", {"content": "from one to the other"})
        await client.until_seq(1)
    assert guest.stop() == 0
    assert running_url(data)


async def test_whoever_comes_while_it_cannot_start_is_told_so(
    start: ServerStarter, settings: dict[str, str], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(settings)
    version = data / "data" / "PG_VERSION"
    version.rename(version.with_name("away"))
    kill_postmaster(pid_of(data))
    wait_until(lambda: failures_of(server), PATIENCE)
    monkeypatch.setattr(postmaster, "RESTART_SECONDS", 0.1)
    with pytest.raises(EmbeddedPostgresFailed, match="goes on trying to start it"):
        await asyncio.to_thread(shared_url, data)
    version.with_name("away").rename(version)
    await until_ready(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted by root alone")
async def test_a_full_disk_is_survived(settings: dict[str, str]) -> None:
    with directory_for_all() as data, small_file_system(data), ServerStarter(None) as start:
        settings |= {"CHINWAG_DATA_DIRECTORY": str(data)}
        server = start(settings)
        thread = (await post(server, "/threads", {}))["id"]
        filler = data / "filler"
        fill(filler)
        await panic(data)
        wait_until(lambda: len(failures_of(server)) > 1, PATIENCE)
        assert "No space left on device" in failures_of(server)[0]["reason"]
        assert await health(server) == 503
        filler.unlink()
        await until_ready(server)
        stored = await post(server, f"/threads/{thread}/messages", {"content": "there is room again"})
        assert stored["seq"] == 1
        assert server.stop() == 0


@contextlib.contextmanager
def small_file_system(directory: Path) -> Iterator[None]:
    """Make the directory, a file system of 120 MB, in memory."""
    directory.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", 0, b"size=120m,mode=755") != 0:
        pytest.skip(f"a file system cannot be mounted here: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        libc.umount2(os.fsencode(directory), 2)  # MNT_DETACH


def fill(file: Path) -> None:
    """Write until there is no room."""
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(65536)):
            pass


async def panic(data: Path) -> None:
    """Write to the WAL alone until there is no room for its next segment."""
    connection = await asyncpg.connect(running_url(data))
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        while True:
            await connection.execute("select pg_logical_emit_message(false, '', repeat('x', 1000000))")
    connection.terminate()


def kill_postmaster(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def kill_all(postmaster: int) -> None:
    """Kill the postmaster and all its children."""
    stats = {path: path.read_text().rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat")}
    children = [int(path.parent.name) for path, fields in stats.items() if fields[1] == str(postmaster)]
    for pid in (postmaster, *children):
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(pid, signal.SIGKILL)


def pid_of(data: Path) -> int:
    found = read_pidfile(data / "data")
    return found.pid if found else 0


def events_of(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def failures_of(server: Server) -> list[dict[str, Any]]:
    return [event for event in events_of(server) if event["event"] == "program_does_not_start"]


async def health(server: Server) -> int:
    async with http_client(server.url) as http:
        return (await http.get("/health/ready")).status_code


async def until_ready(server: Server) -> None:
    async with asyncio.timeout(PATIENCE):
        while await health(server) != 200:
            await asyncio.sleep(0.02)
