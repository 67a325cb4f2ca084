"""Batched writes: the messages that arrive while one commit is under way go into the next one.

Each commit that NOTIFYs takes a lock that serialises the whole cluster, so fewer and fuller commits are
what makes this fast. A message that comes alone is written at once. When many wait, there are two batches:
one is stored while what the other has stored is pushed. A thread is in one batch at a time, so its messages
are stored in the order in which they came.
"""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Literal
from uuid import UUID

import asyncpg
import structlog
from msgspec import Struct

from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES, Pool, PoolConnection
from chinwag.errors import ChinwagError, DatabaseUnavailable, NoSuchThread, ServerStopping, TryAgain

BATCH_ROWS = 500
FULL_ROWS = 64
"""So many are worth a commit of their own, while another one is under way."""

LATE_SECONDS = 0.05
BATCHES_AT_ONCE = 4
"""A batch that is late does not count: it may wait for a thread that a long transaction elsewhere holds,
and other threads must not wait with it."""

QUEUE_ROWS = 20_000
"""No more is taken into memory: the sender is told to try again."""

RETRIES = 3
TRANSIENT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""The same may succeed at once."""

DRAIN_SECONDS = 1

INSERT = """
    insert into message (thread_id, role, content, client_id, reply_to)
    select thread_id, role, content, client_id, reply_to
    from unnest($1::bigint[], $2::text[], $3::text[], $4::uuid[], $5::bigint[])
      with ordinality as post (thread_id, role, content, client_id, reply_to, place)
    order by thread_id, place
    returning thread_id, seq, client_id, reply_to
"""
"""In the order of threads: two servers that lock the same threads cannot deadlock."""

FIND_STORED = """
    select thread_id, seq, client_id, null::bigint as reply_to
    from unnest($1::bigint[], $2::uuid[]) as post (thread_id, client_id)
      join message using (thread_id, client_id)
    union all
    select thread_id, seq, null, reply_to from message where reply_to = any ($3::bigint[])
