"""A relay has the tables of the primary, and the functions that make its frames."""

import asyncpg
import pytest

from chinwag.db.pool import Connection
from chinwag.relay import schema
from tests.support.relays import Relay

COLUMNS = """
    select attname, format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attname
"""
FUNCTIONS = """
    select proname, prosrc, coalesce(pg_get_function_sqlbody(oid), '') as body from pg_proc
    where pronamespace = 'public'::regnamespace order by proname
"""
TRIGGERS = "select tgname, tgenabled from pg_trigger where tgrelid = $1::regclass and not tgisinternal"
OPEN_TO_ALL = """
    select proname from pg_proc
    where pronamespace = 'public'::regnamespace and has_function_privilege('public', oid, 'execute')
"""


@pytest.fixture
async def there(relay: Relay) -> asyncpg.Connection:
    return await asyncpg.connect(relay.superuser_url())


@pytest.mark.parametrize("table", ["message", "relay_beat"])
async def test_the_tables_have_the_columns_of_the_primary(
    db: Connection, there: Connection, table: str
) -> None:
    assert await there.fetch(COLUMNS, table) == await db.fetch(COLUMNS, table)
    assert [row["tgenabled"] for row in await there.fetch(TRIGGERS, table)] == [b"A"]
    await there.close()


async def test_the_functions_are_those_of_the_primary(db: Connection, there: Connection) -> None:
    ours = {row["proname"]: tuple(row) for row in await there.fetch(FUNCTIONS)}
    theirs = {row["proname"]: tuple(row) for row in await db.fetch(FUNCTIONS)}
    own = {name for name in ours if name.endswith("__relay")}
    assert own == {"tg_message__relay", "tg_relay_beat__relay"}
    shared = ours.keys() - own
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
    assert await there.fetch(OPEN_TO_ALL) == []
    await there.close()


async def test_a_listener_may_do_nothing_else(relay: Relay) -> None:
    listener = await asyncpg.connect(relay.url)
    for statement in (
        "select from public.message",
        "insert into public.message (id) values (1)",
        "select public.notify_servers('1 1')",
        "create table public.mine (id integer)",
        "create schema mine",
        "select subconninfo from pg_subscription",
        "alter subscription chinwag_relay_one disable",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await listener.execute(statement)
    await listener.close()


async def test_a_relay_of_another_version_is_made_anew_and_one_that_lacks_nothing_stays(
    relay: Relay, db: Connection, there: Connection
) -> None:
    made = await there.fetchval("select 'message'::regclass::oid")
    relay.stop()
    await there.close()
    relay.start()
    there = await asyncpg.connect(relay.superuser_url())
    assert await there.fetchval("select 'message'::regclass::oid") == made
    await there.execute("comment on schema public is 'chinwag relay of a former version'")
    await there.execute("drop table message cascade")
    relay.stop()
    await there.close()
    relay.start()
    there = await asyncpg.connect(relay.superuser_url())
    assert await there.fetch(COLUMNS, "message") == await db.fetch(COLUMNS, "message")
    assert await there.fetchval("select obj_description('public'::regnamespace)") == schema.mark()
    await there.close()


async def test_the_slot_waits_for_the_standbys_for_which_commits_wait(
    relay: Relay, db: Connection, there: asyncpg.Connection
) -> None:
    if db.get_server_version().major >= 17:
        slot = "select failover from pg_replication_slots where slot_name = $1"
        assert await db.fetchval(slot, relay.slot)
        assert await there.fetchval("select subfailover from pg_subscription where subname = $1", relay.slot)
    await there.close()
