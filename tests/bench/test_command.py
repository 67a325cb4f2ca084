"""`chinwag bench`: what it prints, that its load counts right, that nothing is left. No speed is tested."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from chinwag.bench import slow_disk
from chinwag.bench.client import connected
from chinwag.bench.clients import CountingClient, Tally, check, until
from chinwag.bench.cpu import Cpu
from chinwag.bench.numbered import NumberedClient, Wire
from chinwag.db.pool import Connection
from chinwag.errors import LoadFailed
from tests.support import sql
from tests.support.process import Server, directory_for_all, environ_of, find_program

LIMIT_SECONDS = 300
SMALL = ["--seconds", "0.3", "--repeat", "2"]
UNDER_WAY = "select max(last_seq) > 0 from thread where title like 'chinwag bench %'"
PUSHED = [", median", ", 99th percentile", " : bare LISTEN, median"]
BENCHES = {
    "fanout": (["--sockets", "5", *SMALL], ["fan-out"]),
    "ingest": (["--sockets", "5", *SMALL], ["ingest"]),
    "latency": (
        ["--sockets", "5", *SMALL],
        ["bare LISTEN, median", "bare LISTEN, 99th percentile"]
        + [f"{who}{what}" for who in ("1 socket", "5 sockets") for what in PUSHED],
    ),
    "connections": (["--sockets", "60", "--repeat", "2"], ["handshakes, to ready", "idle socket"]),
    "writers": (
        ["--writers", "1", "--writers", "3", "--seconds", "1", "--repeat", "1"],
        [f"{who} with NOTIFY" for who in ("1 writer", "3 writers")],
    ),
}


@pytest.mark.parametrize("name", BENCHES)
async def test_a_running_server_is_measured_and_left_as_it_was(
    name: str, server: Server, database_url: str, db: Connection, thread: int
) -> None:
    await db.execute("insert into message (thread_id, content) values ($1, 'somebody''s')", thread)
    before = await contents(db)
    options, figures = BENCHES[name]
    pid = str(server.process.pid)
    done = await bench(name, "--url", server.url, "--pid", pid, "--json", *options, database_url=database_url)
    assert done.returncode == 0, done.stderr
    report = msgspec.json.decode(done.stdout)
    assert report["bench"] == name and report["options"]["url"] == server.url
    assert [result["name"] for result in report["results"]] == figures
    for result in report["results"]:
        check_result(result, report["options"]["repeat"])
    assert {"server", "load"} <= report["results"][0]["cpu"].keys()
    assert f"{name}, run 1 of " in done.stderr
    await sql.until(db, "select not exists (select from removed_thread)")
    is_unchanged = await contents(db) == before  # to show how two of them differ could take hours
    assert is_unchanged


async def test_without_a_server_it_starts_its_own_and_leaves_nothing() -> None:
    with directory_for_all() as place:
        place.mkdir()
        options = ["--writers", "1", "--writers", "3", "--no-fsync", "--repeat", "1", "--seconds", "1"]
        done = await bench("writers", *options, TMPDIR=str(place))
        assert not list(place.iterdir())
    assert done.returncode == 0, done.stderr
    command, _, head, *lines = done.stdout.splitlines()
    assert command == (
        "chinwag bench writers --writers 1 --writers 3 --seconds 1 --size 20 --repeat 1 --no-fsync"
    )
    assert head.split()[:2] == ["median", "runs"]
    names = [re.split(r", \S+  ", line)[0] for line in lines[:12]]
    assert names[:6] == [
        "1 writer with NOTIFY",
        "1 writer without NOTIFY",
        "1 writer with a relay",
        "1 writer, then until the relay has notified all",
        "1 writer, with a relay : without NOTIFY",
        "1 writer, with a relay : with NOTIFY",
    ]
    assert len(set(names)) == 12 and not lines[12]


async def test_each_fsync_takes_as_much_longer_as_was_asked() -> None:
    find_program("cc", "gcc")
    slow = ["--fsync-delay-ms", "10", "--sockets", "1", "--seconds", "0.5", "--repeat", "1", "--json"]
    done = await bench("latency", *slow)
    assert done.returncode == 0, done.stderr
    report = msgspec.json.decode(done.stdout)
    assert report["options"]["fsync_delay_ms"] == "10"
    assert report["results"][0]["name"] == "bare LISTEN, median"
    assert report["results"][0]["median"] >= 10


async def test_it_says_why_an_fsync_cannot_be_delayed() -> None:
    for options in ["--no-fsync"], ["--url", "http://127.0.0.1:1"]:
        done = await bench("ingest", "--fsync-delay-ms", "2", *options)
        assert done.returncode == 1 and "--fsync-delay-ms works neither with" in done.stderr
    done = await bench("ingest", "--fsync-delay-ms", "2", PATH="")
    assert done.returncode == 1 and "apt install gcc" in done.stderr


@pytest.mark.parametrize("milliseconds", [0.0, 20.0])
async def test_a_disk_that_is_not_as_slow_as_it_should_be_is_noticed(
    database_url: str, milliseconds: float
) -> None:
    with pytest.raises(LoadFailed, match="20 ms longer") if milliseconds else nullcontext():
        await slow_disk.check(database_url, milliseconds)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_what_it_has_created_is_deleted_when_it_is_stopped(
    number: signal.Signals, server: Server, database_url: str, db: Connection
) -> None:
    before = await contents(db)
    command = [sys.executable, "-m", "chinwag.cli", "bench", "fanout", "--sockets", "5", "--seconds", "60"]
    process = await asyncio.create_subprocess_exec(
        *command, "--url", server.url, env=environ_of(database_url, {}), stderr=subprocess.DEVNULL
    )
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await db.fetchval(UNDER_WAY):
            await asyncio.sleep(0.01)
        process.send_signal(number)
        assert await process.wait() != 0
    is_unchanged = await contents(db) == before  # to show how two of them differ could take hours
    assert is_unchanged


async def test_a_database_of_another_server_is_not_written_to(
    server: Server, db: Connection, new_database: Callable[[], str]
) -> None:
    before = await contents(db)
    url = await asyncio.to_thread(new_database)
    other = await asyncpg.connect(url)
    try:
        await other.execute("insert into thread select from generate_series(1, 100)")
        done = await bench("fanout", "--url", server.url, *SMALL, database_url=url)
        assert done.returncode == 1
        assert "DATABASE_URL does not name the database of the server" in done.stderr
        assert await other.fetchval("select count(*) from message") == 0
    finally:
        await other.close()
    is_unchanged = await contents(db) == before  # to show how two of them differ could take hours
    assert is_unchanged


async def test_it_says_what_is_missing(server: Server, tmp_path: Path) -> None:
    done = await bench("fanout", "--url", server.url)
    assert done.returncode == 1 and "DATABASE_URL" in done.stderr
    done = await bench("ingest", "--url", server.url, "--sockets", "2", *SMALL)
    assert done.returncode == 0, done.stderr
    done = await bench("ingest", "--url", "http://127.0.0.1:1")
    assert done.returncode == 1 and "cannot be reached" in done.stderr
    done = await bench("ingest", "--url", "localhost:8000")
    assert done.returncode == 1 and "is not the URL of a server" in done.stderr
    (tmp_path / "picows.py").write_text("raise ImportError")
    done = await bench("ingest", PYTHONPATH=f"{tmp_path}:{Path.cwd()}")
    assert done.returncode == 1 and "pip install 'chinwag[bench]'" in done.stderr
    done = await bench("--help", PYTHONPATH=f"{tmp_path}:{Path.cwd()}")
    assert done.returncode == 0 and "fanout" in done.stdout


def test_a_server_imports_nothing_of_it() -> None:
    program = "import sys, chinwag.cli, chinwag.asgi, chinwag.push.uvicorn.protocol; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert not [name for name in modules.stdout.split() if name.startswith(("chinwag.bench", "picows"))]


async def test_what_is_missed_or_comes_twice_is_noticed() -> None:
    for numbers, fault in ([1, 2, 3], False), ([1, 3], True), ([1, 2, 2, 3], True), ([1, 2], True):
        async with speaking([text(number) for number in numbers]) as url:
            client = CountingClient(WIRE, Tally())
            async with connected([client], [url]):
                await until(lambda: client.held >= numbers[-1], [client])  # noqa: B023
                with pytest.raises(LoadFailed) if fault else nullcontext():
                    check([client], 3)


async def test_frames_that_come_in_one_read_are_counted_whatever_the_last_one_is() -> None:
    long = [text(number, 200) for number in (1, 2, 3)]
    for last in (WSMsgType.PING, b"?"), (WSMsgType.TEXT, b"something else"), (WSMsgType.TEXT, b"?" * 300):
        async with speaking([*long, last]) as url:
            tally = Tally()
            client = CountingClient(WIRE, tally)
            async with connected([client], [url]):
                await until(lambda: tally.delivered == 3, [client])  # noqa: B023
                check([client], 3)


async def test_who_looks_at_each_frame_notices_a_long_one_that_comes_twice_in_one_read() -> None:
    async with speaking([text(number, 200) for number in (1, 2, 2, 4)]) as url:
        client = NumberedClient(WIRE)
        async with connected([client], [url]):
            await until(lambda: client.held == 4, [client])
            assert client.missed == 2


async def test_who_resumes_must_have_got_all_before_ready_and_a_newcomer_need_not() -> None:
    for held, missed in (0, 3), (1, 2), (3, 0), (None, 0):
        client = NumberedClient(replace(WIRE, ready=lambda frame: 3 if frame == READY else -1), held=held)
        async with speaking([text(4)]) as url, connected([client], [url]):
            await until(lambda: client.held == 4, [client])  # noqa: B023
            assert client.missed == missed


async def test_a_socket_that_is_closed_is_not_taken_for_idle() -> None:
    async with speaking([(WSMsgType.CLOSE, b"\x0f\xa3away")]) as url:
        client = NumberedClient(WIRE)
        async with connected([client], [url]):
            with pytest.raises(LoadFailed, match="4003 away"):
                await until(lambda: False, [client])


def test_the_cpu_of_children_counts() -> None:
    program = "import time\nend = time.monotonic() + 0.5\nwhile time.monotonic() < end: pass"
    with subprocess.Popen(["sh", "-c", f"'{sys.executable}' -c '{program}'; true"]) as shell:
        cpu = Cpu({"shell": [shell.pid], "unknown": []})
        # Not until its end: of a process that is gone nothing is known.
        while cpu.shares()["shell"] == 0:
            assert shell.poll() is None


READY = b"ready"
WIRE = Wire(
    number=lambda frame: int(bytes(frame[:1])),
    ready=lambda frame: 0 if frame == READY else -1,
)


def text(number: int, size: int = 1) -> tuple[WSMsgType, bytes]:
    return WSMsgType.TEXT, b"%d" % number + b"x" * (size - 1)


@asynccontextmanager
async def speaking(frames: list[tuple[WSMsgType, bytes]]) -> AsyncIterator[str]:
    """Run a server that is ready and sends these frames in one write to every client, and give its URL."""

    class Speaker(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            connection = transport.underlying_transport
            connection.write(b"".join(framed(*frame) for frame in [(WSMsgType.TEXT, READY), *frames]))

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.disconnect()

    server = await ws_create_server(lambda _: Speaker(), "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def framed(kind: WSMsgType, payload: bytes) -> bytes:
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return bytes([0x80 | kind.value]) + length + payload


def check_result(result: dict[str, Any], repeat: int) -> None:
    assert len(result["values"]) == repeat
    assert min(result["values"]) <= result["median"] <= max(result["values"])
    assert result["unit"]
    # Of few sockets an idle one may cost nothing that can be seen; and where the machine has much else to do,
    # nobody may come to a commit in so short a time.
    assert min(result["values"]) >= 0
    assert all(share >= 0 for share in result["cpu"].values())


async def contents(db: Connection) -> list[Any]:
    return [
        await db.fetch("select id, title, last_seq, updated_at from thread order by id"),
        await db.fetch("select id, thread_id, seq, content from message order by id"),
        await db.fetchval("select count(*) from reply_request"),
        await db.fetch("select datname from pg_database where datname like '%unheard%'"),
    ]


async def bench(
    *arguments: str, database_url: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a bench to its end."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "chinwag.cli", "bench", *arguments],
        env=environ_of(database_url, settings),
        capture_output=True,
        check=False,
        text=True,
        timeout=LIMIT_SECONDS,
    )
