"""The messages of a thread: the replay and the pages of its history, and what may be written to it."""

from msgspec import json

from app import wire
from app.database import Pool
from app.errors import BadMessage, ContentIsEmpty, ContentTooLong

Frames = list[tuple[int, bytes]]
"""Pairs of a seq and the frame to be sent, in the order of seq."""

REPLAY_ROWS = 500
REPLAY_BYTES = 256_000
"""A page of the replay ends with the row that reaches one of them, so that its memory is bounded."""


async def replay(pool: Pool, thread_id: int, after: int) -> Frames:
    """The next frames after `after`, from the table; none when the reader has them all."""
    rows = await pool.fetch(
        """select seq, frame('message', message_json(message)) as frame
           from (
             select message, seq, octet_length(content) as bytes,
                    sum(octet_length(content)) over (order by seq) as bytes_so_far
             from message where thread_id = $1 and seq > $2 and seq <= $2 + $3
           ) as next
           where bytes_so_far - bytes < $4 order by seq""",
        thread_id, after, REPLAY_ROWS, REPLAY_BYTES,
    )
    return [(row["seq"], row["frame"].encode()) for row in rows]


async def last_seq(pool: Pool, thread_id: int) -> int | None:
    """The seq of the newest message, 0 for none; None if there is no such thread."""
    found: int | None = await pool.fetchval("select last_seq from thread where id = $1", thread_id)
    return found


async def existing_threads(pool: Pool, ids: list[int]) -> set[int]:
    """Those of the ids that are threads."""
    return {row["id"] for row in await pool.fetch("select id from thread where id = any ($1::bigint[])", ids)}


async def page(
    pool: Pool, thread_id: int, *, before: int | None, after: int | None, limit: int
) -> list[wire.Message]:
    """Up to `limit` messages, oldest first: those right after `after`, or else those right before
    `before`, or else the newest."""
    if after is not None:
        rows = await pool.fetch(
            """select message_json(message)::text as json from message
               where thread_id = $1 and seq > $2 and seq < $3 order by seq limit $4""",
            thread_id, after, wire.MAX_ID if before is None else before, limit,
        )
    else:
        rows = await pool.fetch(
            """select message_json(message)::text as json from message
               where thread_id = $1 and seq < $2 order by seq desc limit $3""",
            thread_id, wire.MAX_ID if before is None else before, limit,
        )
        rows.reverse()
    return [decode(row["json"]) for row in rows]


async def get(pool: Pool, thread_id: int, seq: int) -> wire.Message:
    text = await pool.fetchval(
        """select message_json(message)::text from message where thread_id = $1 and seq = $2""",
        thread_id, seq,
    )
    return decode(text)


decode = json.Decoder(wire.Message).decode


def check_content(content: str, max_characters: int) -> None:
    """Raises ContentIsEmpty, ContentTooLong, BadMessage: before a row is tried that would be refused."""
    if not content or content.isspace():
        raise ContentIsEmpty()
    if len(content) > max_characters:
        raise ContentTooLong(
            f"the content has {len(content)} characters; this server takes up to {max_characters}"
        )
    if "\0" in content:
        raise BadMessage("the content has a NUL character, which PostgreSQL cannot store")
