"""The roles of deploy/roles.sql: each can do what it is for, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
import pytest
from piccolo.apps.user.tables import BaseUser

from chinwag.chat.accounts import Accounts
from chinwag.chat.identities import Identities, Identity
from chinwag.chat.pages import FRAMES, NEWEST_FIRST, OLDEST_FIRST
from chinwag.chat.search import ARE_SEEN, FOUND, HAS_REACHED, NEWEST
from chinwag.db.pool import Connection, open_pool
from chinwag.db.standbys import IS_STANDBY
from chinwag.settings import Settings
from chinwag.wire import MAX_ID
from tests.support.client import open_list, open_thread
from tests.support.command import forked_chinwag
from tests.support.people import HASH, PASSWORD, add_person, nobody, signed_in
from tests.support.process import Server
from tests.support.programs import with_key
from tests.support.repository import ROOT
from tests.support.sql import until

ROLES = (ROOT / "deploy" / "roles.sql").read_text()
PASSWORDS = """
    alter role chinwag_owner password 'x';
    alter role chinwag_server password 'x';
    alter role chinwag_producer login password 'x'
"""
NO_SCHEMA = "drop schema public cascade; create schema public authorization pg_database_owner"
DROP_ROLES = "drop role chinwag_owner; drop role chinwag_server; drop role chinwag_producer"

NAME = "grant_rights"
FUNCTION_OF_MALLORY = f"""
    create role mallory;
    create function public.{NAME}() returns void language plpgsql security definer as $$ begin
      raise exception 'this was run';
    end $$;
    alter function public.{NAME} owner to mallory
