"""Threads with a history, which is made in a moment."""

from typing import Any

import asyncpg

NEW_THREAD = "insert into thread (title) values ('bench') returning id"

# Without the triggers, which would take a minute for a million; then everything is as they leave it: dense
# numbers, each user message with its reply, last_seq.
FILL = """
    insert into message (id, thread_id, seq, role, content, client_id, reply_to)
    overriding system value
    select $3::bigint + n, $1::bigint, n,
           case n % 2 when 1 then 'user' else 'assistant' end,
           'message ' || n || ' ' || repeat('x', 50),
           case n % 2 when 1 then gen_random_uuid() end,
           case n % 2 when 0 then $3::bigint + n - 1 end
    from generate_series(1, $2::bigint) as n
"""
FILL_WORDS = """
    insert into message_words (message_id, words)
    select id, words_of(content) from message where thread_id = $1
"""
LAST_ID = "select coalesce(max(id), 0) from message"
SET_LAST_ID = "select setval(pg_get_serial_sequence('message', 'id'), $1)"
SET_LAST_SEQ = "update thread set last_seq = $2 where id = $1"
IS_WHOLE = """
    select count(*) = last_seq and coalesce(max(seq), 0) = last_seq
    from thread left join message on thread_id = thread.id where thread.id = $1 group by thread.id
"""


def content(seq: int) -> str:
    """Return the content of the message with this number; no message has the number 0."""
    return f"message {seq} {'x' * 50}" if seq else ""


async def create_threads(url: str, histories: tuple[int, ...]) -> list[int]:
    """Create threads with so many messages, and return their ids."""
    connection: Any = await asyncpg.connect(url)
    try:
        await connection.execute("set session_replication_role = replica")
        threads = [await _create(connection, messages) for messages in histories]
        # Or autovacuum would do it later, while something is measured.
        await connection.execute("vacuum analyze message")
        await connection.execute("vacuum analyze thread")
        await connection.execute("checkpoint")
    finally:
        await connection.close()
    return threads


async def is_whole(url: str, thread: int) -> bool:
    """Whether each number up to the last is there once."""
    connection: Any = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval(IS_WHOLE, thread))
    finally:
        await connection.close()


async def _create(connection: Any, messages: int) -> int:
    thread: int = await connection.fetchval(NEW_THREAD)
    if messages:
        last_id = await connection.fetchval(LAST_ID)
        await connection.execute(FILL, thread, messages, last_id)
        await connection.execute(FILL_WORDS, thread)
        await connection.execute(SET_LAST_SEQ, thread, messages)
        await connection.fetchval(SET_LAST_ID, last_id + messages)
    return thread
