"""The queue of requests for replies in the database, from which servers claim.

A message asks for its reply in its own transaction (sql/35_reply.sql). A server claims a request with a lease
of a few seconds and renews the lease, so what a dead server had claimed is soon free again.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from chinwag.db.pool import Pool

LEASE_TIME = timedelta(seconds=3.5)

CLAIMS = 200
"""The most requests that a server claims at a time; the others are for the other servers."""

CLAIMS_OF_THREAD = 50
"""The most requests of one thread: however many messages are in it, there is room for those of other
threads."""

THREADS = 200
"""The number of threads with free requests that are considered for one claim.

At most CLAIMS / CLAIMS_OF_THREAD threads can be at their limit, so others are always considered.
"""

CLAIM = """
    with recursive waiting (thread_id) as (
      -- The threads of the queue after $5, found in the index one by one, however many requests each has.
      -- Parked requests are in another index: there may be any number of them.
      (select thread_id from reply_request where thread_id > $5 and failure is null
       order by thread_id limit 1)
      union all
      select (select thread_id from reply_request where thread_id > waiting.thread_id and failure is null
              order by thread_id limit 1)
      from waiting where thread_id is not null
    ), turn as (
      select thread_id from waiting
      where (select true from thread where id = waiting.thread_id)
        and exists (
          select from reply_request as one where one.thread_id = waiting.thread_id
            and failure is null and coalesce(bot, $8) = any ($9)
            and (claimed_until < clock_timestamp() or claimed_until > clock_timestamp() + $3)
        )
      limit $6
    ), next as (
      -- Of each thread the oldest that are free or ours already, so that no thread has too many of ours.
      select message_id, row_number() over (partition by thread_id order by message_id) as place
      from turn cross join lateral (
        select message_id from reply_request as one
        where one.thread_id = turn.thread_id and failure is null and coalesce(bot, $8) = any ($9)
          and (claimed_by = $1 or claimed_until < clock_timestamp()
               or claimed_until > clock_timestamp() + $3)
        order by message_id limit $7
      ) as oldest
    ), free as (
      select message_id from reply_request join next using (message_id)
      -- Its owner may have parked it since this statement began.
      where failure is null
        and (claimed_until < clock_timestamp() or claimed_until > clock_timestamp() + $3)
      order by place, thread_id limit $2 for update of reply_request skip locked
    ), claimed as (
      update reply_request set claimed_by = $1, claimed_until = clock_timestamp() + $3, attempt = attempt + 1,
        crashes = crashes + case when claimed_by <> $1 then 1 else 0 end
      from free where reply_request.message_id = free.message_id
      returning reply_request.message_id, reply_request.thread_id, coalesce(bot, $8) as bot, replaces,
                attempt, crashes, stop
    ), told as (
      select notify_frame(thread_id, 0,
               frame('typing', json_build_object(
                 'thread_id', thread_id, 'role', 'assistant', 'author', bot
               )))
      from (select distinct thread_id, bot from claimed) as answered
      where $4
    )
    select id, message.thread_id, seq, message.content, bot, claimed.replaces, attempt,
           draft_ordinal(attempt) as ordinal, crashes, stop, case when stop then draft.content end as written,
           (select active from account where id = bot)
             and (select sees(bot, thread) from thread where thread.id = message.thread_id) as may_answer,
           (select count(*) from told) as told
    from claimed join message on id = claimed.message_id left join draft on draft.message_id = id
    order by id
"""
"""Claims the first request of each thread, then the second, and so on: `place` is their order in the thread.

A lease that ends later than LEASE_TIME from now was made before the clock was set back. Such a request counts
as free.
"""

FILL_IN_THREADS = """
    with unknown as (
      select message_id from reply_request where thread_id is null for update skip locked
    )
    update reply_request set thread_id = message.thread_id
    from unknown join message on id = unknown.message_id where reply_request.message_id = unknown.message_id
"""
"""Fills in the threads of requests from before requests had a thread."""

RENEW = """
    with mine as (
      select message_id from reply_request where claimed_by = $1 and message_id = any ($2::bigint[])
      for no key update skip locked
    )
    update reply_request set claimed_until = clock_timestamp() + $3
    from mine where reply_request.message_id = mine.message_id
      and (select true from thread where id = thread_id)
    returning reply_request.message_id, stop
"""
"""Renews leases. A request that is locked is being deleted with its reply: to wait for it could be a
deadlock."""

STILL_CLAIMED = """
    select message_id from reply_request where claimed_by = $1 and message_id = any ($2::bigint[])
"""

RELEASE = """
    with mine as (
      select message_id from reply_request where claimed_by = $1 for update skip locked
    ), released as (
      update reply_request set claimed_by = null, claimed_until = '-infinity'
      from mine where reply_request.message_id = mine.message_id
      returning reply_request.message_id
    )
    select notify_frame(0, 0, '') from released limit 1
"""
"""Releases all claims, and wakes the bots of the other servers."""


class Claim(Struct, frozen=True):
    """A request that this server has claimed.

    Attributes:
        id: the message that is to be answered, with its seq.
        bot: the account that is asked.
        replaces: the seq of the reply of which another version is asked for.
        attempt: the fencing token of the claim.
        ordinal: the first one of what is told of the draft.
        crashes: how many owners before have not come to an end.
        stop: whether somebody has stopped the reply, of which `written` was saved.
        may_answer: whether the bot is not disabled, and sees the thread.
    """

    id: int
    thread_id: int
    seq: int
    content: str
    bot: int
    replaces: int | None
    attempt: int
    ordinal: int
    crashes: int
    stop: bool
    written: str | None
    may_answer: bool


class ReplyRequests:
    """The requests for replies, as one server claims them."""

    def __init__(self, pool: Pool, server_id: UUID) -> None:
        self._pool = pool
        self._server_id = server_id

    async def fill_in_threads(self) -> None:
        """Complete the requests of former versions, so that they can be claimed."""
        await self._pool.execute(FILL_IN_THREADS)

    async def claim(self, most: int, *, bots: Sequence[int], after: int, tells_typing: bool) -> list[Claim]:
        """Claim free requests, the oldest of each thread first.

        Args:
            most: the number of requests at most.
            bots: the accounts that answer here; the first one is the default.
            after: the id of a thread; only those of threads after it are claimed.
            tells_typing: notify that the bot is typing in these threads.
        """
        rows = await self._pool.fetch(
            CLAIM, self._server_id, most, LEASE_TIME, tells_typing, after, THREADS, CLAIMS_OF_THREAD, bots[0],
            list(bots),
        )  # fmt: skip
        return [Claim(**{name: row[name] for name in Claim.__struct_fields__}) for row in rows]

    async def renew(self, message_ids: Sequence[int]) -> tuple[set[int], set[int]]:
        """Renew the leases of the requests of these messages.

        Returns:
            The messages whose requests are not this server's any more, and those whose reply was stopped.
        """
        rows = await self._pool.fetch(RENEW, self._server_id, message_ids, LEASE_TIME)
        missing = set(message_ids) - {row["message_id"] for row in rows}
        if missing:  # or they are locked
            claimed = await self._pool.fetch(STILL_CLAIMED, self._server_id, list(missing))
            missing -= {row["message_id"] for row in claimed}
        return missing, {row["message_id"] for row in rows if row["stop"]}

    async def release(self) -> None:
        """Release all claims of this server, so that others reply at once."""
        await self._pool.execute(RELEASE, self._server_id)
