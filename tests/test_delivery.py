"""Nothing lost, nothing twice, nothing out of order: joining, resuming, gaps, slow and dead readers."""

import asyncio
import json
import select
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import pytest

from app.database import Connection
from app.wire import CloseCode
from tests.client import LIMIT_SECONDS, open_list, open_thread
from tests.process import Server, ServerStarter
from tests.storm.faults import TERMINATE
from tests.storm.link import Link

pytestmark = pytest.mark.anyio

INSERT = "insert into message (thread_id, content) values ($1, $2)"
INSERT_MANY = """
    insert into message (thread_id, content) select $1, repeat('x', $3) from generate_series(1, $2)
"""
INSERT_ELSEWHERE = """
    insert into message (thread_id, seq, content) select $1, 3 + i, 'new' from generate_series(1, $2) i
"""
REPAIRING = """
    select from pg_stat_activity
    where datname = current_database() and application_name = 'chinwag' and wait_event_type = 'Lock'
"""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none"}


async def test_readers_that_join_while_others_write_miss_nothing(
    server: Server, db: Connection, thread: int
) -> None:
    async def read_from(after: int) -> None:
        async with open_thread(server, thread, after) as client:
            await client.until(lambda frames: client.seqs and client.seqs[-1] == 4000)
            assert client.seqs == list(range(after + 1, 4001))

    readers = []
    for written in range(0, 4000, 100):
        readers.append(asyncio.create_task(read_from(written // 2)))
        await db.execute(INSERT_MANY, thread, 100, 10)
    await asyncio.gather(*readers)


async def test_ready_comes_after_the_replay(server: Server, db: Connection, thread: int) -> None:
    await db.execute(INSERT_MANY, thread, 1200, 10)
    async with open_thread(server, thread, 100) as client:
        assert await client.frame("ready") == {"thread_id": thread, "last_seq": 1200}
        assert client.seqs == list(range(101, 1201))
        assert client.frames[-1]["type"] == "ready"


async def test_without_after_only_what_is_new_comes(server: Server, db: Connection, thread: int) -> None:
    await db.execute(INSERT_MANY, thread, 5, 10)
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(INSERT, thread, "new")
        await client.until_seq(6)
        assert client.seqs == [6]


async def test_after_beyond_the_end_is_the_end(server: Server, db: Connection, thread: int) -> None:
    async with open_thread(server, thread, 99) as client:
        assert (await client.frame("ready"))["last_seq"] == 0
        await db.execute(INSERT, thread, "first")
        await client.until_seq(1)


async def test_who_joins_others_needs_no_database(
    database_url: str, settings: dict[str, str], db: Connection, thread: int
) -> None:
    async with (
        server_by_link(database_url, settings) as (server, link),
        open_thread(server, thread) as first,
    ):
        await first.frame("ready")
        await db.execute(INSERT_MANY, thread, 3, 10)
        await first.until_seq(3)
        link.open.clear()
        async with open_thread(server, thread, after=3) as second, open_thread(server, thread) as third:
            assert (await second.frame("ready"))["last_seq"] == 3
            assert (await third.frame("ready"))["last_seq"] == 3
            link.resume()
            await db.execute(INSERT, thread, "and on")
            await second.until_seq(4)
            await third.until_seq(4)


async def test_a_crowd_that_joins_at_once_gets_in(
    start_server: ServerStarter, settings: dict[str, str], db: Connection, thread: int
) -> None:
    server = start_server(settings | {"CHINWAG_POOL_SIZE": "2"})
    await db.execute(INSERT_MANY, thread, 10, 10)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:

        async def join() -> None:
            client = await stack.enter_async_context(open_thread(server, thread, after=5))
            await client.until_seq(10)
            await client.frame("ready")

        for _ in range(200):
            group.create_task(join())


async def test_what_was_written_while_the_listener_was_deaf_comes(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(INSERT, thread, "before")
        await client.until_seq(1)
        for round in range(5):
            while not await db.fetch(TERMINATE, "chinwag listener"):
                pass  # it is not back yet
            await db.execute(INSERT_MANY, thread, 700, 10)
            await client.until_seq(1 + 700 * (round + 1))


@pytest.mark.parametrize("written_since", [0, 2, 3])
async def test_readers_of_what_a_failover_has_lost_are_told_to_read_anew(
    server: Server, db: Connection, thread: int, written_since: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(INSERT_MANY, thread, 5, 10)
        await client.until_seq(5)
        async with db.transaction():
            # Without triggers, and so without a word: it has happened on a standby, before its promotion.
            await db.execute("set local session_replication_role = replica")
            await db.execute("delete from message where thread_id = $1 and seq > 3", thread)
            await db.execute(INSERT_ELSEWHERE, thread, written_since)
            await db.execute("update thread set last_seq = 3 + $2 where id = $1", thread, written_since)
        await db.execute(TERMINATE, "chinwag listener")
        assert await client.closed() == CloseCode.HISTORY_CHANGED
    async with open_thread(server, thread, after=0) as client:
        await client.until_seq(3 + written_since)
        await db.execute(INSERT, thread, "and on")
        await client.until_seq(4 + written_since)


async def test_a_server_is_ready_again_only_when_all_is_repaired(
    server: Server, db: Connection, database_url: str, thread: int
) -> None:
    other = await asyncpg.connect(database_url)
    async with open_thread(server, thread) as client, httpx.AsyncClient(verify=False) as http:
        await client.frame("ready")
        async with other.transaction():
            await other.execute("lock table message in access exclusive mode")  # no repair gets past this
            await other.execute(INSERT, thread, "missed")
            await db.execute(TERMINATE, "chinwag listener")
            async with asyncio.timeout(LIMIT_SECONDS):
                while not await db.fetch(REPAIRING):
                    pass
            assert (await http.get(f"{server.url}/health/ready")).status_code == 503
            assert (await http.get(f"{server.url}/health/live")).status_code == 200
        await until_ready(http, server, 200)
        await client.connection.send('{"type": "ping"}')
        await client.frame("pong")
        assert [message["content"] for message in client.messages] == ["missed"]
    await other.close()


async def test_a_server_that_hears_nothing_is_not_ready(
    database_url: str, settings: dict[str, str], thread: int
) -> None:
    async with (
        server_by_link(database_url, settings) as (server, link),
        httpx.AsyncClient(verify=False) as http,
    ):
        link.open.clear()
        await until_ready(http, server, 503)
        assert (await http.get(f"{server.url}/health/live")).status_code == 200
        link.resume()
        await until_ready(http, server, 200)


async def test_after_a_deaf_moment_the_list_of_threads_is_read_anew(server: Server, db: Connection) -> None:
    async with open_list(server) as client:
        while not await db.fetch(TERMINATE, "chinwag listener"):
            pass  # it is not back yet
        await client.until(lambda frames: [frame["type"] for frame in frames].count("ready") == 2)


async def test_the_activity_of_a_busy_thread_is_gathered(server: Server, db: Connection, thread: int) -> None:
    async with open_list(server) as client:
        await db.execute(INSERT_MANY, thread, 1000, 10)
        await client.frame("thread.active", lambda data: data == {"thread_id": thread, "last_seq": 1000})
        assert len(client.frames) < 10


async def test_a_notification_that_was_lost_is_found_by_the_next(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute("set session_replication_role = replica")  # no triggers, so no NOTIFY
        await db.execute("insert into message (thread_id, seq, content) values ($1, 1, 'silent')", thread)
        await db.execute("set session_replication_role = origin")
        await db.execute(INSERT, thread, "heard")
        await client.until_seq(2)
        assert [m["content"] for m in client.messages] == ["silent", "heard"]


async def test_a_forged_or_malformed_notification_harms_nobody(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        for payload in ("", "x", f"{thread}", f"{thread} x y", f"{thread} -1 {{}}", f"{thread} 1000 {{}}"):
            await db.execute("select pg_notify('chinwag', $1)", payload)
        await db.execute(INSERT, thread, "still there")
        await client.until_seq(1)


async def test_a_slow_reader_gets_everything_and_slows_nobody(
    server: Server, db: Connection, thread: int
) -> None:
    rows, size = 20_000, 1000
    async with open_thread(server, thread) as quick, SlowReader(server, thread) as slow:
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
        SlowReader(server, thread) as idle,
        SlowReader(server, thread) as full,
        SlowReader(server, thread) as leaving,
    ):
        # What it never reads fills its buffers: there a closing handshake would wait for ever.
        await db.execute(INSERT_MANY, thread, 10_000, 1000)
        await idle.until_dropped()
        leaving.say_good_bye()  # but it does not take the answer
        await full.until_dropped()
        await leaving.until_dropped()


async def test_a_repeated_send_is_answered_with_what_is_stored(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        client_id = await client.send("once")
        await client.until(lambda _: len(client.messages) == 1)
        await client.send("once", client_id)
        await client.until(lambda _: len(client.messages) == 2)
        assert client.messages[0] == client.messages[1]
    assert await db.fetchval("select count(*) from message where thread_id = $1", thread) == 1


async def test_what_is_sent_before_ready_comes_back(server: Server, thread: int) -> None:
    for seq in range(1, 51):
        async with open_thread(server, thread) as client:
            await client.send("mine")
            await client.until_seq(seq)


async def test_what_one_socket_sends_stays_in_order(server: Server, thread: int) -> None:
    async with open_thread(server, thread) as client:
        for i in range(1000):
            await client.connection.send(json.dumps({"content": f"n {i}"}))
        await client.until_seq(1000)
        assert [m["content"] for m in client.messages] == [f"n {i}" for i in range(1000)]


async def test_concurrent_posts_share_commits(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    posts = [http.post(f"/threads/{thread}/messages", json={"content": "x"}) for _ in range(300)]
    assert {response.status_code for response in await asyncio.gather(*posts)} == {201}
    commits = await db.fetchval("select count(distinct xmin::text) from message where thread_id = $1", thread)
    assert commits < 300, "without gathering, each has its own"


async def test_a_connection_goes_back_to_the_pool_without_a_query(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await http.get(f"/threads/{thread}/messages")
    last = await db.fetch("select query from pg_stat_activity where application_name = 'chinwag'")
    assert [row for row in last if "from message" in row["query"]]


async def test_a_bad_row_in_a_batch_fails_alone(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    await db.execute(
        "alter table message add constraint no_bad_word check (content <> 'bad word') not valid"
    )
    try:
        contents = ["bad word" if i % 7 == 0 else f"n {i}" for i in range(100)]
        responses = await asyncio.gather(
            *(http.post(f"/threads/{thread}/messages", json={"content": content}) for content in contents),
            http.post("/threads/999999/messages", json={"content": "nowhere"}),
        )
    finally:
        await db.execute("alter table message drop constraint no_bad_word")
    assert [r.status_code for r in responses] == [400 if c == "bad word" else 201 for c in contents] + [404]
    assert await db.fetchval("select max(seq) from message where thread_id = $1", thread) == 85


async def test_a_long_transaction_holds_up_only_its_own_thread(
    server: Server, http: httpx.AsyncClient, database_url: str, thread: int
) -> None:
    other = (await http.post("/threads", json={})).json()["id"]
    elsewhere = await asyncpg.connect(database_url)
    async with open_thread(server, thread) as held, open_thread(server, other) as free:
        await held.frame("ready")
        await free.frame("ready")
        transaction = elsewhere.transaction()
        await transaction.start()
        await elsewhere.execute(INSERT, thread, "late")
        waiting = await held.send("waits")
        for i in range(20):
            await free.send("at once")
            await free.until_seq(i + 1)
        assert (await held.frame("error"))["code"] == "thread_busy"
        await transaction.commit()
        await held.send("waits", waiting)
        await held.until_seq(2)
        assert [m["content"] for m in held.messages] == ["late", "waits"]
    await elsewhere.close()


async def test_a_rollback_leaves_no_gap(server: Server, db: Connection, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        for i in range(10):
            transaction = db.transaction()
            await transaction.start()
            await db.execute(INSERT, thread, f"n {i}")
            await (transaction.rollback() if i % 2 else transaction.commit())
        await client.until_seq(5)
        assert [m["content"] for m in client.messages] == ["n 0", "n 2", "n 4", "n 6", "n 8"]


async def test_a_server_that_stops_first_stores_and_acknowledges(
    start_server: ServerStarter, settings: dict[str, str], db: Connection, thread: int
) -> None:
    server = await asyncio.to_thread(start_server, settings)
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        async with db.transaction():
            # Holds the thread: what is sent now cannot be stored yet.
            await db.execute(INSERT, thread, "held")
            sent = {str(await client.send("in time")) for _ in range(20)}
            server.process.terminate()
            await until_deaf(server)
            late = str(await client.send("too late"))
            assert (await client.frame("error"))["code"] == "server_stopping"
        assert await client.closed() == CloseCode.SERVICE_RESTART
        assert {message["client_id"] for message in client.messages} == {None, *sent}
        assert client.frames[-1]["type"] == "message"
        assert await db.fetchval("select count(*) from message where client_id = $1", UUID(late)) == 0
    assert server.process.wait(LIMIT_SECONDS) == 0


async def until_deaf(server: Server) -> None:
    """Wait until a server takes no new connections."""
    async with asyncio.timeout(LIMIT_SECONDS):
        with suppress(ConnectionRefusedError, ConnectionResetError):
            while True:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.close()


async def test_a_server_whose_database_is_out_of_reach_stops_in_time(
    database_url: str, settings: dict[str, str], thread: int
) -> None:
    async with server_by_link(database_url, settings) as (server, link):
        async with open_thread(server, thread) as client:
            await client.frame("ready")
            link.open.clear()
            await client.send("has no answer")
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                f"POST /api/v1/threads/{thread}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                "Content-Type: application/json\r\nContent-Length: 15\r\n"
                "Expect: 100-continue\r\n\r\n".encode()
            )
            assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"  # it is under way
            writer.write(b'{"content":"x"}')
            assert await asyncio.to_thread(server.stop) == 0
            answer = await reader.read()
            writer.close()
            assert b"HTTP/1.1 503 " in answer
            assert b'"code":"server_stopping"' in answer
        assert "Traceback" not in server.log.read_text()


@asynccontextmanager
async def server_by_link(url: str, settings: dict[str, str]) -> AsyncIterator[tuple[Server, Link]]:
    """A server, and its way to the database."""
    parts = urlsplit(url)
    assert parts.port
    link = Link(parts.port)
    async with link.running() as port:
        way = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
        with ServerStarter(way) as start:
            yield await asyncio.to_thread(start, settings), link


async def until_ready(http: httpx.AsyncClient, server: Server, status: int) -> None:
    """Wait until a server answers so whether it is ready."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while (await http.get(f"{server.url}/health/ready")).status_code != status:
            await asyncio.sleep(0.02)


class SlowReader:
    """A browser that shakes hands and then reads nothing, until it is told to."""

    def __init__(self, server: Server, thread: int) -> None:
        self._server = server
        self._path = f"/api/v1/ws/threads/{thread}"

    async def __aenter__(self) -> "SlowReader":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._server.port, limit=1024)
        self._writer.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await self._reader.readuntil(b"\r\n\r\n")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    async def read_all(self, last: int) -> list[int]:
        seqs: list[int] = []
        async with asyncio.timeout(LIMIT_SECONDS):
            while not seqs or seqs[-1] < last:
                opcode, data = await self._frame()
                if opcode == 9:
                    self._pong(data)
                elif (frame := json.loads(data))["type"] == "message":
                    seqs.append(frame["data"]["seq"])
        return seqs

    def say_good_bye(self) -> None:
        self._writer.write(b"\x88\x80\0\0\0\0")

    async def until_dropped(self) -> None:
        """Wait for the reset, and still read nothing."""
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


def resident_bytes(server: Server) -> int:
    fields = Path(f"/proc/{server.process.pid}/statm").read_text().split()
    return int(fields[1]) * 4096