"""

FREE_THREADS = "select id from thread where id = any ($1::bigint[]) for no key update skip locked"

log = structlog.get_logger(__name__)


class Post(Struct, frozen=True):
    """A message to be stored."""

    thread_id: int
    content: str
    client_id: UUID | None = None
    role: Literal["user", "assistant"] = "user"
    reply_to: int | None = None


class Stored(Struct, frozen=True):
    """Where a message is. `new` is false when it had been stored before."""

    thread_id: int
    seq: int
    new: bool


Waiting = tuple[Post, asyncio.Future[Stored]]
Batch = list[Waiting]
Outcome = tuple[asyncio.Future[Stored], Stored | ChinwagError]


class Writer:
    """Writes the messages of this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._ready: dict[int, deque[Waiting]] = {}
        self._ready_rows = 0
        self._behind: dict[int, deque[Waiting]] = {}
        """By thread, what has come while a batch with that thread is under way."""
        self._queued = 0
        self._threads_held_elsewhere: set[int] = set()
        self._batches: set[asyncio.Task[None]] = set()
        self._late = 0
        self._stopping = False

    def write(self, post: Post) -> asyncio.Future[Stored]:
        """Queue a message; the result is known once it is committed.

        The future raises NoSuchThread, BadInput for what the database refuses, and TryAgain where the
        message is not known to be stored: then it can be sent again with its `client_id`.
        """
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        if self._stopping:
            future.set_exception(ServerStopping())
        elif self._queued >= QUEUE_ROWS:
            future.set_exception(DatabaseUnavailable("too many messages wait to be stored; try again"))
        else:
            self._queued += 1
            behind = self._behind.get(post.thread_id)
            if behind is not None:
                behind.append((post, future))
            else:
                self._ready.setdefault(post.thread_id, deque()).append((post, future))
                self._ready_rows += 1
                self._start_batches()
        return future

    async def drain(self) -> None:
        """Take no more, and store what is queued, unless the database is away: then its senders are not
        told that it is stored, and send it again."""
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._batches:
                    await asyncio.wait(self._batches)

    def _start_batches(self) -> None:
        while self._may_start() and (batch := self._take_batch()):
            task = asyncio.create_task(self._run(batch))
            self._batches.add(task)
            task.add_done_callback(self._batch_ended)

    def _may_start(self) -> bool:
        others = len(self._batches) - self._late
        worth_it = not others or (others == 1 and self._ready_rows >= FULL_ROWS)
        return worth_it and len(self._batches) < BATCHES_AT_ONCE

    def _take_batch(self) -> Batch:
        batch: Batch = []
        # Half of the threads, if that is worth a commit: PostgreSQL stores it while the other half is pushed.
        enough = min(BATCH_ROWS, max(FULL_ROWS, self._ready_rows // 2))
        for thread_id in list(self._ready):
            held_elsewhere = thread_id in self._threads_held_elsewhere
            if held_elsewhere and batch:
                continue  # it goes alone, so that no other thread waits with it
            queue = self._behind[thread_id] = self._ready.pop(thread_id)
            self._ready_rows -= len(queue)
            while queue and len(batch) < BATCH_ROWS:
                batch.append(queue.popleft())
            if held_elsewhere or len(batch) >= enough:
                break
        self._queued -= len(batch)
        return batch

    async def _run(self, batch: Batch) -> None:
        writing = asyncio.create_task(self._write(batch))
        done, _ = await asyncio.wait({writing}, timeout=LATE_SECONDS)
        if not done:
            self._late += 1
            self._start_batches()
            await asyncio.wait({writing})
            self._late -= 1
        if error := writing.exception():
            log.error("batch_failed", error=type(error).__name__, exc_info=error)
            _refuse(batch, ChinwagError())
        for thread_id in _threads(batch):
            if behind := self._behind.pop(thread_id):
                self._ready[thread_id] = behind
                self._ready_rows += len(behind)

    def _batch_ended(self, task: asyncio.Task[None]) -> None:
        self._batches.discard(task)
        self._start_batches()

    async def _write(self, batch: Batch, tries: int = RETRIES) -> None:
        try:
            async with self._pool.acquire() as connection:
                outcomes = await self._insert(connection, batch)
        except asyncpg.LockNotAvailableError as error:
            await self._write_apart(batch, error)
        except FAILURES as error:
            if isinstance(error, TRANSIENT) and tries:
                return await self._write(batch, tries - 1)
            refusal = refusal_of(error, rows=len(batch))
            if len(batch) == 1 or isinstance(refusal, TryAgain):
                return _refuse(batch, refusal)
            # One of them is bad, and fails alone in the end.
            middle = len(batch) // 2
            await self._write(batch[:middle])
            await self._write(batch[middle:])
        else:
            # Not before: through a pooler the commit comes with the end of the block.
            _tell(outcomes)
            self._threads_held_elsewhere.difference_update(_threads(batch))
        return None

    async def _insert(self, connection: PoolConnection, batch: Batch) -> list[Outcome]:
        posts = [post for post, _ in batch]
        rows = await connection.fetch(
            INSERT,
            [post.thread_id for post in posts],
            [post.role for post in posts],
            [post.content for post in posts],
            [post.client_id for post in posts],
            [post.reply_to for post in posts],
        )
        outcomes: list[Outcome] = []
        if missing := _settle(batch, rows, outcomes, new=True):
            named = [post for post, _ in missing if post.client_id]
            rows = await connection.fetch(
                FIND_STORED,
                [post.thread_id for post in named],
                [post.client_id for post in named],
                [post.reply_to for post, _ in missing if post.reply_to],
            )
            for post, future in _settle(missing, rows, outcomes, new=False):
                outcomes.append((future, NoSuchThread(f"there is no thread {post.thread_id}")))
        return outcomes

    async def _write_apart(self, batch: Batch, error: asyncpg.LockNotAvailableError) -> None:
        """A thread of the batch is held elsewhere: the free ones are written together, the others alone."""
        threads = _threads(batch)
        if len(threads) == 1:
            self._threads_held_elsewhere |= threads
            return _refuse(batch, refusal_of(error, thread=batch[0][0].thread_id, rows=len(batch)))
        try:
            free = {row["id"] for row in await self._pool.fetch(FREE_THREADS, list(threads))}
        except FAILURES as worse:
            return _refuse(batch, refusal_of(worse, rows=len(batch)))
        if free == threads:  # a table is held, and not a thread
            return _refuse(batch, refusal_of(error, rows=len(batch)))
        apart: defaultdict[int, Batch] = defaultdict(list)
        for waiting in batch:
            thread_id = waiting[0].thread_id
            apart[0 if thread_id in free else thread_id].append(waiting)
        await asyncio.gather(*map(self._write, apart.values()))
        return None


def _threads(batch: Batch) -> set[int]:
    return {post.thread_id for post, _ in batch}


def _settle(
    batch: Batch, rows: Iterable[asyncpg.Record], outcomes: list[Outcome], *, new: bool
) -> Batch:
    """Find the row of each message; return those that have none."""
    found: defaultdict[object, deque[asyncpg.Record]] = defaultdict(deque)
    for row in rows:
        found[_key(row["thread_id"], row["client_id"], row["reply_to"])].append(row)
    missing: Batch = []
    for post, future in batch:
        if own := found[_key(post.thread_id, post.client_id, post.reply_to)]:
            outcomes.append((future, Stored(post.thread_id, own.popleft()["seq"], new)))
        else:
            missing.append((post, future))
    return missing


def _tell(outcomes: list[Outcome]) -> None:
    for future, outcome in outcomes:
        if future.done():
            continue  # its sender has left
        if isinstance(outcome, Stored):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)


def _key(thread_id: int, client_id: UUID | None, reply_to: int | None) -> object:
    """What tells a message from others. Those without a name of their own come back in order."""
    return thread_id, client_id or reply_to


def _refuse(batch: Batch, error: ChinwagError) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