"""

INSERT = "insert into message (thread_id, content) values ($1, $2)"

NOT_FOR_SERVERS = [
    "delete from message",
    "update message set content = 'x'",
    "insert into message (thread_id, content, created_at) values (1, 'x', now())",
    "insert into message (id, thread_id, content) overriding system value values (1, 1, 'x')",
    "update thread set last_seq = 9007199254740991",
    "delete from removed_thread",
    "delete from reply_request",
    "delete from message_words",
    "update account set superuser = true",
    "update account set is_bot = true",
    "update link set uses_left = 1, expires_at = 'infinity'",
    "update identity set account_id = 1",
    "update session set account_id = 1",
    "update account_key set account_id = 1",
    "update webhook set account_id = 1",
    "update session set expires_at = 'infinity'",
    "insert into migration (app_name, name) values ('chinwag', 'x')",
    "truncate thread",
    "drop table message",
    "alter table message disable trigger all",
    "create table mine (id integer)",
    "create temporary table mine (id integer)",
    "create function mine() returns integer language sql return 1",
    "create schema mine",
    "set session_replication_role = replica",
    "select words_of('x')",
    "select grant_rights()",
]
NOT_FOR_PRODUCERS = [
    *NOT_FOR_SERVERS,
    "select from message",
    "select password from account",
    "update account set password = 'x'",
    "delete from account",
    "select from link",
    "insert into link (kind, secret_hash, uses_left, expires_at) values ('set_up', sha256(''), 1, now())",
    "select from identity",
    "select from session",
    "insert into session (account_id, token_hash, expires_at, idle_days) values (1, '', now(), 1)",
    "select from account_key",
    "insert into account_key (account_id, name, key_hash) values (1, 'x', '')",
    "select from webhook",
    "select from sign_in_attempt",
    "delete from sign_in_attempt",
    "select notify_account_change(1, true)",
    "insert into thread default values",
    "delete from thread",
    "select * from search_messages('x', 1, 1)",
    "select remove_messages(1)",
    "select notify_servers('x')",
]


@pytest.fixture(scope="module", params=["roles first", "schema first"])
def url_of(
    request: pytest.FixtureRequest, new_database: Callable[[], str], postgres_url: str
) -> Iterator[Callable[[str], str]]:
    """The URL of a database with these roles, for one of them."""
    url = new_database()

    def url_of(role: str) -> str:
        parts = urlsplit(url)
        return parts._replace(netloc=f"{role}:x@{parts.hostname}:{parts.port}").geturl()

    if request.param == "roles first":
        asyncio.run(execute(url, NO_SCHEMA))
    asyncio.run(execute(url, ROLES, ROLES, PASSWORDS))  # it can be run again
    migrated = forked_chinwag("migrate", DATABASE_URL=url_of("chinwag_owner"))
    assert migrated.returncode == 0, migrated.stderr
    yield url_of
    name = urlsplit(url).path.removeprefix("/")
    asyncio.run(execute(postgres_url, f'drop database "{name}" with (force)', DROP_ROLES))


@pytest.fixture(scope="module")
def database_url(url_of: Callable[[str], str]) -> str:
    return url_of("chinwag_server")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0"}


@pytest.fixture
async def producer(url_of: Callable[[str], str]) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url_of("chinwag_producer"))
    yield connection
    await connection.close()


async def test_a_server_does_all_that_a_server_does(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int, producer: Connection
) -> None:
    async with open_list(server) as list, open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await reader.send("by WebSocket")
        await reader.until_seq(2)
        await producer.execute(INSERT, thread, "by SQL")
        await reader.until_seq(4)
        posted = await http.post(f"/threads/{thread}/messages", json={"content": "by HTTP"})
        assert posted.status_code == 201
        await reader.until_seq(6)
        said = sorted(message["content"] for message in reader.messages)
        assert said == ["by HTTP", "by HTTP", "by SQL", "by SQL", "by WebSocket", "by WebSocket"]
        for change in ({"title": "Renamed"}, {"pinned": True}):
            assert (await http.patch(f"/threads/{thread}", json=change)).status_code == 200
        await list.frame("thread.updated", lambda data: data["pinned"])
        for path in ("/account", "/threads", f"/threads/{thread}/messages", f"/threads/{thread}/export"):
            assert (await http.get(path)).status_code == 200
        assert len((await http.get("/search", params={"q": "by"})).json()) == 6
        assert (await http.delete(f"/threads/{thread}")).status_code == 204
        assert await reader.closed() == 4004
    await until(db, "select not exists (select from removed_thread)")
    assert await db.fetchval("select count(*) from message where thread_id = $1", thread) == 0
    assert "InsufficientPrivilege" not in server.log.read_text()


async def test_a_server_lets_programs_in(server: Server, http: httpx.AsyncClient, thread: int) -> None:
    assert (await http.post("/bots", json={"username": "builder"})).status_code == 201
    key = (await http.post("/bots/builder/keys", json={"name": "x"})).json()
    async with with_key(server, key["secret"]) as program:
        posted = await program.post(f"/threads/{thread}/messages", json={"content": "with a key"})
        assert posted.status_code == 201
    webhook = (await http.post(f"/threads/{thread}/hooks", json={"name": "x"})).json()
    assert (await http.post(webhook["url"], json={"text": "by webhook"})).text == "ok"
    assert len((await http.get(f"/threads/{thread}/hooks")).json()) == 1
    assert len((await http.get("/bots/builder/keys")).json()) == 1
    for path in (f"/threads/{thread}/hooks/{webhook['id']}", f"/bots/builder/keys/{key['id']}"):
        assert (await http.delete(path)).status_code == 204
    assert "InsufficientPrivilege" not in server.log.read_text()


async def test_a_server_can_be_audited(server: Server, database_url: str) -> None:
    audit = forked_chinwag("audit", DATABASE_URL=database_url)
    assert audit.returncode == 0, audit.stdout + audit.stderr


@pytest.mark.parametrize("statement", NOT_FOR_SERVERS)
async def test_a_server_does_nothing_else(db: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(statement)


@pytest.mark.parametrize("statement", NOT_FOR_PRODUCERS)
async def test_a_producer_does_nothing_but_insert(producer: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await producer.execute(statement)


async def test_nobody_else_can_connect_and_listen(url_of: Callable[[str], str], postgres_url: str) -> None:
    await execute(postgres_url, "create role passer_by login password 'x'")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(url_of("passer_by"))
    finally:
        await execute(postgres_url, "drop role passer_by")


async def test_a_function_of_somebody_else_gets_no_rights(
    url_of: Callable[[str], str], new_database: Callable[[], str], postgres_url: str
) -> None:
    """The database is one in which others can create objects, as PostgreSQL 14 and older let everybody do."""
    url = await asyncio.to_thread(new_database)
    await execute(url, NO_SCHEMA, FUNCTION_OF_MALLORY, ROLES)
    connection = await asyncpg.connect(url)
    owner = await connection.fetchval("select proowner::regrole::text from pg_proc where proname = $1", NAME)
    await connection.close()
    assert owner == "mallory"
    database = urlsplit(url).path.removeprefix("/")
    await execute(postgres_url, f'drop database "{database}" with (force)', "drop role mallory")


async def execute(url: str, *scripts: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for script in scripts:
            await connection.execute(script)
    finally:
        await connection.close()


async def test_a_server_signs_people_in_and_out(server: Server, url_of: Callable[[str], str]) -> None:
    owner = await asyncpg.connect(url_of("chinwag_owner"))
    try:
        for name, password_hash in (("ann", HASH), ("old", BaseUser.hash_password(PASSWORD))):
            await add_person(owner, name, password_hash)
            async with signed_in(server, name) as client:
                assert len((await client.get("/sessions")).json()) == 1
                password = {"current": PASSWORD, "new": "another password"}
                assert (await client.put("/account/password", json=password)).status_code == 204
                assert (await client.delete("/session")).status_code == 204
        added = forked_chinwag("account", "list", DATABASE_URL=url_of("chinwag_server"))
        assert (added.returncode, "ann" in added.stdout) == (0, True)
    finally:
        await owner.execute("delete from account where username in ('ann', 'old')")
        await owner.close()
    assert "InsufficientPrivilege" not in server.log.read_text()


async def test_a_server_lets_people_join_and_administrators_look_after_them(
    server: Server, url_of: Callable[[str], str]
) -> None:
    owner = await asyncpg.connect(url_of("chinwag_owner"))
    try:
        await add_person(owner, "ada", admin=True)
        async with signed_in(server, "ada") as ada, nobody(server) as client:
            for username in ("joe", "kim"):
                made = (await ada.post("/invitations", json={})).json()
                person = {"username": username, "password": PASSWORD}
                secret = made["address"].split("#")[1]
                assert (await client.post("/join", json={"secret": secret} | person)).status_code == 201
            made = (await ada.post("/invitations", json={})).json()
            assert (await ada.delete(f"/invitations/{made['invitation']['id']}")).status_code == 204
            assert (await ada.get("/invitations")).json() == []
            assert (await client.patch("/account", json={"username": "kit"})).status_code == 200
            assert (await client.get("/account/export")).json()["account"]["username"] == "kit"
            assert (await ada.patch("/accounts/joe", json={"admin": True})).status_code == 200
            assert (await ada.patch("/accounts/joe", json={"active": False})).status_code == 200
            made = (await ada.post("/sign-in-links", json={"username": "kit"})).json()
            link = {"secret": made["address"].split("#")[1], "password": "another password"}
            assert (await client.post("/session/link", json=link)).status_code == 201
            assert (await ada.delete("/accounts/joe")).status_code == 204
        settings = msgspec.structs.replace(Settings(), database_url=url_of("chinwag_server"))
        async with open_pool(settings) as pool:
            identity = Identity("https://id.example", "1", "lea", "Lea")
            id, _ = await Identities(pool, may_join=True).account_of(identity)
            assert (await Identities(pool, may_join=False).account_of(identity))[0] == id
            assert await Accounts(pool).known_to_proxy("mo") is not None
    finally:
        await owner.execute("delete from account where username in ('ada', 'joe', 'kim', 'kit', 'lea', 'mo')")
        await owner.execute("delete from sign_in_attempt")
        await owner.close()
    assert "InsufficientPrivilege" not in server.log.read_text()


@pytest.mark.usefixtures("server")  # it has made the account
async def test_a_server_may_ask_the_primary_and_a_standby_for_a_page_and_a_search(
    url_of: Callable[[str], str]
) -> None:
    """These statements are sent only where there is a standby, which has the same roles."""
    connection = await asyncpg.connect(url_of("chinwag_server"))
    try:
        thread = await connection.fetchval(
            "insert into thread (title, is_open) values ('Long', true) returning id"
        )
        await connection.execute(
            "insert into message (thread_id, content) select $1, 'okapi' from generate_series(1, 30)", thread
        )
        for kind in (FRAMES, OLDEST_FIRST, NEWEST_FIRST):
            [row] = await connection.fetch(kind.of_primary, thread, 0, 31, 30, 1000, None, 20)
            assert (row["newest"], row["seq"]) == (30, None)
            assert len(await connection.fetch(kind.of_standby, thread, 0, 31, 30, 1000, row["mark"])) == 30
        [newest] = await connection.fetch(NEWEST)
        assert await connection.fetchval(HAS_REACHED, *newest) is False  # this is the primary
        me = await connection.fetchval("select id from account where username = 'me'")
        found = await connection.fetch(FOUND, "okapi", MAX_ID, 50, 200, me)
        ids, marks = [row["message"] for row in found], [row["mark"] for row in found]
        assert await connection.fetchval(ARE_SEEN, ids, marks, me) is True
        assert await connection.fetchval(IS_STANDBY) is False
    finally:
        await connection.close()
