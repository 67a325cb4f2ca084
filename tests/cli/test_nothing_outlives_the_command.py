"""What a command has started ends with it, whatever ends the command."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from chinwag.embedded.discovery import running_url
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.command import chinwag, post
from tests.support.handshake import handshake
from tests.support.process import (
    START_SECONDS,
    STOP_SECONDS,
    Server,
    ServerStarter,
    directory_for_all,
    environ_of,
    free_port,
    wait_until,
)
from tests.support.repository import ROOT


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data directory for the embedded PostgreSQL, that one command after the other uses."""
    with directory_for_all() as directory:
        yield directory


@pytest.fixture(scope="module")
def settings(data: Path) -> dict[str, str]:
    return {"CHINWAG_DATA_DIRECTORY": str(data), "CHINWAG_BOT": "none"}


@pytest.fixture
def start_alone() -> Iterator[ServerStarter]:
    """Starts servers that have no DATABASE_URL."""
    with ServerStarter(None, forks=False) as starter:
        yield starter


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_a_signal_ends_everything(
    start_alone: ServerStarter, settings: dict[str, str], data: Path, number: signal.Signals, workers: str
) -> None:
    server = start_alone(settings | {"CHINWAG_LOG_FORMAT": "json"}, "--workers", workers)
    await until_servers_listen(data, int(workers))
    thread = (await post(server, "/threads", {}))["id"]
    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        deaf.sendall(handshake(f"/api/v1/ws/threads/{thread}"))
        assert deaf.recv(12) == b"HTTP/1.1 101"
        async with open_thread(server, thread) as client:
            await client.frame("ready")
            if number == signal.SIGINT:
                os.killpg(server.process.pid, number)  # as Ctrl-C at a terminal does
            else:
                server.process.send_signal(number)
            assert await client.closed() == 1012
        assert await asyncio.to_thread(server.process.wait, STOP_SECONDS) == 0
    assert running_url(data) is None
    wait_until(lambda: not is_there(server.process.pid))
    events = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {event["level"] for event in events} <= {"info"}


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_kill_ends_everything(
    start_alone: ServerStarter, settings: dict[str, str], data: Path, workers: str
) -> None:
    server = start_alone(settings, "--workers", workers)
    await until_servers_listen(data, int(workers))
    server.kill()
    wait_until(lambda: not is_there(server.process.pid))
    wait_until(lambda: running_url(data) is None)


def test_a_signal_during_the_start_ends_everything(settings: dict[str, str], data: Path) -> None:
    command = [sys.executable, "-m", "chinwag.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environ_of(None, settings), stdout=subprocess.DEVNULL)
    wait_until((data / "data" / "postmaster.pid").exists, START_SECONDS)
    process.terminate()
    assert process.wait(STOP_SECONDS) == 0
    assert running_url(data) is None


async def test_litestar_run_does_the_same(settings: dict[str, str], data: Path) -> None:
    with litestar_run(settings) as server:
        thread = (await post(server, "/threads", {}))["id"]
        async with open_thread(server, thread) as client:
            await client.frame("ready")
            await client.send("by WebSocket")
            await client.until_seq(1)
            many = f"select {thread}, repeat('x', i) from generate_series(1, 2000) i"
            chinwag("psql", "-c", f"insert into message (thread_id, content) {many}", **settings)
            await client.until_seq(2001)
        assert server.end(signal.SIGINT) == 0
    assert running_url(data) is None


async def until_servers_listen(data: Path, count: int) -> None:
    """Wait until so many server processes listen to the embedded PostgreSQL."""
    connection = await asyncpg.connect(running_url(data))
    query = "select count(*) from pg_stat_activity where application_name = 'chinwag listener'"
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while await connection.fetchval(query) < count:
                pass
    finally:
        await connection.close()


@contextmanager
def litestar_run(settings: dict[str, str]) -> Iterator[Server]:
    port = free_port()
    litestar = [sys.executable, "-m", "litestar", "--app", "chinwag.asgi:create_app"]
    command = [*litestar, "run", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environ_of(None, settings), text=True)
    server = Server(process, f"http://127.0.0.1:{port}", Path(os.devnull))
    try:
        wait_until(lambda: is_ready(server), START_SECONDS)
        yield server
    finally:
        server.kill()


def is_ready(server: Server) -> bool:
    assert server.process.poll() is None, "it ended"
    try:
        return httpx.get(f"{server.url}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def is_there(group: int) -> bool:
    """Whether a process of this group lives."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
