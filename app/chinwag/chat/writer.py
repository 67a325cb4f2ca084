"""The writer: it queues messages and stores them in batches.

Each commit that NOTIFYs takes a lock that serialises the whole cluster, so few and full commits are fast. The
messages that arrive while one commit is under way go into the next one. A message that comes alone is written
at once. When many wait, there are two batches: while the messages of one are pushed, the other is stored. A
thread is in one batch at a time, so its messages are stored in the order in which they came.
"""

import asyncio
import contextlib
from collections import deque
from uuid import UUID

import structlog

from chinwag.chat.store import Batch, Post, Store, Stored, Waiting, refuse, threads_of
from chinwag.db.pool import Pool
from chinwag.errors import ChinwagError, DatabaseUnavailable, ServerStopping

BATCH_ROWS = 500
FULL_ROWS = 64
"""The number of messages that are worth a commit of their own while another one is under way."""

LATE_SECONDS = 0.05
BATCHES_AT_ONCE = 4
"""The most batches under way. A batch that is late does not keep others from starting: it may wait for a
thread that a long transaction elsewhere holds, and other threads must not wait with it."""

QUEUE_ROWS = 20_000
"""The most messages that wait in memory. The senders of further ones are told to try again."""

DRAIN_SECONDS = 1

log = structlog.get_logger(__name__)


class Writer:
    """The queue of the messages that this process is to store."""

    def __init__(self, pool: Pool, server_id: UUID) -> None:
        """
        Args:
            server_id: names this server process, where it claims requests for replies.
        """
        self._store = Store(pool, server_id)
        self._ready: dict[int, deque[Waiting]] = {}
        self._ready_rows = 0
        self._behind: dict[int, deque[Waiting]] = {}
        """The messages of each thread that have come while a batch with that thread is under way."""
        self._queued = 0
        self._batches: set[asyncio.Task[None]] = set()
        self._late = 0
        self._stopping = False

    @property
    def queued(self) -> int:
        """The number of messages that wait for a batch."""
        return self._queued

    @property
    def batches_under_way(self) -> int:
        return len(self._batches)

    def write(self, post: Post) -> asyncio.Future[Stored]:
        """Queue a message. The future has the result as soon as the message is committed.

        The future raises NoSuchThread, BadInput for what the database refuses, and TryAgain if it is not
        known whether the message is stored: then it can be sent again with its `client_id`.
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
        """Refuse new messages, and store those that are queued.

        If the database is away, this gives up after DRAIN_SECONDS: the senders have not been told that their
        messages are stored, and send them again.
        """
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
        # Half of the threads, if that is worth a commit: it is stored while the other half is pushed.
        enough = min(BATCH_ROWS, max(FULL_ROWS, self._ready_rows // 2))
        for thread_id in list(self._ready):
            held_elsewhere = thread_id in self._store.threads_held_elsewhere
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
        writing = asyncio.create_task(self._store.store(batch))
        done, _ = await asyncio.wait({writing}, timeout=LATE_SECONDS)
        if not done:
            self._late += 1
            self._start_batches()
            await asyncio.wait({writing})
            self._late -= 1
        if error := writing.exception():
            log.error("batch_failed", error=type(error).__name__, exc_info=error)
            refuse(batch, ChinwagError())
        for thread_id in threads_of(batch):
            if behind := self._behind.pop(thread_id):
                self._ready[thread_id] = behind
                self._ready_rows += len(behind)

    def _batch_ended(self, task: asyncio.Task[None]) -> None:
        self._batches.discard(task)
        self._start_batches()
