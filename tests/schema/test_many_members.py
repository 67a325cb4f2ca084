"""One statement may add or remove thousands of members."""

from chinwag.db.pool import Connection

ADD_ACCOUNTS = """
    insert into account (username, password, email, active)
    select 'many' || i, '', 'many' || i || '@x', true from generate_series(1, $1::integer) i returning id
"""
ADD = "insert into member (thread_id, account_id) select $1, unnest($2::integer[])"
REMOVE = "delete from member where thread_id = $1 and account_id = any ($2)"
TOLD = "select seq, subject, content from message where thread_id = $1 and event = $2 order by seq"
MARKS = "select read_seq from read_mark where thread_id = $1 order by account_id"
UPDATES_OF_THREADS = "select n_tup_upd from pg_stat_xact_user_tables where relname = 'thread'"


async def test_the_thread_is_changed_a_few_times_and_not_for_each_of_them(db: Connection) -> None:
    """If it were changed for each of them, it would take the square of their number."""
    thread = await db.fetchval("insert into thread (is_open) values (false) returning id")
    ids = [row["id"] for row in await db.fetch(ADD_ACCOUNTS, 2000)]
    for statement, event, first, persons in ((ADD, "added", 1, 2000), (REMOVE, "removed", 2001, 0)):
        async with db.transaction():
            await db.execute(statement, thread, ids)
            assert 0 < await db.fetchval(UPDATES_OF_THREADS) < 10
        told = await db.fetch(TOLD, thread, event)
        assert [row["seq"] for row in told] == list(range(first, first + 2000))
        assert [row["subject"] for row in told] == ids
        assert told[0]["content"] == f"many1 was {event}."
        assert await db.fetchval("select persons from thread where id = $1", thread) == persons
    marks = [row["read_seq"] for row in await db.fetch(MARKS, thread)]
    assert marks == list(range(1, 2001)), "each has read up to the message that tells of it"
