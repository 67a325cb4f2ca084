"""The memory of a server does not grow with the length of a thread or of its messages."""

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from chinwag.chat.export import EXPORTS_AT_A_TIME
from chinwag.db.pool import Connection
from tests.support.cases import refused
from tests.support.process import Server
from tests.support.raw import raw_connection, request

MEGABYTE = 2**20
MESSAGES = 12
READERS = 12
MOST_BYTES = 60 * MEGABYTE
"""Far less than all of it for each reader."""


@pytest.fixture
async def large_thread(db: Connection, thread: int) -> int:
    """Messages of a megabyte."""
    await db.execute(
        "insert into message (thread_id, content) select $1, repeat('x', 999000) from generate_series(1, $2)",
        thread,
        MESSAGES,
    )
    return thread


def memory(server: Server, field: str) -> int:
    """The resident memory of a server, in bytes: VmRSS now, VmHWM the most (proc_pid_status(5))."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def forget_peak(server: Server) -> None:
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # proc_pid_clear_refs(5)


@pytest.mark.parametrize("path", ["export", "export?format=json", "messages?limit=200"])
async def test_many_who_read_a_large_thread_at_a_time(server: Server, large_thread: int, path: str) -> None:
    forget_peak(server)
    before = memory(server, "VmRSS")
    asked = request("GET", f"/api/v1/threads/{large_thread}/{path}", "Connection: close")

    async def read() -> int:
        async with raw_connection(server) as connection:
            await connection.send(asked)
            return len(await connection.rest(300))

    sizes = await asyncio.gather(*(read() for _ in range(READERS)))
    assert len(set(sizes)) == 1
    assert memory(server, "VmHWM") < before + MOST_BYTES


async def test_long_messages_are_read_in_short_pages(http: httpx.AsyncClient, large_thread: int) -> None:
    for cursor, end in (("after", 0), ("before", MESSAGES + 1)):
        seqs: list[int] = []
        while page := await read_page(http, large_thread, {cursor: seqs[-1] if seqs else end}):
            assert len(page) <= 3
            seqs += page if cursor == "after" else page[::-1]
        assert sorted(seqs) == list(range(1, MESSAGES + 1)) and len(seqs) == MESSAGES


async def read_page(http: httpx.AsyncClient, thread: int, cursor: dict[str, int]) -> list[int]:
    answer = await http.get(f"/threads/{thread}/messages", params={"limit": 200, **cursor})
    return [message["seq"] for message in answer.json()]


async def test_who_does_not_read_an_export_holds_up_nobody(
    server: Server, http: httpx.AsyncClient, large_thread: int
) -> None:
    asked = request("GET", f"/api/v1/threads/{large_thread}/export", "Connection: close")
    async with AsyncExitStack() as stack:
        for _ in range(EXPORTS_AT_A_TIME - 1):
            idle = await stack.enter_async_context(raw_connection(server, receive_buffer=4096))
            await idle.send(asked)
            await idle.until(b"\r\n\r\n")
        assert len((await http.get(f"/threads/{large_thread}/export")).content) > MESSAGES * 999_000
        last = await stack.enter_async_context(raw_connection(server, receive_buffer=4096))
        await last.send(asked)
        await last.until(b"\r\n\r\n")
        refused(await http.get(f"/threads/{large_thread}/export"), 503, "too_many_exports")
    async with asyncio.timeout(20):  # those who have left have made room
        while (await http.get(f"/threads/{large_thread}/export")).status_code == 503:
            await asyncio.sleep(0.05)
