"""The store: it inserts a batch of messages in one transaction, and tells each sender what became of it.

When the database refuses a batch, the store finds out which rows are at fault, so that only these fail.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Literal
from uuid import UUID

import asyncpg
from msgspec import Struct

from chinwag import wire
from chinwag.counts import COMMIT_SECONDS, MESSAGES_WRITTEN
from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES, Pool, PoolConnection
from chinwag.errors import (
    ChinwagError,
    DatabaseUnavailable,
    NoSuchThread,
    OutcomeUnknown,
    Refusal,
    TryAgain,
)

RETRIES = 3
TRANSIENT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Errors after which the same transaction may succeed at once."""

_INSERT = """
    insert into message (thread_id, role, content, client_id, reply_to, author, ended, replaces)
    select thread_id, role, content, client_id, reply_to, author, ended, replaces
    from {rows}
      as post (thread_id, role, content, client_id, reply_to, author, webhook, ended, replaces, place)
    where (select set_config('chinwag.authors_must_see', 'on', true)) = 'on'
      and (select set_config('chinwag.server', $10, true)) is not null and (
      role = 'assistant'
      or exists (select from member where account_id = author and member.thread_id = post.thread_id)
      or (select sees(author, thread) from thread where id = thread_id)
      or exists (select from webhook where id = post.webhook and webhook.thread_id = post.thread_id)
    )
    order by thread_id, place
    returning thread_id, seq, client_id, reply_to
"""
"""The rows are in the order of threads: so two servers that lock the same threads cannot deadlock.

Whether the author sees the thread is looked up twice. Here it is, so that nobody waits for the lock of a
thread that is not there for them; and once more when the lock is held (sql/40_seq.sql), because the author
may be removed while this statement waits. The setting that has this done ends with the transaction, and so
does the one that names the server: it stores replies to the messages that it has claimed.

sees() says it for all. That members are looked up before only saves its call for most messages."""

INSERT = _INSERT.format(
    rows="""
      unnest(
        $1::bigint[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::integer[], $7::bigint[],
        $8::text[], $9::bigint[]
      ) with ordinality"""
)
INSERT_ONE = _INSERT.format(
    rows="""(values (
      $1::bigint, $2::text, $3::text, $4::uuid, $5::bigint, $6::integer, $7::bigint, $8::text, $9::bigint, 1
    ))"""
)
"""The same for a single message. PostgreSQL keeps the plan of this one, and would make that of a batch of one
message anew each time, in 0.3 ms: it takes an array of unknown length for ten rows."""

FIND_STORED = """
    select thread_id, seq, client_id, null::bigint as reply_to
    from unnest($1::bigint[], $2::uuid[], $3::integer[]) as post (thread_id, client_id, author)
      join message using (thread_id, client_id)
    where (select sees(post.author, thread) from thread where id = thread_id)
    union all
    select thread_id, seq, null, message.reply_to
    from unnest($4::bigint[]) as post (reply_to)
      join message on message.reply_to = post.reply_to and replaces is null
    union all
    select thread_id, seq, null, reply_to
    from unnest($5::bigint[], $6::bigint[]) as post (thread_id, replaces)
      join message using (thread_id, replaces)
    where role = 'assistant'
"""

FREE_THREADS = "select id from thread where id = any ($1::bigint[]) for no key update skip locked"


class Post(Struct, frozen=True):
    """A message to be stored. If its author does not see the thread, there is no such thread for it, unless
    it comes through a webhook of the thread, which is named by its id.

    Attributes:
        replaces: the seq of the message that it replaces.
        way: how it has come, for /metrics.
    """

    thread_id: int
    author: int
    content: str
    client_id: UUID | None = None
    role: Literal["user", "assistant"] = "user"
    reply_to: int | None = None
    webhook: int | None = None
    ended: wire.Ended | None = None
    replaces: int | None = None
    way: Literal["http", "websocket", "webhook", "bot"] = "http"


class Stored(Struct, frozen=True):
    """The place of a stored message. `new` is false if it had been stored before."""

    thread_id: int
    seq: int
    new: bool


Waiting = tuple[Post, asyncio.Future[Stored]]
"""A message, and the future on which its sender waits."""

Batch = list[Waiting]
Outcome = tuple[Waiting, Stored | ChinwagError]


