"""Forged notifications: anybody who can connect to the database can NOTIFY, and nobody misses a message for
it."""

import json
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from chinwag.db.pool import Connection
from chinwag.push.lists import ACTIVE_THREADS
from chinwag.wire import MAX_ID, CloseCode
from tests.push.test_slow_readers import slow_reader
from tests.support.client import Client, open_list, open_thread
from tests.support.process import Server, ServerStarter, wait_until
from tests.support.sql import INSERT, INSERT_MANY

NOTIFY = "select pg_notify('chinwag', $1)"
FAR_OFF = 999_999_999


@pytest.fixture(scope="module")
async def forger(start_server: ServerStarter, db: Connection) -> AsyncIterator[Connection]:
    """A connection of a role that may connect, and nothing else."""
    await db.execute("drop role if exists forger; create role forger login password 'x'")
    connection = await asyncpg.connect(start_server.database_url, user="forger", password="x")
    yield connection
    await connection.close()


async def test_a_row_far_off_keeps_no_new_reader_from_being_ready(
    server: Server, db: Connection, forger: Connection, thread: int
) -> None:
    async with slow_reader(server, thread):
        await db.execute(INSERT_MANY, thread, 20_000, 1000)  # its buffers are full, and nobody is live
        await forger.execute(NOTIFY, f"{thread} {FAR_OFF}")
        await forger.execute(NOTIFY, f"{thread} {FAR_OFF + 1} {frame_of(thread, FAR_OFF + 1)}")
        async with open_thread(server, thread) as one, open_thread(server, thread, after=19_990) as other:
            await one.frame("ready")
            await other.frame("ready")
            await db.execute(INSERT, thread, "real")
            await one.until_seq(20_001)
            await other.until_seq(20_001)


