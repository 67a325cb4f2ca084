"""Trouble of the database is never called the sender's fault: what failed can be sent again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest

from chinwag.chat.store import Post
from chinwag.chat.writer import Writer
from chinwag.db.pool import Connection, Pool
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import DatabaseUnavailable
from chinwag.provision import migrate
from chinwag.settings import Settings
from chinwag.wire import CloseCode
from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter, directory_for_all

RAISE = """
    create function trouble() returns trigger language plpgsql as $$ begin
      raise exception 'trouble' using errcode = '{}';
    end $$;
    create trigger message_00_trouble before insert on message for each row execute function trouble()
"""
RAISE_NO_MORE = "drop function trouble() cascade"

NOT_THE_SENDERS = [
    "08006", "2200H", "25006", "40000", "40001", "42501", "42P01", "53100", "54000", "55000", "57014",
    "58030", "P0001", "XX000",
]  # fmt: skip


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[str]:
    """A PostgreSQL whose queue of notifications is as small as it can be (64 pages; from version 17)."""
    with directory_for_all() as directory:
        options = {"fsync": "off", "max_notify_queue_pages": "64"}
        with EmbeddedPostgres(directory, options=options) as postgres:
            asyncio.run(migrate(postgres.url))
            yield postgres.url


@pytest.mark.parametrize("state", NOT_THE_SENDERS)
async def test_what_is_not_the_senders_fault_can_be_sent_again(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int, state: str
) -> None:
    before = len(server.log.read_text())
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(RAISE.format(state))
        try:
            answers = await asyncio.gather(*(post(http, thread) for _ in range(20)))
            assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "database_unavailable")}
            client_id = await client.send("mine")
            error = await client.frame("error")
            assert (error["code"], error["client_id"]) == ("database_unavailable", str(client_id))
        finally:
            await db.execute(RAISE_NO_MORE)
        await client.send("mine", client_id)
        await client.until_seq(1)
    said = server.log.read_text()[before:]
    assert state in said
    assert "Traceback" not in said
    assert said.count("database_unavailable") <= 21, "a batch that fails is not tried again by halves"


@pytest.mark.parametrize("table", ["message", "thread"])
async def test_a_table_that_was_renamed_is_not_the_senders_fault(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int, table: str
) -> None:
    await db.execute(f"alter table {table} rename to elsewhere")
    try:
        paths = [f"/threads/{thread}", f"/threads/{thread}/messages", "/search?q=word"]
        for answer in (await post(http, thread), *[await http.get(path) for path in paths]):
            if answer.status_code != 200:
                assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
                is_advised_to_send_again = "client_id" in answer.json()["detail"]
                assert is_advised_to_send_again == (answer.request.method == "POST")
        async with open_thread(server, thread) as client:
            assert table == "message" or await client.closed() == CloseCode.DATABASE_UNAVAILABLE
    finally:
        await db.execute(f"alter table elsewhere rename to {table}")
    assert (await post(http, thread)).status_code == 201


async def test_a_right_that_was_revoked_is_not_the_senders_fault(
    db: Connection, database_url: str, thread: int
) -> None:
    role = f"server_{uuid4().hex[:8]}"
    await db.execute(
        f"""create role {role} login password 'x'; grant select on message, thread, member, webhook to {role};
            grant execute on function sees to {role}"""
    )
    parts = urlsplit(database_url)
    url = parts._replace(netloc=f"{role}:x@{parts.hostname}:{parts.port}").geturl()
    pool = Pool(Settings(database_url=url))
    await pool.open()
    writer = Writer(pool, uuid4())
    with pytest.raises(DatabaseUnavailable):
        await writer.write(Post(thread, 0, "x"))
    await db.execute(f"grant insert on message to {role}")
    assert (await writer.write(Post(thread, 0, "x"))).seq == 1
    await pool.close()


@pytest.mark.parametrize("table", ["message", "thread"])
async def test_a_table_that_is_locked_is_busy(
    server: Server, http: httpx.AsyncClient, database_url: str, thread: int, table: str
) -> None:
    other = (await http.post("/threads", json={})).json()["id"]
    before = len(server.log.read_text())
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        async with locked(database_url, table):
            answers = await asyncio.gather(
                *(post(http, one) for one in (thread, other) * 12), http.get(f"/threads/{other}/messages")
            )
            assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "thread_busy")}
            client_id = await client.send("mine")
            assert (await client.frame("error"))["code"] == "thread_busy"
            if table == "thread":
                async with open_thread(server, other) as joining:
                    assert await joining.closed() == CloseCode.DATABASE_UNAVAILABLE
        await client.send("mine", client_id)
        await client.until_seq(1)
    said = server.log.read_text()[before:]
    assert "Traceback" not in said
    assert "55P03" in server.log.read_text()  # said once for both tables, and counted after that


async def test_a_full_queue_of_notifications_is_neither_the_senders_fault_nor_silence(
    own_postgres: str, settings: dict[str, str]
) -> None:
    blocker, db = await asyncpg.connect(own_postgres), await asyncpg.connect(own_postgres)
    thread = await db.fetchval("insert into thread (title) values ('Thread') returning id")
    with ServerStarter(own_postgres) as start:
        server = await asyncio.to_thread(start, settings)
        async with open_thread(server, thread) as client, http_client() as http:
            await client.frame("ready")
            await blocker.execute("listen elsewhere")
            await blocker.execute("begin")
            await blocker.execute("select")  # it hears nothing before its transaction ends
            await fill_queue(db)
            before = len(server.log.read_text())
            path = f"{server.url}/api/v1/threads/{thread}/messages"
            answers = await asyncio.gather(
                *(http.post(path, json={"content": "x"}, timeout=30) for _ in range(50))
            )
            assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "database_unavailable")}
            client_id = await client.send("mine")
            assert (await client.frame("error"))["code"] == "database_unavailable"
            await until_said(server, "heartbeat_not_sent", before)
            assert (await http.get(f"{server.url}/health/ready")).status_code == 200
            await blocker.execute("rollback")
            async with asyncio.timeout(20):
                while not client.messages:
                    seen = len(client.frames)
                    await client.send("mine", client_id)
                    await client.until(lambda frames, seen=seen: len(frames) > seen)  # type: ignore[misc]
            await client.until_seq(1)
            said = server.log.read_text()[before:]
            assert "54000" in said
            assert "pool_renewed" not in said
            assert "Traceback" not in said
    await db.close()
    await blocker.close()


async def test_the_senders_fault_is_the_senders_fault(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await db.execute("alter table message add constraint no_bad_word check (content <> 'bad word') not valid")
    try:
        answer = await http.post(f"/threads/{thread}/messages", json={"content": "bad word"})
    finally:
        await db.execute("alter table message drop constraint no_bad_word")
    assert (answer.status_code, answer.json()["detail"]) == (400, "refused by the constraint no_bad_word")


async def fill_queue(db: Connection) -> None:
    """Notify until PostgreSQL refuses even the smallest."""
    for size in (7900, 1):
        with suppress(asyncpg.ProgramLimitExceededError):
            while True:
                await db.execute("select pg_notify('elsewhere', repeat('x', $1))", size)


async def until_said(server: Server, text: str, begin: int = 0) -> None:
    """Wait until something is in a server's log, after the first characters of it."""
    async with asyncio.timeout(60):
        while text not in server.log.read_text()[begin:]:
            await asyncio.sleep(0.05)


async def post(http: httpx.AsyncClient, thread: int) -> httpx.Response:
    return await http.post(f"/threads/{thread}/messages", json={"content": "x"}, timeout=30)


@asynccontextmanager
async def locked(url: str, table: str) -> AsyncIterator[None]:
    """Hold the lock of a table in a transaction elsewhere."""
    elsewhere = await asyncpg.connect(url)
    async with elsewhere.transaction():
        await elsewhere.execute(f"lock table {table} in access exclusive mode")
        yield
    await elsewhere.close()
