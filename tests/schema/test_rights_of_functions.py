"""Nobody gets more rights by the functions of the schema."""

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.sql import INSERT
from tests.support.statements import LAST_SEQ

IS_SUPERUSER = "select rolsuper from pg_roles where rolname = $1"
BAIT = """
    create temporary table bait (
      id bigint, thread_id bigint, seq {seq}, role text, content text, client_id uuid, reply_to bigint,
      created_at timestamptz
    )
"""
PROMOTE = """
    create function {name} returns {result} language plpgsql as $$
    begin
      execute 'alter role {role} superuser';
      return {value};
    end
    $$
"""
"""A function that makes a role a superuser, if somebody runs it who may do that."""


async def test_no_function_can_be_executed_by_everybody(db: Connection) -> None:
    open_to_all = await db.fetch(
        """select oid::regprocedure from pg_proc
           where pronamespace = 'public'::regnamespace and has_function_privilege('public', oid, 'execute')"""
    )
    assert open_to_all == []


async def test_neither_can_a_function_that_is_made_later(db: Connection) -> None:
    async with db.transaction():
        await db.execute("create function made_later() returns integer language sql return 1")
        assert not await db.fetchval("select has_function_privilege('public', 'made_later()', 'execute')")
        await db.execute("drop function made_later()")


async def test_functions_with_the_rights_of_the_owner_use_no_object_of_others(db: Connection) -> None:
    others = await db.fetch(
        """select oid::regprocedure from pg_proc
           where pronamespace = 'public'::regnamespace and prosecdef
             and ('search_path=pg_catalog, pg_temp' = any (proconfig)) is not true"""
    )
    assert others == []


async def test_the_check_of_a_domain_does_not_make_a_login_a_superuser(
    db: Connection, stranger: Connection, thread: int
) -> None:
    role = await stranger.fetchval("select current_user")
    await stranger.execute(
        PROMOTE.format(name="pg_temp.promote(bigint)", result="boolean", value="true", role=role)
        + "; create domain pg_temp.trap as bigint check (value is null or pg_temp.promote(value));"
        + BAIT.format(seq="pg_temp.trap")
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="tg_message__number"):
        await stranger.execute(
            f"""create trigger bait before insert on bait
                for each row execute function public.tg_message__number();
                insert into bait (thread_id) values ({thread})"""
        )
    assert await db.fetchval(IS_SUPERUSER, role) is False


async def test_a_login_does_not_move_the_last_seq_of_a_thread(
    db: Connection, stranger: Connection, thread: int
) -> None:
    await stranger.execute(BAIT.format(seq="bigint"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="tg_message__publish"):
        await stranger.execute(
            f"""create trigger bait after insert on bait referencing new table as written_message
                for each statement execute function public.tg_message__publish();
                insert into bait (thread_id, seq) values ({thread}, 9007199254740991)"""
        )
    assert await db.fetchval(LAST_SEQ, thread) == 0


async def test_a_function_that_fits_better_is_not_called_with_the_rights_of_the_owner(
    db: Connection, stranger: Connection, thread: int
) -> None:
    name = "notify_frame(bigint, integer, text)"
    role = await stranger.fetchval("select current_user")
    await db.execute(f"grant create on schema public to {role}")
    try:
        promote = PROMOTE.format(name=f"public.{name}", result="text", value="'x'", role=role)
        await stranger.execute(promote)
        await db.execute("update thread set title = 'Another' where id = $1", thread)
        await db.execute(INSERT, thread, "x")
        assert await db.fetchval(IS_SUPERUSER, role) is False
    finally:
        await stranger.execute(f"drop function public.{name}")
        await db.execute(f"revoke create on schema public from {role}")
