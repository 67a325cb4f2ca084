"""Messages of a thread: pages of the history, replay after a seq, and the checks of new content."""

from msgspec import json

from chinwag import wire
from chinwag.chat.pages import FRAMES, NEWEST_FIRST, OLDEST_FIRST, Pages, Wanted
from chinwag.db.pool import Pool
from chinwag.db.standbys import Standbys
from chinwag.errors import BadMessage, ContentIsEmpty, ContentTooLong, NoSuchThread

Frames = list[tuple[int, bytes]]
"""Pairs of a seq and the frame to be sent, in the order of seq."""

REPLAY_ROWS = 500
REPLAY_BYTES = 256_000
"""A page of the replay ends with the row that reaches one of these limits, so that its memory is bounded."""

PAGE_BYTES = 1_000_000

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

    def __init__(self, pool: Pool, standbys: Standbys) -> None:
        self._pool = pool
        self._pages = Pages(pool, standbys)

    async def replay(self, thread_id: int, after: int, reader: int | None = None) -> Frames:
        """Read the next frames after a seq; none if there are no more.

        Args:
            reader: the account for which they are read; None for the room of the thread, which all hear
                that see it. For the room, there are no frames in a thread that is deleted.

        Raises:
            NoSuchThread: the account does not see the thread.
        """
        wanted = Wanted(thread_id, max(after, 0), wire.MAX_ID, REPLAY_ROWS, REPLAY_BYTES)
        page = await self._pages.read(FRAMES, wanted, reader)
        if page is None and reader is not None:
            raise NoSuchThread()
        return [(seq, text.encode()) for seq, text in page or []]

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
        kind = NEWEST_FIRST if after is None else OLDEST_FIRST
        wanted = Wanted(thread_id, after or 0, wire.MAX_ID if before is None else before, limit, most_bytes)
        found = [decode(text) for _, text in await self._pages.read(kind, wanted, reader) or []]
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
