"""The drafts in the database: what is told and saved of replies that are being written."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from chinwag.db.pool import Pool

NOTIFY_BYTES = 7950
"""A longer frame does not fit into a notification (sql/60_notify.sql)."""

MOST_BYTES = 2**31 - 1

TELL = """
    select message_id, notify_servers(payload(thread_id, 0, frame))
    from (
      select r.message_id, r.thread_id, frame('draft', json_build_object(
        'thread_id', r.thread_id, 'reply_to', r.message_id, 'author', told.author, 'ordinal', told.ordinal,
        'append', told.append
      )) as frame
      from unnest($2::bigint[], $3::bigint[], $4::integer[], $5::bigint[], $6::text[])
        with ordinality as told (message_id, attempt, author, ordinal, append, place)
        join reply_request as r on r.message_id = told.message_id
      where r.claimed_by = $1 and r.attempt = told.attempt
        and (select true from thread where id = r.thread_id)
      order by place
      offset 0 -- otherwise the frame would be made as often as payload() names it
    ) as told
"""
"""It writes nothing. So it takes no fsync, and holds the lock of NOTIFY for microseconds."""

SAVE = """
    with mine as (
      select r.message_id, r.thread_id, saved.author, saved.ordinal, saved.content, place
      from unnest($2::bigint[], $3::bigint[], $4::integer[], $5::bigint[], $6::text[])
        with ordinality as saved (message_id, attempt, author, ordinal, content, place)
        join reply_request as r on r.message_id = saved.message_id
      where r.claimed_by = $1 and r.attempt = saved.attempt
        and (select true from thread where id = r.thread_id)
    ), written as (
      insert into draft (message_id, author, ordinal, content)
      select message_id, author, ordinal, content from mine order by message_id
      on conflict (message_id) do update set author = excluded.author, ordinal = excluded.ordinal,
        content = excluded.content
      where draft.ordinal <= excluded.ordinal
    ), kept as (
      -- These requests cannot be deleted before this is committed, so no draft is told after its end.
      select message_id from reply_request
      where $7 and message_id in (select message_id from mine) for key share skip locked
    ), told as (
      select notify_frame(
        thread_id, 0, draft_frame(thread_id, message_id, author, ordinal, content, null, $8)
      )
      from mine join kept using (message_id) order by place
    )
    select message_id, (select count(*) from told) as told from mine
"""
"""A higher ordinal is never replaced by a lower one: so a server that has lost its claim, without knowing it,
does not write into what another one has taken over."""

PARK = """
    with parked as (
      update reply_request set failure = $5, claimed_by = null, claimed_until = '-infinity', stop = false
      where message_id = $2 and claimed_by = $1 and attempt = $3
      returning message_id, thread_id
    ), written as (
      insert into draft (message_id, author, ordinal, content)
      select message_id, $4, $6, $7 from parked
      on conflict (message_id) do update set author = excluded.author, ordinal = excluded.ordinal,
        content = excluded.content
    )
    select notify_frame(thread_id, 0, draft_frame(thread_id, message_id, $4, $6, $7, $5, $8)) from parked
"""

UNDER_WAY = """
    select reply_to, ordinal, draft_frame($1, reply_to, author, ordinal, content, failure, $2) as frame
    from (
      select r.message_id as reply_to, coalesce(draft.author, r.bot) as author,
             coalesce(draft.ordinal, draft_ordinal(r.attempt)) as ordinal,
             coalesce(draft.content, '') as content, failure
      from reply_request as r left join draft on draft.message_id = r.message_id
      where r.thread_id = $1 and (draft.message_id is not null or r.failure is not null)
      order by r.failure is not null, r.message_id desc limit $3
    ) as saved
    order by reply_to
"""

MOST_UNDER_WAY = 100
"""The most drafts of one thread that readers get: those that are being written, and then those that have
failed last."""

THREADS = """
    select r.thread_id, r.message_id
    from reply_request as r left join draft on draft.message_id = r.message_id
    where draft.message_id is not null or r.failure is not null
"""

WANT = """
    select notify_frame(thread_id, 0, frame('draft.wanted', json_build_object(
      'thread_id', thread_id, 'reply_to', message_id
    )))
    from reply_request where thread_id = $1 and message_id = any ($2::bigint[])
"""

CLEAN_UP = """
    delete from draft where not exists (select from reply_request as r where r.message_id = draft.message_id)
"""


class Told(NamedTuple):
    """What is told or saved of a draft: what was added, or the whole text."""

    message_id: int
    attempt: int
    author: int
    ordinal: int
    text: str


class SavedDraft(NamedTuple):
    """A draft as it was saved: its frame for readers, and where it is in the order of what is told."""

    reply_to: int
    ordinal: int
    frame: bytes


class DraftTable:
    """The drafts of the replies that this server writes."""

    def __init__(self, pool: Pool, server_id: UUID) -> None:
        self._pool = pool
        self._server_id = server_id

    async def tell(self, appends: Sequence[Told]) -> set[int]:
        """Notify what was added to drafts, and return the messages whose drafts are still this server's."""
        rows = await self._pool.fetch(TELL, self._server_id, *_columns(appends))
        return {row["message_id"] for row in rows}

    async def save(self, drafts: Sequence[Told], *, is_told: bool) -> set[int]:
        """Save whole texts, and return the messages whose drafts are still this server's.

        Args:
            is_told: notify the whole texts, too.
        """
        rows = await self._pool.fetch(SAVE, self._server_id, *_columns(drafts), is_told, NOTIFY_BYTES)
        return {row["message_id"] for row in rows}

    async def park(self, draft: Told, failure: str) -> None:
        """Say why the bot has failed, and leave the request to a person who asks again."""
        await self._pool.execute(
            PARK, self._server_id, draft.message_id, draft.attempt, draft.author, failure, draft.ordinal,
            draft.text, NOTIFY_BYTES,
        )  # fmt: skip

    async def clean_up(self) -> None:
        """Delete the drafts that belong to no request."""
        await self._pool.execute(CLEAN_UP)


class SavedDrafts:
    """The drafts of all servers, as they were saved: for those who read them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_thread(self, thread_id: int) -> list[SavedDraft]:
        """Read the drafts of a thread, and those of which the bot has failed."""
        rows = await self._pool.fetch(UNDER_WAY, thread_id, MOST_BYTES, MOST_UNDER_WAY)
        return [SavedDraft(row["reply_to"], row["ordinal"], row["frame"].encode()) for row in rows]

    async def under_way(self) -> list[tuple[int, int]]:
        """Return the threads that have drafts, with the messages to which these reply."""
        return [(row["thread_id"], row["message_id"]) for row in await self._pool.fetch(THREADS)]

    async def want(self, thread_id: int, reply_to: list[int]) -> None:
        """Ask the servers that write these drafts to tell their whole texts."""
        await self._pool.execute(WANT, thread_id, reply_to)


def _columns(drafts: Sequence[Told]) -> tuple[list[object], ...]:
    return tuple([draft[column] for draft in drafts] for column in range(5))
