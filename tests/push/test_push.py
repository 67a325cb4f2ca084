"""What is written reaches everybody who reads: whoever wrote it, on whichever server, once and in order."""

import json
from uuid import uuid4

import asyncpg
import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_list, open_thread
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT_MANY


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": "200000"}


@pytest.fixture(scope="module")
def other_server(start_server: ServerStarter, settings: dict[str, str]) -> Server:
    return start_server(settings)


async def test_each_way_to_write_reaches_readers_on_two_servers(
    server: Server, other_server: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as one, open_thread(other_server, thread) as other:
        await one.frame("ready")
        await other.frame("ready")
        await one.send("by WebSocket")
        await one.until_seq(1)
        await http.post(f"/threads/{thread}/messages", json={"content": "by HTTP"})
        await db.execute("insert into message (thread_id, content) values ($1, 'by SQL')", thread)
        await one.until_seq(3)
        await other.until_seq(3)
        assert one.messages == other.messages
        assert [m["content"] for m in one.messages] == ["by WebSocket", "by HTTP", "by SQL"]


@pytest.mark.parametrize("rows", [1, 5000])
async def test_insert_select_reaches_a_reader_in_order(
    server: Server, db: Connection, thread: int, rows: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(
            "insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, $2) i",
            thread,
            rows,
        )
        await client.until_seq(rows)
        assert [m["content"] for m in client.messages] == [f"n {i}" for i in range(1, rows + 1)]


async def test_copy_reaches_a_reader(server: Server, db: Connection, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        rows = [(thread, f"n {i}") for i in range(5000)]
        await db.copy_records_to_table("message", records=rows, columns=["thread_id", "content"])
        await client.until_seq(5000)


async def test_a_message_too_long_for_notify_comes_in_its_place(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        for size in (10, 7_999, 100_000, 11, 8_000, 12):
            await db.execute(
                "insert into message (thread_id, content) values ($1, repeat('ü', $2))", thread, size
            )
        await client.until_seq(6)
        assert [len(m["content"]) for m in client.messages] == [10, 7_999, 100_000, 11, 8_000, 12]


async def test_the_frame_is_the_same_whoever_writes(
    server: Server, db: Connection, database_url: str, thread: int
) -> None:
    role = f"writer_{uuid4().hex[:8]}"
    await db.execute(f"create role {role} login password 'x'; grant insert on message to {role}")
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        insert = "insert into public.message (thread_id, content, author) values ($1, 'same', 1)"
        await db.execute(insert, thread)
        stranger = await asyncpg.connect(
            database_url,
            user=role,
            password="x",
            server_settings={"timezone": "Asia/Kathmandu", "datestyle": "German", "search_path": ""},
        )
        await stranger.execute(insert, thread)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.execute("select * from public.message")
        await stranger.close()
        await client.until_seq(2)
    usual, strange = client.messages
    moment = await db.fetchval(
        "select created_at from message where thread_id = $1 and seq = 2", thread
    )
    assert strange["created_at"] == moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # Byte for byte in form: the one becomes the other when what must differ is exchanged.
    text = client.raw[-1]
    for key in ("id", "seq", "created_at"):
        text = text.replace(
            f'"{key}":{json.dumps(strange[key])}', f'"{key}":{json.dumps(usual[key])}'
        )
    assert text == client.raw[-2]


async def test_the_activity_of_a_busy_thread_is_gathered(server: Server, db: Connection, thread: int) -> None:
    async with open_list(server) as client:
        await db.execute(INSERT_MANY, thread, 1000, 10)
        await client.frame("thread.active", lambda data: data["last_seq"] == 1000)
        assert len(client.frames) < 10
