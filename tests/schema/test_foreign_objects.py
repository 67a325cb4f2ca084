"""A database with somebody else's objects under names that Chinwag needs is refused before anything is
changed."""

import pytest

from chinwag.db.installed import PRESENT
from chinwag.db.migrate import migrate
from chinwag.db.pool import Connection
from chinwag.db.schema import names
from chinwag.errors import DatabaseUnsuitable
from tests.schema.conftest import MakeDatabase
from tests.support.command import forked_chinwag
from tests.support.past import dump
from tests.support.process import DidNotStart, ServerStarter

IN_THE_WAY = [
    ("create table account (name text)", "table public.account"),
    ("create table thread (id bigint generated always as identity primary key)", "table public.thread"),
    ("create table message (id int, title text)", "table public.message"),
    ("create table reply_request (message_id bigint)", "table public.reply_request"),
    ("create table migration (version int)", "table public.migration"),
    (
        "create table migration (id serial, name varchar, app_name varchar, ran_on timestamp);"
        "insert into migration (name, app_name) values ('2026', 'their_app')",
        "table public.migration",
    ),
    ("create view message_words as select 1 as one", "view public.message_words"),
    ("create materialized view thread as select 1 as one", "materialized view public.thread"),
    ("create sequence message_id_seq", "sequence public.message_id_seq"),
    ("create type thread as enum ('a')", "type public.thread"),
    ("create domain message as text", "type public.message"),
    (
        "create table theirs (one int); create index thread_by_activity on theirs (one)",
        "index public.thread_by_activity",
    ),
    ("create table seq_is_unique_in_thread (one int)", "table public.seq_is_unique_in_thread"),
    (
        "create function frame(type text, data json) returns text language sql return 'theirs'",
        "function public.frame",
    ),
    ("create function payload(one int) returns int language sql return 1", "function public.payload"),
    ("create procedure frame() language sql as ''", "procedure public.frame"),
    ("create aggregate title_of (bigint) (sfunc = int8pl, stype = bigint)", "aggregate public.title_of"),
]
IN_THE_WAY_OF_AN_UPGRADE = [
    ("57c627c", "create table message_words (message_id bigint, words text)", "table public.message_words"),
    (
        "57c627c",
        "create function words_of(one int) returns int language sql return 1",
        "function public.words_of",
    ),
    (
        "57c627c",
        "create view chinwag_object as select 'table' as kind, 'x' as name",
        "view public.chinwag_object",
    ),
    (
        "a403a32",
        "create function title_of(content text) returns text language sql return 'x'",
        "function public.title_of",
    ),
]


@pytest.mark.parametrize(
    ("version", "sql", "named"), [*((None, *case) for case in IN_THE_WAY), *IN_THE_WAY_OF_AN_UPGRADE]
)
async def test_the_object_in_the_way_is_named_and_nothing_is_changed(
    make_database: MakeDatabase, version: str | None, sql: str, named: str
) -> None:
    url = await make_database(version, sql)
    before = dump(url, data=True)
    with pytest.raises(
        DatabaseUnsuitable, match=f"has a {named} that is not Chinwag's.*a database of its own"
    ):
        await migrate(url)
    assert dump(url, data=True) == before


async def test_every_name_that_the_schema_takes_is_known(db: Connection) -> None:
    taken = {
        (kind, name)
        for kind, name, _ in await db.fetch(PRESENT)
        if kind != "type"
        # PostgreSQL finds a free name for the indexes of constraints without a name.
        and (name == "account_key" or not name.endswith(("_pkey", "_key")))
    }
    assert taken == {(kind, name) for kind, name in names() if kind != "type"}


async def test_neither_migrate_nor_a_server_has_a_traceback(make_database: MakeDatabase) -> None:
    url = await make_database(sql="create table message (id int)")
    done = forked_chinwag("migrate", DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stderr.startswith("chinwag: the database has a table public.message")
    with ServerStarter(url) as start, pytest.raises(DidNotStart) as failure:
        start()
    assert "has a table public.message" in str(failure.value)
    assert "Traceback" not in str(failure.value)


@pytest.mark.parametrize("version", [None, "a403a32", "57c627c"])
async def test_what_is_not_in_the_way_stays(make_database: MakeDatabase, version: str | None) -> None:
    theirs = (
        "create schema theirs; create table theirs.message (id int); create table public.notes (message text)"
    )
    url = await make_database(version, theirs)
    for _ in range(2):
        await migrate(url)
    assert {"CREATE TABLE theirs.message (", "CREATE TABLE public.notes ("} <= set(dump(url))
