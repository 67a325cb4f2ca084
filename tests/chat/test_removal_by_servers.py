"""A deleted thread is hidden at once, however large it is, and its messages are removed in the background,
whichever server is killed meanwhile."""

import httpx

from chinwag.db.pool import Connection
from tests.support.cases import refused
from tests.support.client import open_list, open_thread
from tests.support.command import forked_chinwag
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT, INSERT_MANY, until

MANY = 20_000
STUCK_AT = 9_500
LEFT = "select count(*) from message where thread_id = $1"
HOLD = "select from message where thread_id = $1 and seq = $2 for update"
IS_STUCK = "select exists (select from pg_stat_activity where pg_blocking_pids(pid) <> '{}')"
IS_EMPTY = "select not exists (select from removed_thread)"


async def test_a_large_thread_is_deleted_at_once_and_removed_over_a_kill(
    server: Server, http: httpx.AsyncClient, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    await db.execute(INSERT, thread, "axolotl")
    await db.execute(INSERT_MANY, thread, MANY - 1, 10)
    other = (await http.post("/threads", json={"title": "Other"})).json()["id"]
    async with open_thread(server, thread) as reader, open_list(server) as list:
        await reader.frame("ready")
        # A row that is held stops the removal in the middle, whatever the speed of this machine.
        async with db.transaction():
            await db.execute(HOLD, thread, STUCK_AT)
            assert (await http.delete(f"/threads/{thread}")).status_code == 204
            assert await reader.closed() == 4004
            await list.frame("thread.deleted", lambda data: data == {"id": thread})
            await until(db, f"select ({LEFT}) < $2", thread, MANY)
            await check_hidden(server, http, thread)
            answer = await http.post(f"/threads/{other}/messages", json={"content": "x"})
            assert answer.status_code == 201
            await until(db, IS_STUCK)
            server.kill()
    assert 0 < await db.fetchval(LEFT, thread) < MANY
    audit = forked_chinwag("audit", DATABASE_URL=start_server.database_url or "")
    assert audit.returncode == 0, audit.stdout
    assert "1 threads, 1 messages" in audit.stdout
    assert "The messages of 1 deleted threads are being removed." in audit.stdout
    start_server({"CHINWAG_BOT": "none"})
    await until(db, IS_EMPTY)
    assert await db.fetchval(LEFT, thread) == 0
    assert await db.fetchval("select count(*) from message_words") == 1


async def test_what_is_deleted_by_plain_sql_is_removed_too(
    start_server: ServerStarter, db: Connection
) -> None:
    start_server({"CHINWAG_BOT": "none"})
    ids = [await db.fetchval("insert into thread default values returning id") for _ in range(3)]
    for id in ids:
        await db.execute(INSERT_MANY, id, 100, 1)
    await db.execute("delete from thread where id = any ($1)", ids)
    await until(db, IS_EMPTY)
    assert await db.fetchval("select count(*) from message where thread_id = any ($1)", ids) == 0


async def test_audit_finds_messages_that_nobody_will_remove(db: Connection, database_url: str) -> None:
    thread = await db.fetchval("insert into thread default values returning id")
    await db.execute(INSERT_MANY, thread, 3, 1)
    async with db.transaction():
        await db.execute("set local session_replication_role = replica")  # no triggers
        await db.execute("delete from thread where id = $1", thread)
    report = forked_chinwag("audit", DATABASE_URL=database_url)
    assert report.returncode == 1
    assert f"thread {thread} is not there, but 3 messages of it are" in report.stdout


async def check_hidden(server: Server, http: httpx.AsyncClient, thread: int) -> None:
    path = f"/threads/{thread}"
    for request in (path, f"{path}/messages", f"{path}/messages?after=5", f"{path}/export"):
        refused(await http.get(request), 404, "no_such_thread")
    refused(await http.post(f"{path}/messages", json={"content": "x"}), 404, "no_such_thread")
    assert thread not in [one["id"] for one in (await http.get("/threads")).json()]
    assert (await http.get("/search", params={"q": "axolotl"})).json() == []
    async with open_thread(server, thread, after=0) as reader:
        assert await reader.closed() == 4004
        assert reader.messages == []