class Store:
    """The way of this process's messages into the database, a batch at a time.

    Attributes:
        threads_held_elsewhere: the threads for whose lock a message waited in vain when it was last tried.
            A transaction elsewhere holds them, and a batch should have no other thread beside one of them.
    """

    def __init__(self, pool: Pool, server_id: UUID) -> None:
        """
        Args:
            server_id: names this server process, where it claims requests for replies.
        """
        self.threads_held_elsewhere: set[int] = set()
        self._pool = pool
        self._server_id = str(server_id)

    async def store(self, batch: Batch, tries: int = RETRIES) -> None:
        """Store a batch, and set the result or the exception of each future in it."""
        began = time.perf_counter()
        try:
            async with self._pool.acquire() as connection:
                outcomes = await self._insert(connection, batch)
        except asyncpg.LockNotAvailableError as error:
            await self._store_apart(batch, error)
        except FAILURES as error:
            if isinstance(error, TRANSIENT) and tries:
                return await self.store(batch, tries - 1)
            refusal = _refusal_of_messages(error, rows=len(batch))
            if len(batch) == 1 or isinstance(refusal, TryAgain):
                return refuse(batch, refusal)
            # One of them is bad, and fails alone in the end.
            middle = len(batch) // 2
            await self.store(batch[:middle])
            await self.store(batch[middle:])
        else:
            COMMIT_SECONDS.observe(time.perf_counter() - began)
            # The senders are not told earlier: through a pooler, the commit comes at the end of the block.
            _tell(outcomes)
            self.threads_held_elsewhere.difference_update(threads_of(batch))
        return None

    async def _insert(self, connection: PoolConnection, batch: Batch) -> list[Outcome]:
        posts = [post for post, _ in batch]
        columns = (
            [post.thread_id for post in posts],
            [post.role for post in posts],
            [post.content for post in posts],
            [post.client_id for post in posts],
            [post.reply_to for post in posts],
            [post.author for post in posts],
            [post.webhook for post in posts],
            [post.ended for post in posts],
            [post.replaces for post in posts],
        )
        if len(posts) == 1:
            rows = await connection.fetch(INSERT_ONE, *(column[0] for column in columns), self._server_id)
        else:
            rows = await connection.fetch(INSERT, *columns, self._server_id)
        outcomes: list[Outcome] = []
        if missing := _match_rows(batch, rows, outcomes, new=True):
            named = [post for post, _ in missing if post.client_id]
            rows = await connection.fetch(
                FIND_STORED,
                [post.thread_id for post in named],
                [post.client_id for post in named],
                [post.author for post in named],
                [post.reply_to for post, _ in missing if post.reply_to and not post.replaces],
                [post.thread_id for post, _ in missing if post.reply_to and post.replaces],
                [post.replaces for post, _ in missing if post.reply_to and post.replaces],
            )
            unknown = _match_rows(missing, rows, outcomes, new=False)
            outcomes.extend((one, NoSuchThread(f"there is no thread {one[0].thread_id}")) for one in unknown)
        return outcomes

    async def _store_apart(self, batch: Batch, error: asyncpg.LockNotAvailableError) -> None:
        """Store the messages of free threads together, and those of each held thread alone."""
        threads = threads_of(batch)
        if len(threads) == 1:
            self.threads_held_elsewhere |= threads
            return refuse(batch, _refusal_of_messages(error, thread=batch[0][0].thread_id, rows=len(batch)))
        try:
            free = {row["id"] for row in await self._pool.fetch(FREE_THREADS, list(threads))}
        except FAILURES as worse:
            return refuse(batch, _refusal_of_messages(worse, rows=len(batch)))
        if free == threads:  # no thread is held, but a whole table
            return refuse(batch, _refusal_of_messages(error, rows=len(batch)))
        apart: defaultdict[int, Batch] = defaultdict(list)
        for waiting in batch:
            thread_id = waiting[0].thread_id
            apart[0 if thread_id in free else thread_id].append(waiting)
        await asyncio.gather(*map(self.store, apart.values()))
        return None


def threads_of(batch: Batch) -> set[int]:
    """The ids of the threads of a batch."""
    return {post.thread_id for post, _ in batch}


def _refusal_of_messages(error: Exception, **where: object) -> Refusal:
    """The refusal of messages that were being stored: where the database is unavailable, they may be."""
    refusal = refusal_of(error, **where)
    return OutcomeUnknown() if isinstance(refusal, DatabaseUnavailable) else refusal


def refuse(batch: Batch, error: ChinwagError) -> None:
    """Tell every sender of a batch the same error, except those who know their outcome already."""
    for _, future in batch:
        if not future.done():
            future.set_exception(error)


def _match_rows(
    batch: Batch, rows: Iterable[asyncpg.Record], outcomes: list[Outcome], *, new: bool
) -> Batch:
    """Add the outcome of each message that has a row among these, and return the messages that have none."""
    found: defaultdict[object, deque[asyncpg.Record]] = defaultdict(deque)
    for row in rows:
        found[_key(row["thread_id"], row["client_id"], row["reply_to"])].append(row)
    missing: Batch = []
    for waiting in batch:
        post, _ = waiting
        if own := found[_key(post.thread_id, post.client_id, post.reply_to)]:
            outcomes.append((waiting, Stored(post.thread_id, own.popleft()["seq"], new)))
        else:
            missing.append(waiting)
    return missing


def _key(thread_id: int, client_id: UUID | None, reply_to: int | None) -> object:
    """What tells a message from others. Messages with the same key come back in the order of the batch."""
    return thread_id, client_id or reply_to


def _tell(outcomes: list[Outcome]) -> None:
    written: defaultdict[str, int] = defaultdict(int)
    for (post, future), outcome in outcomes:
        if isinstance(outcome, Stored) and outcome.new:
            written[post.way] += 1
        if future.done():
            continue  # its sender has left
        if isinstance(outcome, Stored):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
    for way, number in written.items():
        MESSAGES_WRITTEN.add(way, number=number)
