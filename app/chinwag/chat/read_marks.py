"""Read marks: how far each account has read each thread, and of what it wants to be notified.

What is unread is counted from the table, so that it is the same on all devices: last_seq - read_seq.
"""

from msgspec import Raw

from chinwag import frames, wire
from chinwag.chat.threads import no_such_thread
from chinwag.db.pool import Pool

READ = """
    with seen as (
      select last_seq from thread where id = $1 and sees($2, thread)
    ), changed as (
      insert into read_mark as mark (thread_id, account_id, read_seq)
      select $1, $2, least($3, last_seq) from seen
      on conflict (account_id, thread_id) do update set read_seq = excluded.read_seq
      where excluded.read_seq > mark.read_seq
    )
    select true from seen
"""
"""A mark only grows, and is written only if it does."""

SET_LEVEL = """
    with seen as (
      select last_seq from thread where id = $1 and sees($2, thread)
    ), changed as (
      insert into read_mark as mark (thread_id, account_id, read_seq, level)
      select $1, $2, last_seq, $3 from seen
      on conflict (account_id, thread_id) do update set level = excluded.level
    )
    select true from seen
"""

COUNTS = """
    select account_id, read_json(thread_id, account_id)::text as json
    from unnest($1::bigint[], $2::integer[]) as pair (thread_id, account_id)
"""


class ReadMarks:
    """The read marks in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, thread_id: int, reader: int, seq: int) -> None:
        """Note that an account has read a thread up to a seq. A seq after the last one counts as the last
        one, and one before the mark changes nothing.

        Raises:
            NoSuchThread
        """
        if not await self._pool.fetchval(READ, thread_id, reader, seq):
            raise no_such_thread(thread_id)

    async def set_level(self, thread_id: int, reader: int, level: wire.Level) -> None:
        """Set of which messages of a thread an account wants to be notified.

        Raises:
            NoSuchThread
        """
        if not await self._pool.fetchval(SET_LEVEL, thread_id, reader, level):
            raise no_such_thread(thread_id)

    async def frames(self, pairs: list[tuple[int, int]]) -> list[tuple[int, bytes]]:
        """Return the frames that tell accounts what is unread.

        Args:
            pairs: a thread and an account.

        Returns:
            Pairs of an account and a frame; none for an account that does not see the thread.
        """
        rows = await self._pool.fetch(COUNTS, [id for id, _ in pairs], [account for _, account in pairs])
        return [
            (row["account_id"], frames.read_frame(Raw(row["json"].encode()))) for row in rows if row["json"]
        ]
