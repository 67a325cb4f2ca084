"""A subscription to a thread: what is stored in it is pushed, and what the browser sends is stored."""

import asyncio
from functools import partial
from uuid import UUID

from chinwag import frames, wire
from chinwag.chat.accounts import SignedIn
from chinwag.chat.messages import Messages, check_content
from chinwag.chat.store import Post, Stored
from chinwag.chat.threads import Threads
from chinwag.chat.writer import Writer
from chinwag.counts import FRAMES_PUSHED, SOCKETS_OPENED
from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES
from chinwag.errors import BadMessage, Refusal, ServerStopping, TooManyRequests
from chinwag.push.burst import Burst
from chinwag.push.connection import Connection
from chinwag.push.hub import Hub
from chinwag.push.rate_limit import account_key
from chinwag.push.sign_outs import SignOuts
from chinwag.push.subscription import FINISH_SECONDS, RateLimits, Subscription
from chinwag.wire import CloseCode

UNANSWERED_POSTS = 64
"""The most messages of one subscription that wait to be answered. Then no more is received until one is
answered."""

DRAFTS_SECONDS = 0.2
"""The least time between two times that a browser is told the whole texts of all drafts because it asks."""

TYPING_SECONDS = 2.0
"""How often it is told that somebody is typing."""


class ThreadSubscription(Subscription):
    """What one browser hears of a thread, and writes to it.

    Attributes:
        seq: as in chinwag.push.any_subscription.AnyThreadSubscription.
    """

    def __init__(
        self,
        connection: Connection,
        limits: RateLimits,
        who: SignedIn,
        sign_outs: SignOuts,
        thread_id: int,
        *,
        hub: Hub,
        threads: Threads,
        messages: Messages,
        writer: Writer,
        max_content: int,
    ) -> None:
        """Join the room of the thread. The subscription leaves it at the end of `serve`, so it must be
        served."""
        super().__init__(connection, limits, who, sign_outs)
        SOCKETS_OPENED.add("thread")
        self.seq = 0
        self._thread_id = thread_id
        self._hub = hub
        self._threads = threads
        self._messages = messages
        self._writer = writer
        self._max_content = max_content
        self._unanswered = 0
        self._has_room: asyncio.Future[None] | None = None
        self._repeats: list[int] = []
        self._stored_seq = 0
        self._typing_told = -TYPING_SECONDS
        self._drafts_told = -DRAFTS_SECONDS
        # It joins before it reads the table, so that no message falls between.
        self._room = hub.join(thread_id, self)

    async def serve(self, after: int | None, joins: asyncio.Semaphore) -> None:
        """Replay what comes after `after` (None: only what is new), then push what arrives.

        Args:
            joins: how many subscriptions of the process may read the database at the same time as they
                begin.
        """
        try:
            await self._begin(after, joins)
        except FAILURES as error:
            refusal_of(error, thread=self._thread_id)  # says it in the log
            await self._close(CloseCode.DATABASE_UNAVAILABLE)
        except BaseException:
            self.left()
            raise
        await self._connection.serve(self)

    def catch_up(self) -> None:
        """Read the table from what the browser holds, and go live again."""
        self._start(self._catch_up())

    async def _catch_up(self) -> None:
        await self._follow()
        if ends := self._room.drafts.ends():  # it may not have heard of them
            self.push(Burst(*ends))

    def left(self) -> None:
        super().left()
        self._hub.leave(self._room, self)

    async def _begin(self, after: int | None, joins: asyncio.Semaphore) -> None:
        last_seq = self._room.end_for(self.account_id)
        if last_seq is None or (after or 0) > last_seq:
            # All the browsers that another server has lost join at once. They wait here and not for the pool,
            # where all messages to be stored would wait behind them.
            async with joins:
                if self._connection.is_gone():
                    return None  # otherwise an overloaded server would do queries for browsers that have left
                # It is read before any frame is handled, so that this browser's own messages have higher
                # numbers and are pushed to it.
                last_seq = await self._threads.last_seq(self._thread_id, self.account_id)
        if last_seq is None:
            return await self._close(CloseCode.NO_SUCH_THREAD)
        self.seq = last_seq if after is None else min(after, last_seq)
        if self.seq == last_seq and self._room.drafts.are_known and self._room.go_live(self):
            self._say_ready()  # at once, so that it leaves together with the answer to the handshake
        else:
            self._start(self._join(last_seq))

    async def _join(self, last_seq: int) -> None:
        while self.seq < last_seq and await self._read_page():
            pass
        if not self._room.go_live(self):
            await self._follow()
        await self._room.drafts.known()
        self._room.push()
        self._say_ready()

    def _say_ready(self) -> None:
        self.push(Burst(frames.ready_frame(self._thread_id, max(self.seq, self._room.seq))))

    async def _follow(self) -> None:
        """Read the table to its end, as fast as the browser takes it, and then go live."""
        while True:
            room_seq = self._room.seq
            if await self._read_page():
                continue
            if self._room.go_live(self):
                return
            if room_seq > self.seq and (repair := self._room.repair(in_doubt=True)):
                # The live subscriptions hold more than the table had.
                await asyncio.wait({repair})

    async def _read_page(self) -> bool:
        """Push the next page of the table. False: there is none.

        Raises:
            NoSuchThread: the account does not see the thread (any more).
        """
        await self._connection.drained()
        page = await self._messages.replay(self._thread_id, self.seq, self.account_id)
        if page:
            FRAMES_PUSHED.add("table", number=len(page))
            self.push(Burst(*(text for _, text in page)))
            self.seq = page[-1][0]
        return bool(page)

    def _take(self, frame: wire.ClientFrame) -> asyncio.Future[None] | None:
        if frame.type == "ping":
            return super()._take(frame)
        if frame.type == "typing":
            self._tell_typing()
            return None
        if frame.type == "drafts":
            self._tell_drafts()
            return None
        if frame.content is None:
            raise BadMessage("content is missing")
        try:
            self._check(frame.content)
        except Refusal as error:
            self._refuse(error, frame.client_id)
            return None
        self._unanswered += 1
        post = Post(
            self._thread_id,
            self.account_id,
            frame.content,
            frame.client_id,
            replaces=frame.replaces,
            way="websocket",
        )
        stored = self._writer.write(post)
        stored.add_done_callback(partial(self._on_stored, frame.client_id))
        if self._unanswered >= UNANSWERED_POSTS:
            self._has_room = asyncio.get_running_loop().create_future()
        return self._has_room

    def _tell_typing(self) -> None:
        """Tell the others that somebody is typing here. Nobody misses it if it is told too seldom."""
        now = asyncio.get_running_loop().time()
        if now >= self._typing_told + TYPING_SECONDS and not self._stopping:
            self._typing_told = now
            self._start(self._messages.tell_typing(self._thread_id, self.account_id))

    def _tell_drafts(self) -> None:
        """Push the whole texts of all drafts, because the browser lacks something."""
        now = asyncio.get_running_loop().time()
        if now >= self._drafts_told + DRAFTS_SECONDS:
            self._drafts_told = now
            self._room.tell_drafts_to(self)

    def _check(self, content: str) -> None:
        check_content(content, self._max_content)
        if self._stopping:
            raise ServerStopping()
        if not self._limits.posts.take(account_key(self._who) or self):
            raise TooManyRequests()

    def _on_stored(self, client_id: UUID | None, stored: asyncio.Future[Stored]) -> None:
        if stored.cancelled():
            return
        if error := stored.exception():
            self._refuse(error, client_id)
        elif (message := stored.result()).new:
            self._stored_seq = max(message.seq, self._stored_seq)
        elif not self._closing and message.seq not in self._repeats:
            # A repeat is not notified, but its sender waits for the frame.
            self._repeats.append(message.seq)
            if len(self._repeats) == 1:
                self._start(self._answer_repeats())
            return
        self._answered()

    async def _answer_repeats(self) -> None:
        """Push again the messages that were sent again, one after the other: many queries at once would
        leave nobody else a database connection."""
        while self._repeats:
            await self._connection.drained()
            if frame := await self._messages.frame(self._thread_id, self._repeats[0]):
                self.push(Burst(frame))
            del self._repeats[0]
            self._answered()

    def _answered(self) -> None:
        self._unanswered -= 1
        if self._has_room:
            has_room, self._has_room = self._has_room, None
            if not has_room.done():
                has_room.set_result(None)

    async def _finish(self) -> None:
        # Polling is enough, because this runs only when the server stops.
        while self._unanswered or self._room.held_by(self) < self._stored_seq:  # noqa: ASYNC110
            await asyncio.sleep(FINISH_SECONDS / 50)
        self._room.push()
