"""Replies: every message that asks for one gets exactly one, whatever number of servers has bots.

A server claims requests for replies with a lease (chinwag.bots.requests) and renews the lease while its bot
writes (chinwag.bots.reply). A stored reply deletes its request, and a second reply to the same message is
dropped. Without a server that has the bot, requests wait. Where a bot has failed, the request is parked until
a person asks again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import UUID

import structlog

from chinwag.bots.bot import Bot
from chinwag.bots.conversation import StoredConversation
from chinwag.bots.draft import Draft
from chinwag.bots.draft_table import DraftTable
from chinwag.bots.reply import Reply
from chinwag.bots.requests import CLAIMS, Claim, ReplyRequests
from chinwag.bots.teller import DraftTeller
from chinwag.bots.titles import give_title
from chinwag.chat.writer import Writer
from chinwag.db.pool import FAILURES, Pool
from chinwag.draft_frames import draft_order
from chinwag.frames import WAKE_BOTS

RENEW_SECONDS = 1.0
RELEASE_SECONDS = 0.5
POLL_SECONDS = 0.75
"""The time between two looks for requests that dead servers had claimed. A new request wakes the bots at
once, and so does the end of a reply. With the time of a lease it is less than 5 s, after which another server
has taken over."""

RETRY_SECONDS = 2.0

PAUSE_SECONDS = 0.05
"""The shortest time between two claims, so that a burst of messages is claimed in one statement."""

CLEAN_UP_SECONDS = 60.0
"""The time between two deletions of drafts that belong to no request: their requests were withdrawn while
they were saved."""

MOST_CRASHES = 5
"""After so many servers have died while they wrote a reply, it is taken for the reason."""

log = structlog.get_logger(__name__)


class OwnBot(NamedTuple):
    """A bot of this server. `find_account` returns the id of its account."""

    bot: Bot
    find_account: Callable[[], Awaitable[int]]


class Replies:
    """The replies that this server gives."""

    def __init__(
        self,
        bots: list[OwnBot],
        pool: Pool,
        writer: Writer,
        server_id: UUID,
        *,
        most_characters: int,
        tells_typing: bool = True,
        are_woken_early: bool = False,
    ) -> None:
        """
        Args:
            bots: at least one; the first one is the default.
            writer: has the same `server_id`, so that it may store these replies.
            most_characters: the length of a reply at most.
            tells_typing: notify that a bot is typing when it begins.
            are_woken_early: a relay may wake bots before they can see the request: they look twice.
        """
        self._own = bots
        self._bots: Mapping[int, Bot] = {}
        self._pool = pool
        self._most_characters = most_characters
        self._tells_typing = tells_typing
        self._are_woken_early = are_woken_early
        self._looks_again = False
        self._requests = ReplyRequests(pool, server_id)
        self._table = DraftTable(pool, server_id)
        self._teller = DraftTeller(self._table)
        self._writer = writer
        self._replies: dict[int, Reply] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._after: int | None = None
        """The thread after which the next claim looks; None before the first one."""
        self._cleans_up_at = 0.0
        self._woken = asyncio.Event()
        self._woken.set()  # for what waits already

    @property
    def under_way(self) -> int:
        """The number of replies that are being given."""
        return len(self._replies)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Claim requests and reply inside the block. At its end, release what is claimed, so that the other
        servers reply at once."""
        async with contextlib.AsyncExitStack() as bots:
            for bot, _ in self._own:
                if isinstance(bot, contextlib.AbstractAsyncContextManager):
                    await bots.enter_async_context(bot)
            steps = [
                asyncio.create_task(self._keep(self._claim, PAUSE_SECONDS)),
                asyncio.create_task(self._keep(self._renew, RENEW_SECONDS)),
                asyncio.create_task(self._teller.run()),
            ]
            try:
                yield
            finally:
                tasks = [*steps, *self._tasks]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                # If it fails, the leases end by themselves.
                with contextlib.suppress(*FAILURES):
                    async with asyncio.timeout(RELEASE_SECONDS):
                        await self._requests.release()

    def receive(self, payload: str) -> None:
        """Take a notification: there is a request, or a draft is to be stopped, or told as a whole."""
        if payload == WAKE_BOTS:
            self._woken.set()
        elif (asked := draft_order(payload)) and (reply := self._replies.get(asked.reply_to)):
            if asked.stops:
                reply.draft.stop()
            else:
                reply.draft.is_told = False
                self._teller.wake()

    async def _keep(self, step: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await step()
            except FAILURES as error:
                state = getattr(error, "sqlstate", None)
                log.warning("bot_waits_for_database", sqlstate=state, error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                # A server that stopped trying would leave messages without replies.
                log.error("replies_failed", exc_info=error)
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(pause)

    async def _claim(self) -> None:
        with contextlib.suppress(TimeoutError):
            # This is not wait_for(), which can swallow a cancellation until Python 3.12.
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()
        is_first_look = self._woken.is_set() and not self._looks_again
        self._woken.clear()
        if self._after is None:
            self._bots = {await own.find_account(): own.bot for own in self._own}
            await self._requests.fill_in_threads()
            self._after = 0
        room = CLAIMS - len(self._replies)
        if not room:
            return  # the end of each reply wakes this loop
        claims = await self._requests.claim(
            room, bots=list(self._bots), after=self._after, tells_typing=self._tells_typing
        )
        for claim in claims:
            reply = self._replies.get(claim.id)
            if reply is not None and reply.may_go_on_for(claim.replaces):
                reply.draft.begin_again(claim.attempt, claim.ordinal)  # our own lease had ended
            else:
                self._start(claim)
        is_full = len(claims) == room
        if is_full or self._after:
            self._woken.set()  # there may be more after these, or before them
        self._after = max(claim.thread_id for claim in claims) if is_full else 0
        self._looks_again = self._are_woken_early and is_first_look and not claims
        if self._looks_again:
            self._woken.set()

    async def _renew(self) -> None:
        if _now() >= self._cleans_up_at:
            self._cleans_up_at = _now() + CLEAN_UP_SECONDS
            await self._table.clean_up()
        if not self._replies:
            return
        lost, stopped = await self._requests.renew(list(self._replies))
        for message_id in lost:
            if reply := self._replies.get(message_id):
                reply.draft.lose()
        for message_id in stopped:  # in case that the notification was lost
            if reply := self._replies.get(message_id):
                reply.draft.stop()

    def _start(self, claim: Claim) -> None:
        if former := self._replies.get(claim.id):
            former.draft.lose()
        reply = Reply(
            Draft(claim.id, claim.thread_id, claim.bot, claim.attempt, claim.ordinal),
            replaces=claim.replaces,
            table=self._table,
            teller=self._teller,
            writer=self._writer,
            most_characters=self._most_characters,
        )
        self._replies[claim.id] = reply
        self._keep_task(asyncio.create_task(self._give(reply, claim)))

    def _keep_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _give(self, reply: Reply, claim: Claim) -> None:
        try:
            if claim.stop:
                await reply.store_stopped(claim.written or "")
            elif claim.crashes >= MOST_CRASHES:
                await reply.park("bot_keeps_crashing")
            elif not claim.may_answer:
                await reply.park("bot_unavailable")
            else:
                conversation = StoredConversation(
                    self._pool,
                    claim.bot,
                    thread_id=claim.thread_id,
                    message_id=claim.id,
                    content=claim.content,
                )
                await reply.give(self._bots[claim.bot], conversation)
                if claim.seq == 1 and reply.is_stored:
                    titling = give_title(self._pool, self._bots[claim.bot], conversation)
                    self._keep_task(asyncio.create_task(titling))
        except Exception as error:
            # It is not tried again: a person may ask again.
            log.error("reply_failed", message=claim.id, exc_info=error)
            await reply.park("bot_failed")
        finally:
            if self._replies.get(claim.id) is reply:
                del self._replies[claim.id]
            self._woken.set()  # there is room for another one


def _now() -> float:
    return asyncio.get_running_loop().time()
