"""Messages of a thread: pages of the history, replay after a seq, and the checks of new content."""

from msgspec import json

from chinwag import wire
from chinwag.db.pool import Pool
from chinwag.errors import BadMessage, ContentIsEmpty, ContentTooLong, NoSuchThread

# The messages of a deleted thread stay stored until they have been removed in the background
# (chinwag.chat.removal). So the queries here read messages only if their thread is there.

Frames = list[tuple[int, bytes]]
"""Pairs of a seq and the frame to be sent, in the order of seq."""

REPLAY_ROWS = 500
REPLAY_BYTES = 256_000
"""A page of the replay ends with the row that reaches one of these limits, so that its memory is bounded."""

PAGE_BYTES = 1_000_000

REPLAY = """
    select is_visible, seq, frame
    from (
      select coalesce((select sees($5, thread) from thread where id = $1), false) as is_visible
    ) as thread left join (
      select seq, frame('message', message_json(message)) as frame
      from (
        select message, seq, octet_length(content) as bytes,
               sum(octet_length(content)) over (order by seq) as bytes_so_far
        from message where thread_id = $1 and seq > $2 and seq <= $2 + $3
      ) as next
      where bytes_so_far - bytes < $4
    ) as page on is_visible
    order by seq
"""
"""It is one statement: what it reads, and whether the account may read it, are of the same snapshot."""

PAGE = """
    select message_json(message)::text as json
    from (
      select message, seq, bytes, sum(bytes) over (order by seq {order}) as bytes_so_far
      from (
        select message, seq, octet_length(content) as bytes
        from message
        where thread_id = $1 and seq > $2 and seq < $3
          and (select sees($6, thread) from thread where id = $1)
        order by seq {order} limit $4
      ) as nearest
    ) as counted
    where bytes_so_far - bytes < $5 order by seq {order}
"""
OLDEST_FIRST, NEWEST_FIRST = PAGE.replace("{order}", "asc"), PAGE.replace("{order}", "desc")

GET = "select message_json(message)::text from message where thread_id = $1 and seq = $2"

FRAME = "select frame('message', message_json(message)) from message where thread_id = $1 and seq = $2"

TYPING = """
    select notify_frame(id, 0, frame('typing', json_build_object(
      'thread_id', id, 'role', 'user', 'author', $2::integer
    )))
    from thread where id = $1 and sees($2, thread)
"""

decode = json.Decoder(wire.Message).decode


class Messages:
    """The stored messages. New ones go through the writer (chinwag.chat.writer)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def replay(self, thread_id: int, after: int, reader: int | None = None) -> Frames:
        """Read the next frames after a seq; none if there are no more.

        Args:
            reader: the account for which they are read; None for the room of the thread, which all hear
                that see it. For the room, there are no frames in a thread that is deleted.

        Raises:
            NoSuchThread: the account does not see the thread.
        """
        rows = await self._pool.fetch(REPLAY, thread_id, after, REPLAY_ROWS, REPLAY_BYTES, reader)
        if reader is not None and not rows[0]["is_visible"]:
            raise NoSuchThread()
        return [(row["seq"], row["frame"].encode()) for row in rows if row["frame"] is not None]

    async def frame(self, thread_id: int, seq: int) -> bytes | None:
        """Read the frame of one message; None if the message is not there (any more)."""
        text: str | None = await self._pool.fetchval(FRAME, thread_id, seq)
        return text.encode() if text else None

    async def tell_typing(self, thread_id: int, author: int) -> None:
        """Tell those who follow a thread that an account is typing, if it sees the thread."""
        await self._pool.execute(TYPING, thread_id, author)

    async def page(
        self,
        thread_id: int,
        reader: int,
        *,
        before: int | None,
        after: int | None,
        limit: int,
        most_bytes: int = PAGE_BYTES,
    ) -> list[wire.Message]:
        """Read up to `limit` messages for an account, oldest first; none if it does not see the thread.

        They are those right after the seq `after`, or else those right before the seq `before`, or else the
        newest. The message that reaches `most_bytes` of content is the last one, so that the memory is
        bounded. Only a page without messages is the end.
        """
        query = NEWEST_FIRST if after is None else OLDEST_FIRST
        first, last = -1 if after is None else after, wire.MAX_ID if before is None else before
        rows = await self._pool.fetch(query, thread_id, first, last, limit, most_bytes, reader)
        found = [decode(row["json"]) for row in rows]
        return found[::-1] if after is None else found

    async def get(self, thread_id: int, seq: int) -> wire.Message:
        """Read one message.

        Raises:
            NoSuchThread: the message is not there, because its thread was deleted meanwhile.
        """
        text = await self._pool.fetchval(GET, thread_id, seq)
        if text is None:
            raise NoSuchThread()
        return decode(text)


def check_content(content: str, max_characters: int) -> None:
    """Check new content before a row is tried that the database would refuse.

    Raises:
        ContentIsEmpty, ContentTooLong, BadMessage
    """
    if not content or content.isspace():
        raise ContentIsEmpty()
    if len(content) > max_characters:
        raise ContentTooLong(
            f"the content has {len(content)} characters; this server takes up to {max_characters}"
        )
    if "\0" in content:
        raise BadMessage("the content has a NUL character, which PostgreSQL cannot store")
