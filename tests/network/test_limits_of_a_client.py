"""Memory, time and connections that one client can take are limited."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.process import Server
from tests.support.raw import RawConnection, ask, raw_connection, request, statuses

JSON = "Content-Type: application/json"
WEBSOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_REQUEST_SECONDS": "1", "CHINWAG_MAX_CONNECTIONS": "50"}


@pytest.fixture(autouse=True, scope="module")
def no_traceback_is_logged(server: Server) -> Iterator[None]:
    yield
    assert "Traceback" not in server.log.read_text()


def memory(server: Server) -> int:
    """The resident memory of a server, in bytes (proc_pid_statm(5))."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


ENDLESS = {
    "request line": (b"GET /", b"x"),
    "field names": (b"GET /health/live HTTP/1.1\r\n", b"x"),
    "field values": (b"GET /health/live HTTP/1.1\r\nX: ", b"x"),
    "fields": (b"GET /health/live HTTP/1.1\r\n", b"X: y\r\n"),
    "trailer fields": (request("POST", "/health/live", "Transfer-Encoding: chunked") + b"0\r\n", b"X: y\r\n"),
    "a trailer field": (request("POST", "/health/live", "Transfer-Encoding: chunked") + b"0\r\nX: ", b"x"),
    "a chunk extension": (request("POST", "/health/live", "Transfer-Encoding: chunked") + b"1;a=", b"x"),
    "a handshake": (request("GET", "/api/v1/ws/threads", *WEBSOCKET)[:-2] + b"X: ", b"x"),
}


@pytest.mark.parametrize("begin", ENDLESS)
async def test_a_head_without_end_is_cut_off(server: Server, begin: str) -> None:
    start, piece = ENDLESS[begin]
    before = memory(server)
    async with raw_connection(server) as connection:
        await connection.send(start)
        for _ in range(100):  # the last of them are not taken any more
            await connection.send(piece * (MEGABYTE // len(piece)))
        assert statuses(await connection.rest())[-1:] in ([], [431])
    assert memory(server) < before + 20 * MEGABYTE


@pytest.mark.parametrize("head", [["X: " + "x" * 33_000], ["X: y"] * 120], ids=["bytes", "fields"])
async def test_a_head_that_is_too_large_is_refused(server: Server, head: list[str]) -> None:
    answered = await ask(server, request("GET", "/health/live", *head))
    assert statuses(answered) == [431] and b"head_too_large" in answered


async def test_a_head_that_a_browser_may_send_is_taken(server: Server) -> None:
    fields = [f"Cookie: {'x' * 8_000}"] * 3 + ["X: y"] * 80
    assert statuses(await ask(server, request("GET", "/health/live", *fields, "Connection: close"))) == [200]


UNFINISHED = {
    "nothing": b"",
    "an empty line": b"\r\n",
    "a part of the first line": b"GET /hea",
    "a part of the head": b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "a part of a handshake": request("GET", "/api/v1/ws/threads", *WEBSOCKET)[:-2],
    "a part of a body": request("POST", "/api/v1/threads", JSON, "Content-Length: 100") + b"{",
    "a part of a chunk": request("POST", "/api/v1/threads", JSON, "Transfer-Encoding: chunked") + b"9\r\n{",
    "a part of a body that is refused before": request("POST", "/nowhere", "Content-Length: 100") + b"{",
    "a second request": request("GET", "/health/live") + b"GET /",
}


@pytest.mark.parametrize("start", UNFINISHED)
async def test_a_request_that_does_not_arrive_is_given_up(server: Server, start: str) -> None:
    async with raw_connection(server) as connection:
        await connection.send(UNFINISHED[start])
        received = await connection.rest()
    assert 408 in statuses(received) or statuses(received) == [404]


async def test_a_byte_now_and_then_does_not_prolong_it(server: Server) -> None:
    async with raw_connection(server) as connection:
        dripping = asyncio.create_task(drip(connection))
        assert statuses(await connection.rest()) == [408]
        dripping.cancel()


async def drip(connection: RawConnection) -> None:
    await connection.send(b"GET /health/live HTTP/1.1\r\nX: ")
    while True:
        await connection.send(b"x")
        await asyncio.sleep(0.1)  # that it goes on is what is tried


async def test_a_connection_without_a_request_is_closed(server: Server) -> None:
    async with raw_connection(server) as connection:
        await connection.send(request("GET", "/health/live"))
        assert 200 in statuses(await connection.until(b"}"))
        await connection.rest()


@pytest.fixture
async def large_thread(db: Connection, thread: int) -> int:
    """Twenty messages of a megabyte."""
    await db.execute(
        "insert into message (thread_id, content) select $1, repeat('x', 999000) from generate_series(1, 20)",
        thread,
    )
    return thread


@pytest.mark.parametrize("path", ["export", "messages?limit=200"])
async def test_an_answer_that_is_not_read_is_given_up(
    server: Server, large_thread: int, path: str
) -> None:
    """The answers are so many that the system's buffers do not take them all."""
    async with raw_connection(server) as connection:
        await connection.send(request("GET", f"/api/v1/threads/{large_thread}/{path}") * 16)
        assert await connection.is_reset()


async def test_an_answer_that_is_read_slowly_arrives(server: Server, large_thread: int) -> None:
    path = f"/api/v1/threads/{large_thread}/export"
    async with raw_connection(server, receive_buffer=64 * 1024) as connection:
        await connection.send(request("GET", path, "Connection: close"))
        received = 0
        while piece := await connection.some(MEGABYTE):
            received += len(piece)
            if received < 5 * MEGABYTE:
                await asyncio.sleep(0.1)  # that it is slow is what is tried
    assert received > 19_000_000


@pytest.fixture
async def crowd(server: Server, thread: int) -> AsyncIterator[None]:
    """As many WebSockets as the server takes."""
    async with AsyncExitStack() as stack:
        with suppress(InvalidStatus):
            for _ in range(100):
                await stack.enter_async_context(open_thread(server, thread))
            raise AssertionError("the server takes them all")
        yield


async def test_a_server_that_is_full_says_so_and_answers_health_checks(
    server: Server, crowd: None
) -> None:
    answered = await ask(server, request("GET", "/api/v1/threads"))
    assert statuses(answered) == [503] and b"too_many_connections" in answered and b"retry-after" in answered
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    handshake = request("GET", "/api/v1/ws/threads", *WEBSOCKET, key)
    assert statuses(await ask(server, handshake)) == [503]
    async with http_client(server.url) as http:
        for path in ("/health/live", "/health/ready"):
            assert (await http.get(path)).status_code == 200


async def test_connections_that_ask_for_nothing_make_room(server: Server, thread: int) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(300):
            await stack.enter_async_context(raw_connection(server))
        async with http_client(server.url) as http:
            assert (await http.get("/health/ready")).status_code == 200
    async with open_thread(server, thread) as client:
        await client.frame("ready")
