"""A flood from some sockets leaves the server to the others, also where the rate limit is off."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from chinwag.db.pool import Connection
from chinwag.wire import CloseCode
from tests.storm.flooding import CLOSE, PING, PONG, floods, frame, many
from tests.storm.floods import MOST_BYTES, measure
from tests.support.client import LIMIT_SECONDS, Client, hang_up, open_list, open_thread
from tests.support.handshake import handshake
from tests.support.process import Server
from tests.support.raw import raw_connection

SECONDS = 1
MOST_LOG_BYTES = 20_000
MOST_TAKEN_BYTES = 64_000_000
"""It is far more than the buffers of two kernels, which the server cannot help."""

QUIET_SECONDS = 3
"""After so long in which nothing more was taken, nothing is."""


@pytest.fixture
async def threads(http: httpx.AsyncClient) -> list[int]:
    """Some for the ordinary users, and the last one for the attackers."""
    answers = [await http.post("/threads", json={"title": "Thread"}) for _ in range(3)]
    return [answer.json()["id"] for answer in answers]


@pytest.mark.parametrize("sockets", [1, 20])
@pytest.mark.parametrize("flood", floods(0))
async def test_others_are_served_and_memory_and_log_stay_bounded(
    server: Server, threads: list[int], flood: str, sockets: int
) -> None:
    log_bytes = server.log.stat().st_size
    beside = await measure(server, server, threads, SECONDS, flood, sockets)
    assert not beside.refused
    assert beside.most - beside.before < MOST_BYTES
    assert server.log.stat().st_size - log_bytes < MOST_LOG_BYTES
    async with open_list(server) as client:
        await client.connection.send('{"type": "ping"}')
        await client.frame("pong")


async def test_a_socket_that_reads_nothing_is_not_read(server: Server, thread: int) -> None:
    pings, taken = many(frame(bytes(125), PING)), 0
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(handshake(f"/api/v1/ws/threads/{thread}"))
    await reader.readuntil(b"\r\n\r\n")
    with contextlib.suppress(TimeoutError):
        while taken < MOST_TAKEN_BYTES:
            writer.write(pings)
            async with asyncio.timeout(QUIET_SECONDS):
                await writer.drain()
            taken += len(pings)
    await hang_up(writer)
    assert taken < MOST_TAKEN_BYTES


@pytest.mark.parametrize("text", ["{", '{"content": ""}', '{"type": "shout"}', b"binary"])
async def test_a_socket_is_closed_when_too_many_of_its_frames_are_refused(
    server: Server, thread: int, text: str | bytes
) -> None:
    async with open_thread(server, thread) as client:
        for _ in range(100):
            await client.connection.send(text)
        await client.until(lambda frames: errors(client) == 100)
        for _ in range(10_000):
            await client.connection.send(text)
            if client.connection.close_code:
                break
        assert await client.closed() == CloseCode.POLICY_VIOLATION
        assert client.connection.close_reason == "too many of the frames were refused"


async def test_after_the_servers_close_the_client_may_send_on_for_a_while(
    server: Server, thread: int
) -> None:
    """It closes in its turn when it has read the close frame. After a flood that would be megabytes later."""
    async with raw_connection(server) as client, raw_connection(server) as attacker:
        for one in (client, attacker):
            await one.send(handshake(f"/api/v1/ws/threads/{thread}"))
            await one.until(b'"ready"')
            await one.send(frame(b"{") * 300)
            await one.until(b"too many of the frames were refused")
        await client.send(frame(b"", PONG) * 5_000 + frame(b"\x03\xe8", CLOSE))
        assert await client.some(1) == b""
        await attacker.send(frame(b"", PONG) * 50_000)
        assert await attacker.is_reset()


async def test_trouble_of_the_server_is_not_counted_as_refusals(
    server: Server, db: Connection, thread: int
) -> None:
    """A thread that a transaction elsewhere holds refuses everything, and its connections stay open."""
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        async with db.transaction():
            await db.execute("select from thread where id = $1 for update", thread)
            for _ in range(210):
                await client.send("busy")
            await client.until(lambda frames: errors(client) == 210)
            assert (await client.frame("error"))["code"] == "thread_busy"
        await client.send("free")
        await client.frame("message", lambda message: message["content"] == "free")


async def test_what_is_sent_again_many_times_is_read_once(server: Server, thread: int) -> None:
    times = 2_000
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        client_id = await client.send("the same")
        for _ in range(times):
            await client.send("the same", client_id)
        await client.send("the last")
        await client.frame("message", lambda message: message["content"] == "the last")
        assert 1 < len(client.messages) < times / 2
        assert {message["seq"] for message in client.messages} == {1, 2}


async def test_each_of_many_that_are_sent_again_is_answered(server: Server, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        client_ids = [await client.send(f"{number}") for number in range(300)]
        await client.until_seq(300)
        client.frames.clear()
        for client_id in client_ids:
            await client.send("again", client_id)
        await client.until(lambda frames: len(frames) >= 300)
        assert [message["client_id"] for message in client.messages] == [str(one) for one in client_ids]


async def test_fragments_of_a_frame_with_other_frames_between_them(server: Server, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        text = json.dumps({"content": "in many pieces " * 1_000})

        async def pieces() -> AsyncIterator[str]:
            for start in range(0, len(text), 7):
                yield text[start : start + 7]
                if start % 700 == 0:
                    await (await client.connection.ping())

        async with asyncio.timeout(LIMIT_SECONDS):
            await client.connection.send(pieces())
        assert (await client.frame("message"))["content"] == "in many pieces " * 1_000


async def test_a_frame_that_comes_byte_by_byte(server: Server, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        transport = client.connection.transport
        for size in (5, 500, 30_000):
            data = json.dumps({"content": "x" * size}).encode()
            head = b"\x81" + (
                bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
            )
            for byte in (head + bytes(4) + data)[:200]:
                transport.write(bytes([byte]))
                await asyncio.sleep(0)
            transport.write((head + bytes(4) + data)[200:])
        await client.until_seq(3)
        assert [len(message["content"]) for message in client.messages] == [5, 500, 30_000]


def errors(client: Client) -> int:
    return sum(frame["type"] == "error" for frame in client.frames)
