"""Replies: every message of a user gets exactly one stored reply, whatever number of servers runs a bot.

A server claims requests for replies with a lease (chinwag.bots.requests) and renews the lease while its bot
thinks. A stored reply deletes its request, and a second reply to the same message is dropped. Without a
server that runs a bot, requests wait. A bot that fails is asked again when the lease has ended, without end.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from chinwag.bots.bot import Bot
from chinwag.bots.conversation import StoredConversation
from chinwag.bots.pieces import pieces_of
from chinwag.bots.requests import CLAIMS, ReplyRequests
from chinwag.chat.store import Post
from chinwag.chat.writer import Writer
from chinwag.db.pool import FAILURES, Pool
from chinwag.errors import NoSuchThread, TryAgain

RENEW_SECONDS = 1.5
RELEASE_SECONDS = 0.5
POLL_SECONDS = 2.0
"""The time between two looks for requests that dead servers had claimed. A new request wakes the bot at
once."""

PAUSE_SECONDS = 0.05
"""The shortest time between two claims, so that a burst of messages is claimed in one statement."""

log = structlog.get_logger(__name__)


class Replies:
    """The replies that this server gives."""

    def __init__(
        self,
        bot: Bot,
        find_account: Callable[[], Awaitable[int]],
        pace: float,
        pool: Pool,
        writer: Writer,
    ) -> None:
        """
        Args:
            find_account: returns the id of the account of the bot.
            pace: about how many seconds the bot seems to think.
        """
        self._bot = bot
        self._find_account = find_account
        self._account_id: int | None = None
        self._pace = pace
        self._pool = pool
        self._requests = ReplyRequests(pool)
        self._writer = writer
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
            # If it fails, the leases end by themselves.
            with contextlib.suppress(*FAILURES):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self._requests.release()

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
        if self._account_id is None:
            self._account_id = await self._find_account()
        if self._after is None:
            await self._requests.fill_in_threads()
            self._after = 0
        room = CLAIMS - len(self._thinking)
        if not room:
            return  # each reply is notified, and that wakes this loop
        rows = await self._requests.claim(
            room, bot=self._account_id, after=self._after, tells_typing=self._pace > 0
        )
        for row in rows:
            if row["id"] not in self._thinking:  # a lease of our own that has ended is renewed
                thinking = asyncio.create_task(self._reply(row["id"], row["thread_id"], row["content"]))
                self._thinking[row["id"]] = thinking
        is_full = len(rows) == room
        if is_full or self._after:
            self._woken.set()  # there may be more after these, or before them
        self._after = max(row["thread_id"] for row in rows) if is_full else 0

    async def _renew(self) -> None:
        if self._thinking:
            await self._requests.renew(list(self._thinking))

    async def _reply(self, message_id: int, thread_id: int, content: str) -> None:
        try:
            assert self._account_id is not None
            conversation = StoredConversation(
                self._pool, self._account_id, thread_id=thread_id, message_id=message_id, content=content
            )
            text = "".join([piece async for piece in pieces_of(self._bot, conversation)])
            post = Post(thread_id, self._account_id, text, role="assistant", reply_to=message_id)
            await self._writer.write(post)
        except NoSuchThread:
            pass  # it was deleted while the bot thought
        except TryAgain as error:
            log.warning("reply_put_off", thread=thread_id, message=message_id, code=error.code)
        except Exception as error:
            # A bot may be the user's code. After any error the lease ends, and the bot is asked again.
            log.error("bot_failed", thread=thread_id, message=message_id, exc_info=error)
        finally:
            del self._thinking[message_id]
