"""Replies: every message of a user gets exactly one stored reply, over any number of servers.

A message asks for its reply in its own transaction (sql/35_reply.sql). A server claims requests for a few
seconds and renews the claim while its bot thinks; what a dead server had claimed is soon free again. A
stored reply deletes its request, and a second reply to the same message is dropped.
"""

import asyncio
import contextlib
import importlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

import structlog

from chinwag.chat.store import Post
from chinwag.chat.writer import Writer
from chinwag.db.pool import FAILURES, Pool
from chinwag.errors import NoSuchThread, SettingsInvalid, TryAgain

CLAIM_SECONDS = 5.0
RENEW_SECONDS = 1.5
RELEASE_SECONDS = 0.5
POLL_SECONDS = 2.0
"""The time between two looks for requests that dead servers had claimed. A new request wakes the bot at
once."""

PAUSE_SECONDS = 0.05
"""The shortest time between two claims, so that a burst of messages is claimed in one statement."""

CLAIMS = 200
"""The most requests that a server claims at a time; the others are for the other servers."""

CLAIMS_OF_THREAD = 50
"""The most requests of one thread: however many messages are in it, there is room for those of other
threads."""

THREADS = 200
"""The number of threads with free requests that are considered for one claim. It is more than can be at
their limit."""

CLAIM = """
    with recursive waiting (thread_id) as (
      -- The threads of the queue after $5, found in the index one by one, however many requests each has.
      (select thread_id from reply_request where thread_id > $5 order by thread_id limit 1)
      union all
      select (select thread_id from reply_request where thread_id > waiting.thread_id
              order by thread_id limit 1)
      from waiting where thread_id is not null
    ), turn as (
      select thread_id from waiting
      where (select true from thread where id = waiting.thread_id)
        and exists (
          select from reply_request as one where one.thread_id = waiting.thread_id
            and (claimed_until < clock_timestamp() or claimed_until > clock_timestamp() + $3)
        )
      limit $6
    ), next as (
      -- Of each thread the oldest that are free or ours already, so that no thread has too many of ours.
      select message_id, row_number() over (partition by thread_id order by message_id) as place
      from turn cross join lateral (
        select message_id from reply_request as one
        where one.thread_id = turn.thread_id
          and (claimed_by = $1 or claimed_until < clock_timestamp()
               or claimed_until > clock_timestamp() + $3)
        order by message_id limit $7
      ) as oldest
    ), free as (
      select message_id from reply_request join next using (message_id)
      where claimed_until < clock_timestamp() or claimed_until > clock_timestamp() + $3
      order by place, thread_id limit $2 for update of reply_request skip locked
    ), claimed as (
      update reply_request set claimed_by = $1, claimed_until = clock_timestamp() + $3
      from free where reply_request.message_id = free.message_id
      returning reply_request.message_id, reply_request.thread_id
    ), told as (
      select notify_frame(thread_id, 0,
               frame('typing', json_build_object('thread_id', thread_id, 'role', 'assistant')))
      from (select distinct thread_id from claimed) as answered
      where $4
    )
    select id, message.thread_id, content, (select count(*) from told) as told
    from claimed join message on id = message_id order by id
"""
"""Claims the first request of each thread, then the second, and so on: `place` is their order in the thread.

A claim that lasts longer than any claim can is from before the clock was set back, and counts as free.
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
      for update skip locked
    )
    update reply_request set claimed_until = clock_timestamp() + $3
    from mine where reply_request.message_id = mine.message_id
"""
"""Renews claims. A request that is locked is being deleted with its reply: to wait for it could be a
deadlock."""

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
"""Releases all claims. The notification wakes the bots of the other servers, and means nothing to anybody
else."""

BOTS = {"random": "chinwag.bots.random:Random", "echo": "chinwag.bots.echo:Echo"}

log = structlog.get_logger(__name__)


class Bot(Protocol):
    """A bot: it answers messages. Write another in a file of its own, and name it in the setting `bot`."""

    async def reply(self, thread_id: int, content: str) -> str:
        """Return the reply to a message. This may take long."""