async def test_rows_far_off_disturb_no_live_reader(
    server: Server, db: Connection, forger: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        for round in range(10):
            await forger.execute(NOTIFY, f"{thread} {FAR_OFF + round}")
            await db.execute(INSERT_MANY, thread, 2, 10_000)  # too long for NOTIFY: the table is read
            await db.execute(INSERT, thread, "short")
        await reader.until_seq(30)
        assert reader.seqs == list(range(1, 31))


@pytest.mark.parametrize("forged", [1, 3])
@pytest.mark.parametrize("real", [1, 2, 5])
async def test_no_message_is_lost_to_a_forgery_in_its_place(
    server: Server, db: Connection, forger: Connection, thread: int, forged: int, real: int
) -> None:
    await db.execute(INSERT_MANY, thread, 2, 10)
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        for seq in range(3, 3 + forged):
            await forger.execute(NOTIFY, f"{thread} {seq} {frame_of(thread, seq)}")
        await reader.until_seq(2 + forged)
        for round in range(real):
            await db.execute(INSERT, thread, f"real {round}")
        assert await reader.closed() == CloseCode.HISTORY_CHANGED
    async with open_thread(server, thread, after=2) as again:
        await again.frame("ready")
        assert [message["content"] for message in again.messages] == [f"real {i}" for i in range(real)]


async def test_a_repeat_that_is_forged_changes_nothing(
    server: Server, db: Connection, forger: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        for seq in range(1, 6):
            await db.execute(INSERT, thread, f"real {seq}")
            await forger.execute(NOTIFY, f"{thread} {seq} {frame_of(thread, seq)}")
            await forger.execute(NOTIFY, f"{thread} {seq}")
        await reader.until_seq(5)
        await still_reads(reader, db, thread, 6)


async def test_a_reader_that_joins_below_a_forgery_is_not_kept_waiting(
    server: Server, db: Connection, forger: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as deceived:
        await deceived.frame("ready")
        for seq in range(1, 301):  # more than a room keeps
            await forger.execute(NOTIFY, f"{thread} {seq} {frame_of(thread, seq)}")
        await deceived.until_seq(300)
        async with open_thread(server, thread, after=0) as reader:
            assert await reader.closed() == CloseCode.HISTORY_CHANGED  # so it comes back
        assert await deceived.closed() == CloseCode.HISTORY_CHANGED
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await still_reads(reader, db, thread, 1)


async def test_a_deletion_that_is_forged_closes_nobody(
    server: Server, http: httpx.AsyncClient, db: Connection, forger: Connection, thread: int
) -> None:
    deleted = (await http.post("/threads", json={})).json()["id"]
    async with (
        open_list(server) as list_client,
        open_thread(server, thread) as reader,
        open_thread(server, deleted) as other,
    ):
        await reader.frame("ready")
        await other.frame("ready")
        for outer in (thread, MAX_ID):
            event = json.dumps({"type": "thread.deleted", "data": {"id": thread}}, separators=(",", ":"))
            await forger.execute(NOTIFY, f"{outer} 0 {event}")
        await http.delete(f"/threads/{deleted}")
        assert await other.closed() == CloseCode.NO_SUCH_THREAD
        await list_client.frame("thread.deleted", lambda data: data["id"] == deleted)
        gone = [frame["data"]["id"] for frame in list_client.frames if frame["type"] == "thread.deleted"]
        assert thread not in gone
        await still_reads(reader, db, thread, 1)


async def test_what_is_no_frame_of_ours_reaches_no_browser(
    server: Server, db: Connection, forger: Connection, thread: int
) -> None:
    async with open_list(server) as list_client, open_thread(server, thread) as reader:
        await reader.frame("ready")
        for seq, text in [
            (1, "not JSON"), (1, "{"), (1, '{"type":"error","data":{}}'), (1, '{"type":"ready","data":{}}'),
            (0, "not JSON"), (0, '{"type":"thread.'), (0, frame_of(thread, 1)),
            (0, '{"type":"error","data":{}}'), (0, '{"type":"ready","data":{}}'),
            (0, '{"type":"database","data":{"available":false}}'), (0, '{"type":"seen","data":'),
        ]:  # fmt: skip
            await forger.execute(NOTIFY, f"{thread} {seq} {text}")
        await still_reads(reader, db, thread, 1)
        assert [frame["type"] for frame in reader.frames] == ["ready", "message"]
        assert reader.messages[0]["content"] == "still there"
        await list_client.frame("thread.active")
        of_others = {"presence", "thread.created", "thread.read", "thread.active"}
        assert [one["type"] for one in list_client.frames if one["type"] not in of_others] == ["ready"]


async def test_malformed_notifications_are_counted_in_the_log(
    server: Server, db: Connection, forger: Connection, thread: int
) -> None:
    before = len(server.log.read_text())
    many = "9" * 5000  # Python refuses to convert so many digits
    malformed = [
        "", "x", f"{thread}", f"{thread} x y", f"{thread} -1 {{}}", many, f"{thread} {many}", f"{many} 1",
        f"{thread} ١", f"{thread} {MAX_ID + 1}", f"{MAX_ID + 1} 1", f"{thread} 1.0", f"{thread}  1",
        f"{thread} 1\n",
    ]  # fmt: skip
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        for payload in malformed * 20:
            await forger.execute(NOTIFY, payload)
        await still_reads(reader, db, thread, 1)
    wait_until(lambda: "notifications_malformed" in server.log.read_text()[before:], 30)
    said = server.log.read_text()[before:]
    assert "Traceback" not in said
    assert said.count("notifications_malformed") <= 2


async def test_the_activity_of_threads_that_are_none_is_bounded(
    server: Server, db: Connection, forger: Connection, thread: int
) -> None:
    async with open_list(server) as list_client:
        await forger.execute(
            "select pg_notify('chinwag', i || ' 1') from generate_series($1::bigint, $1 + $2) as i",
            10**12, 20 * ACTIVE_THREADS,
        )  # fmt: skip
        await list_client.until(lambda frames: [f["type"] for f in frames].count("ready") > 1)
        await db.execute(INSERT, thread, "real")
        await list_client.frame("thread.active", lambda data: data["thread_id"] == thread)
        assert len(list_client.frames) < 5 * ACTIVE_THREADS


async def still_reads(reader: Client, db: Connection, thread: int, seq: int) -> None:
    """Check that a reader gets the next message and is not closed."""
    await db.execute(INSERT, thread, "still there")
    await reader.until_seq(seq)


def frame_of(thread: int, seq: int) -> str:
    """Make a frame as the database would make it, of a message that does not exist."""
    data = {
        "id": seq, "thread_id": thread, "seq": seq, "role": "user", "content": "forged",
        "created_at": "2026-01-01T00:00:00.000000Z", "client_id": None, "reply_to": None,
    }  # fmt: skip
    return json.dumps({"type": "message", "data": data}, separators=(",", ":"))

