"""Who reads slowly loses nothing and slows nobody; who is dead is dropped."""

import asyncio
import json
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, hang_up, open_thread
from tests.support.handshake import handshake
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT_MANY


async def test_a_slow_reader_gets_everything_and_slows_nobody(
    server: Server, db: Connection, thread: int
) -> None:
    rows, size = 20_000, 1000
    async with open_thread(server, thread) as quick, slow_reader(server, thread) as slow:
        await quick.frame("ready")
        before = resident_bytes(server)
        for _ in range(20):
            await db.execute(INSERT_MANY, thread, rows // 20, size)
        await quick.until_seq(rows)
        assert resident_bytes(server) - before < 20_000_000, "what the slow reader lacks is not kept for it"
        assert await slow.read_all(rows) == list(range(1, rows + 1))


async def test_a_reader_that_answers_no_pings_is_dropped(
    start_server: ServerStarter, settings: dict[str, str], db: Connection, thread: int
) -> None:
    server = start_server(settings | {"CHINWAG_PING_SECONDS": "0.5"})
    async with (
        slow_reader(server, thread) as idle,
        slow_reader(server, thread) as full,
        slow_reader(server, thread) as leaving,
    ):
        # What it never reads fills its buffers: there a closing handshake would wait for ever.
        await db.execute(INSERT_MANY, thread, 10_000, 1000)
        await idle.until_dropped()
        leaving.say_good_bye()  # but it does not take the answer
        await full.until_dropped()
        await leaving.until_dropped()


async def test_a_reader_that_reads_nothing_is_dropped_though_it_answers_pings(
    start_server: ServerStarter, settings: dict[str, str], db: Connection, thread: int
) -> None:
    server = start_server(settings | {"CHINWAG_PING_SECONDS": "2"})
    async with slow_reader(server, thread) as reader:
        pongs = asyncio.create_task(reader.pong_for_ever())
        await db.execute(INSERT_MANY, thread, 10_000, 1000)
        await reader.until_dropped()
        pongs.cancel()


async def test_a_reader_that_reads_slowly_is_not_dropped(
    start_server: ServerStarter, settings: dict[str, str], db: Connection, thread: int
) -> None:
    """Its buffers are full at several checks, and in between it has read a little. At the end all that it has
    not read is in a buffer of the server's system, and it reaches the ping behind that after some checks."""
    rows = 10_000
    server = start_server(settings | {"CHINWAG_PING_SECONDS": "1"})
    async with slow_reader(server, thread, receive_buffer=65_536) as reader:
        reading = asyncio.create_task(reader.read_all(rows, pause=0.1))
        await db.execute(INSERT_MANY, thread, rows, 1000)
        assert await reading == list(range(1, rows + 1))


class SlowReader:
    """A browser that has shaken hands and then reads nothing, until it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read_all(self, last: int, pause: float = 0) -> list[int]:
        """Read all messages up to this one, with a pause after each hundred of them."""
        seqs: list[int] = []
        async with asyncio.timeout(LIMIT_SECONDS + pause * last / 100):
            while not seqs or seqs[-1] < last:
                opcode, data = await self._frame()
                if opcode == 9:
                    self._pong(data)
                elif (frame := json.loads(data))["type"] == "message":
                    seqs.append(frame["data"]["seq"])
                    if len(seqs) % 100 == 0:
                        await asyncio.sleep(pause)
        return seqs

    async def pong_for_ever(self) -> None:
        while True:
            self._pong(b"")
            await asyncio.sleep(0.05)

    def say_good_bye(self) -> None:
        self._writer.write(b"\x88\x80\0\0\0\0")

    async def until_dropped(self) -> None:
        """Wait for the reset without reading anything."""
        descriptor = self._writer.get_extra_info("socket").fileno()
        if descriptor >= 0:  # asyncio has not noticed it by itself
            poll = select.poll()
            poll.register(descriptor, 0)
            assert await asyncio.to_thread(poll.poll, LIMIT_SECONDS * 1000)

    async def _frame(self) -> tuple[int, bytes]:
        head = await self._reader.readexactly(2)
        size = head[1]
        if size > 125:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
        return head[0] & 15, await self._reader.readexactly(size)

    def _pong(self, data: bytes) -> None:
        self._writer.write(b"\x8a" + bytes([0x80 | len(data)]) + bytes(4) + data)


@asynccontextmanager
async def slow_reader(
    server: Server, thread: int, receive_buffer: int | None = None
) -> AsyncIterator[SlowReader]:
    """Connect a slow reader. `receive_buffer` is the size of the system's buffer for what it has not read, in
    bytes."""
    end = socket.socket()
    if receive_buffer is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=end, limit=1024)
    writer.write(handshake(f"/api/v1/ws/threads/{thread}"))
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield SlowReader(reader, writer)
    finally:
        await hang_up(writer)


def resident_bytes(server: Server) -> int:
    fields = Path(f"/proc/{server.process.pid}/statm").read_text().split()
    return int(fields[1]) * 4096