class Replies:
    """The replies that this server gives."""

    def __init__(self, bot: Bot, pace: float, pool: Pool, writer: Writer) -> None:
        """
        Args:
            pace: about how many seconds the bot seems to think.
        """
        self._bot = bot
        self._pace = pace
        self._pool = pool
        self._writer = writer
        self._server_id = uuid4()
        self._thinking: dict[int, asyncio.Task[None]] = {}
        self._after: int | None = None
        """The thread after which the next claim looks; None before the first one."""
        self._woken = asyncio.Event()
        self._woken.set()  # for what waits already

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Claim requests and reply inside the block. At its end, release what is claimed, so that the other
        servers reply at once."""
        steps = [
            asyncio.create_task(self._keep(self._claim, PAUSE_SECONDS)),
            asyncio.create_task(self._keep(self._renew, RENEW_SECONDS)),
        ]
        try:
            yield
        finally:
            tasks = [*steps, *self._thinking.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # If it fails, the claims run out by themselves.
            with contextlib.suppress(*FAILURES):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self._pool.execute(RELEASE, self._server_id)

    def wake(self, _payload: str = "") -> None:
        """Look for requests at once, because something was written."""
        self._woken.set()

    async def _keep(self, step: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await step()
            except FAILURES as error:
                # Any error is caught: a server that stopped trying would leave messages without replies.
                state = getattr(error, "sqlstate", None)
                log.warning("bot_waits_for_database", sqlstate=state, error=type(error).__name__)
                await asyncio.sleep(POLL_SECONDS)
            await asyncio.sleep(pause)

    async def _claim(self) -> None:
        with contextlib.suppress(TimeoutError):
            # This is not wait_for(), which can swallow a cancellation until Python 3.12.
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()
        self._woken.clear()
        if self._after is None:
            await self._pool.execute(FILL_IN_THREADS)
            self._after = 0
        room = CLAIMS - len(self._thinking)
        if not room:
            return  # each reply is notified, and that wakes this loop
        rows = await self._pool.fetch(
            CLAIM,
            self._server_id,
            room,
            timedelta(seconds=CLAIM_SECONDS),
            self._pace > 0,
            self._after,
            THREADS,
            CLAIMS_OF_THREAD,
        )
        for row in rows:
            if row["id"] not in self._thinking:  # a claim of our own that ran out is renewed
                thinking = asyncio.create_task(self._reply(row["id"], row["thread_id"], row["content"]))
                self._thinking[row["id"]] = thinking
        is_full = len(rows) == room
        if is_full or self._after:
            self._woken.set()  # there may be more after these, or before them
        self._after = max(row["thread_id"] for row in rows) if is_full else 0

    async def _renew(self) -> None:
        if self._thinking:
            ids, seconds = list(self._thinking), timedelta(seconds=CLAIM_SECONDS)
            await self._pool.execute(RENEW, self._server_id, ids, seconds)

    async def _reply(self, message_id: int, thread_id: int, content: str) -> None:
        try:
            await asyncio.sleep(self._pace * random.uniform(0.5, 1.5))
            text = await self._bot.reply(thread_id, content)
            post = Post(thread_id, text, role="assistant", reply_to=message_id)
            await self._writer.write(post)
        except NoSuchThread:
            pass  # it was deleted while the bot thought
        except TryAgain as error:
            log.warning("reply_put_off", thread=thread_id, message=message_id, code=error.code)
        except Exception as error:
            # A bot may be the user's code. After any error its claim runs out, and it is asked again.
            log.error("bot_failed", thread=thread_id, message=message_id, exc_info=error)
        finally:
            del self._thinking[message_id]


def load_bot(name: str) -> Bot | None:
    """Load the bot of the setting `bot`; None for `none`.

    Raises:
        SettingsInvalid: there is no such module or class.
    """
    if name == "none":
        return None
    module, _, cls = BOTS.get(name, name).partition(":")
    try:
        bot: Bot = getattr(importlib.import_module(module), cls)()
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsInvalid(
            f"bot: there is no {name!r}: it is random, echo, none or module:Class of your own ({error})"
        ) from None
    return bot
