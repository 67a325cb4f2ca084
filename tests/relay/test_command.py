"""`chinwag relay` tells what it does, and what fails tells what to do."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest

from chinwag.db.migrate import migrate
from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.relay import schema
from chinwag.relay.subscriber import drop_subscription
from tests.support.command import chinwag, forked_chinwag
from tests.support.owner import QUICK
from tests.support.process import ServerStarter, directory_for_all
from tests.support.relays import Relay, health, running_relay, switch, until_health
from tests.support.sql import until

ROLE = """
    create role {name} login replication password 'x';
    grant usage on schema public to {name}
"""
ACTIVE = "select coalesce((select active from pg_replication_slots where slot_name = $1), false)"


@pytest.fixture(scope="module")
def other_database(primary: EmbeddedPostgres) -> str:
    """The URL of a database for relays, in the same PostgreSQL."""
    asyncio.run(_execute(primary.superuser_url, "create database for_relays"))
    return urlsplit(primary.superuser_url)._replace(path="/for_relays").geturl()


def run_relay(primary_url: str, relay_url: str, name: str = "other") -> str:
    """What `chinwag relay run` says as it fails."""
    ran = chinwag("relay", "run", "--name", name, "--relay-url", relay_url, DATABASE_URL=primary_url)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    return ran.stderr


async def test_relays_are_listed_and_dropped(relay: Relay, db: Connection, database_url: str) -> None:
    listed = forked_chinwag("relay", "list", DATABASE_URL=database_url)
    assert listed.stdout.startswith("one  connected  0.0 MB behind  ")
    assert "reserved" in listed.stdout
    refused = forked_chinwag("relay", "drop", "one", DATABASE_URL=database_url)
    assert refused.returncode == 1
    assert "the relay one is connected: stop `chinwag relay run` first" in refused.stderr
    await asyncio.to_thread(relay.stop)
    await until(db, f"select not ({ACTIVE})", relay.slot)
    assert "one  not connected" in forked_chinwag("relay", "list", DATABASE_URL=database_url).stdout
    dropped = forked_chinwag("relay", "drop", "one", DATABASE_URL=database_url)
    assert (dropped.returncode, dropped.stdout) == (0, "The relay one is dropped.\n")
    assert forked_chinwag("relay", "list", DATABASE_URL=database_url).stdout == "There is no relay.\n"
    again = forked_chinwag("relay", "drop", "one", DATABASE_URL=database_url)
    assert "there is no relay one" in again.stderr
    refused = forked_chinwag("relay", "only", "on", DATABASE_URL=database_url)
    assert "no relay is connected: start `chinwag relay run` first" in refused.stderr
    await asyncio.to_thread(relay.start)


def test_the_switch_is_refused_while_a_server_hears_no_relay(
    relay: Relay, start_server: ServerStarter, database_url: str
) -> None:
    server = start_server({"CHINWAG_BOT": "none"})
    refused = forked_chinwag("relay", "only", "on", DATABASE_URL=database_url)
    assert refused.returncode == 1
    assert "1 of the servers hear no relay" in refused.stderr
    assert asyncio.run(health(server)) == (200, {"status": "ok", "problems": []})
    switch(database_url, "on", "--force")
    try:
        # Servers that run, and those that start, say that they are deaf.
        wait = asyncio.run(until_health(server, 503))
        assert [problem["code"] for problem in wait["problems"]] == ["no_relay"]
        assert "no_relay" in server.log.read_text()
    finally:
        switch(database_url, "off")
    assert asyncio.run(until_health(server, 200)) == {"status": "ok", "problems": []}
    server.stop()


async def test_an_upgrade_does_not_switch_back(relay: Relay, db: Connection, database_url: str) -> None:
    switch(database_url, "on", "--force")
    try:
        await db.execute("delete from migration where app_name = 'chinwag_programs'")
        await migrate(database_url)
        assert await db.fetchval("select relay_only()")
    finally:
        switch(database_url, "off")
    assert not await db.fetchval("select relay_only()")


async def test_a_role_with_the_rights_that_are_documented_runs_a_relay_in_a_database_that_is_given(
    db: Connection, primary: EmbeddedPostgres, other_database: str
) -> None:
    await db.execute(ROLE.format(name="plain_relay"))
    await db.execute("grant connect on database chinwag to plain_relay")
    way = f"postgresql://plain_relay:x@127.0.0.1:{urlsplit(primary.superuser_url).port}/chinwag"
    await db.execute("drop publication if exists chinwag_message")
    said = await asyncio.to_thread(run_relay, way, other_database)
    assert "this role may not make it" in said
    assert "create publication chinwag_message for table public.message, public.relay_beat" in said
    await db.execute(schema.publication())
    await db.execute("alter role plain_relay noreplication")
    said = await asyncio.to_thread(run_relay, way, other_database)
    assert "as a superuser, run `alter role plain_relay replication`" in said
    await db.execute("alter role plain_relay replication")

    def run() -> str:
        with running_relay("other", way, "--relay-url", other_database) as other:
            return other.url

    said = await asyncio.to_thread(run)
    assert said == f"postgresql://127.0.0.1:{urlsplit(other_database).port}/for_relays"
    # The PostgreSQL goes on without the command, which only looks after it.
    refused = forked_chinwag("relay", "drop", "other", DATABASE_URL=way)
    assert "the relay other is connected" in refused.stderr
    there = await asyncpg.connect(other_database)
    await drop_subscription(there, "chinwag_relay_other")
    await there.close()
    await until(db, f"select not ({ACTIVE})", "chinwag_relay_other")
    dropped = forked_chinwag("relay", "drop", "other", DATABASE_URL=way)
    assert dropped.returncode == 0, dropped.stderr


async def test_a_database_that_is_not_a_relays_is_left_alone(
    database_url: str, other_database: str
) -> None:
    there = await asyncpg.connect(other_database)
    await there.execute("drop schema public cascade; create schema public")
    await there.execute("create table public.precious (id integer)")
    said = await asyncio.to_thread(run_relay, database_url, other_database)
    assert "the relay's database has objects that are not a relay's" in said
    said = await asyncio.to_thread(run_relay, database_url, database_url)
    assert "the relay's database has objects that are not a relay's" in said
    await there.execute("drop table public.precious")
    await there.close()


async def test_a_primary_with_more_columns_needs_a_newer_relay(
    db: Connection, database_url: str, other_database: str
) -> None:
    await db.execute("alter table message add column of_the_future text")
    try:
        said = await asyncio.to_thread(run_relay, database_url, other_database)
        assert "columns that this relay does not know (of_the_future): upgrade the relay" in said
    finally:
        await db.execute("alter table message drop column of_the_future")


def test_a_primary_without_logical_wal_is_told_how_to_get_it() -> None:
    with directory_for_all() as directory:
        options = QUICK | {"wal_level": "replica"}
        with EmbeddedPostgres(directory, port=0, options=options) as postgres:
            asyncio.run(migrate(postgres.url))
            said = run_relay(postgres.superuser_url, postgres.superuser_url)
    assert "wal_level is replica" in said
    assert "`alter system set wal_level = logical`, and restart PostgreSQL" in said


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
