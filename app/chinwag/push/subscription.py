"""One browser: what it sends is written, what is in its thread is pushed to it."""

import asyncio
import contextlib
from collections.abc import Coroutine
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from chinwag import wire
from chinwag.chat import messages
from chinwag.chat.writer import Post, Stored, Writer
from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES, Pool
from chinwag.errors import BadJson, BadMessage, Refusal, ServerStopping, TooManyRequests
from chinwag.push.connection import CLOSED, Outbox
from chinwag.push.hub import Hub
from chinwag.push.pacing import Burst
from chinwag.push.rate_limit import RateLimit
from chinwag.wire import CloseCode

UNANSWERED_POSTS = 64
"""So many messages of one socket may wait to be answered; then it is not read until one is."""

FINISH_SECONDS = 1
"""So long a server that stops waits until a browser has the frames of what it has sent."""

PONG = Burst(wire.PONG)
LIST_READY = Burst(wire.LIST_READY)

log = structlog.get_logger(__name__)


class Limits(NamedTuple):
    """The rate limits of the sockets of this process, each with the socket as its key."""

    posts: RateLimit
    refusals: RateLimit


class Socket:
    """A WebSocket that has been accepted; the tasks that it starts end with it."""

    def __init__(self, outbox: Outbox, limits: Limits) -> None:
        self._outbox = outbox
        self._limits = limits
        self._tasks: list[asyncio.Task[None]] = []  # an empty set has 216 bytes, a list 56
        self._closing = False
        self._stopping = False

    def push(self, burst: Burst) -> bool:
        return self._outbox.push(burst)

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Close it soon; its handler then ends as if the browser had closed it."""
        if not self._closing:
            self._closing = True
            self._start(self._close(code, reason))

    def receive(self, text: str | None) -> asyncio.Future[None] | None:
        """Take what the browser has sent. No more should come before the future, if there is one, is done."""
        if self._closing:
            return None
        try:
            if text is None:
                raise BadMessage("this is a binary frame; JSON text is taken")
            return self._take(wire.decode_client_frame(text))
        except msgspec.ValidationError as error:
            self._refuse(BadMessage(str(error)))
        except (msgspec.DecodeError, UnicodeError) as error:
            self._refuse(BadJson(f"this is not valid JSON: {error}"))
        except Refusal as error:
            self._refuse(error)
        except Exception as error:
            self._fail(error)
        return None

    def stop(self) -> None:
        """The server stops: finish, and close it with 1012."""
        self._stopping = True
        self._start(self._finish_and_shut_down())

    def left(self) -> None:
        """It is closed."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        for limit in self._limits:
            limit.forget(self)

    def _take(self, frame: wire.ClientFrame) -> asyncio.Future[None] | None:
        if frame.type != "ping":
            raise BadMessage("here only a ping is taken")
        self.push(PONG)
        return None

    def _refuse(self, error: BaseException, client_id: UUID | None = None) -> None:
        code = error.code if isinstance(error, Refusal) else Refusal.code
        log.info("refused", code=code)
        self.push(Burst(wire.error_frame(code, str(error), client_id)))
        is_our_fault = not isinstance(error, Refusal) or error.status >= 500
        if not (self._closing or is_our_fault or self._limits.refusals.take(self)):
            self.close(CloseCode.POLICY_VIOLATION, "too many of the frames were refused")

    async def _finish_and_shut_down(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._finish()
        self._outbox.finish()

    async def _finish(self) -> None:
        """Wait until the browser knows what has become of all that it has sent."""

    async def _close(self, code: CloseCode, reason: str = "") -> None:
        with contextlib.suppress(*CLOSED):  # the browser was faster
            await self._outbox.close(code, reason or code.name.lower())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.remove(task)
        if not task.cancelled() and (error := task.exception()):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, FAILURES):
            refusal_of(error)  # says it in the log
            self.close(CloseCode.DATABASE_UNAVAILABLE)
        else:
            log.error("socket_failed", error=type(error).__name__, exc_info=error)
            self.close(CloseCode.INTERNAL_ERROR)


class ThreadSocket(Socket):
    """A reader of one thread, who writes to it too."""

    def __init__(
        self, outbox: Outbox, limits: Limits, thread_id: int, pool: Pool, writer: Writer, max_content: int
    ) -> None:
        super().__init__(outbox, limits)
        self.seq = 0
        self._thread_id = thread_id
        self._pool = pool
        self._writer = writer
        self._max_content = max_content
        self._unanswered = 0
        self._has_room: asyncio.Future[None] | None = None
        self._repeats: list[int] = []
        self._stored_seq = 0

    async def serve(self, hub: Hub, after: int | None, joins: asyncio.Semaphore) -> None:
        """Replay what comes after `after` (None: only what is new), then push what arrives."""
        # Registered first, read after: no message falls between.
        self._hub, self._room = hub, hub.join(self._thread_id, self)
        try:
            await self._begin(after, joins)
        except FAILURES as error:
            refusal_of(error, thread=self._thread_id)  # says it in the log
            await self._close(CloseCode.DATABASE_UNAVAILABLE)
        except BaseException:
            self.left()
            raise
        await self._outbox.serve(self)

    def catch_up(self) -> None:
        self._start(self._follow())

    def left(self) -> None:
        super().left()
        self._hub.leave(self._room, self)

    async def _begin(self, after: int | None, joins: asyncio.Semaphore) -> None:
        last_seq = self._room.end
        if last_seq is None or (after or 0) > last_seq:
            # All the browsers that a server has lost join at once. They wait here and not for the pool,
            # where everybody's sends would wait behind them.
            async with joins:
                if self._outbox.is_gone():
                    return None  # or a server that is behind would work only for those who gave up
                # Known before anything is received: so what this browser writes comes after it, and back.
                last_seq = await messages.last_seq(self._pool, self._thread_id)
        if last_seq is None:
            return await self._close(CloseCode.NO_SUCH_THREAD)
        self.seq = last_seq if after is None else min(after, last_seq)
        if self.seq == last_seq and self._room.settle(self):
            self._say_ready()  # at once: then it leaves together with the answer to the handshake
        else:
            self._start(self._join(last_seq))

    async def _join(self, last_seq: int) -> None:
        while self.seq < last_seq and await self._read_page():
            pass
        if not self._room.settle(self):
            await self._follow()
        self._say_ready()

    def _say_ready(self) -> None:
        self.push(Burst(wire.ready_frame(self._thread_id, max(self.seq, self._room.seq))))

    async def _follow(self) -> None:
        """Read the table from what we hold to its end, as fast as the browser takes it; then go live."""
        while True:
            room_seq = self._room.seq
            if await self._read_page():
                continue
            if self._room.settle(self):
                return
            if room_seq > self.seq and (repair := self._room.repair(in_doubt=True)):
                # The others hold more than the table had afterwards.
                await asyncio.wait({repair})

    async def _read_page(self) -> bool:
        """Pass on what follows in the table. False: nothing does."""
        await self._outbox.drained()
        page = await messages.replay(self._pool, self._thread_id, self.seq)
        if page:
            self.push(Burst(*(text for _, text in page)))
            self.seq = page[-1][0]
        return bool(page)

    def _take(self, frame: wire.ClientFrame) -> asyncio.Future[None] | None:
        if frame.type == "ping":
            return super()._take(frame)
        if frame.content is None:
            raise BadMessage("content is missing")
        try:
            self._check(frame.content)
        except Refusal as error:
            self._refuse(error, frame.client_id)
            return None
        self._unanswered += 1
        stored = self._writer.write(Post(self._thread_id, frame.content, frame.client_id))
        stored.add_done_callback(partial(self._on_stored, frame.client_id))
        if self._unanswered >= UNANSWERED_POSTS:
            self._has_room = asyncio.get_running_loop().create_future()
        return self._has_room

    def _check(self, content: str) -> None:
        messages.check_content(content, self._max_content)
        if self._stopping:
            raise ServerStopping()
        if not self._limits.posts.take(self):
            raise TooManyRequests()

    def _on_stored(self, client_id: UUID | None, stored: asyncio.Future[Stored]) -> None:
        if stored.cancelled():
            return
        if error := stored.exception():
            self._refuse(error, client_id)
        elif (message := stored.result()).new:
            self._stored_seq = max(message.seq, self._stored_seq)
        elif not self._closing and message.seq not in self._repeats:
            # Nobody is notified of a repeat, but its sender waits for the frame.
            self._repeats.append(message.seq)
            if len(self._repeats) == 1:
                self._start(self._answer_repeats())
            return
        self._answered()

    async def _answer_repeats(self) -> None:
        """Push again what was sent again, one after the other: many queries at once would leave nobody else a
        database connection."""
        while self._repeats:
            await self._outbox.drained()
            if frame := await messages.frame(self._pool, self._thread_id, self._repeats[0]):
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
        # Only here are the frames waited for, which come as always: not worth an event for each of them.
        while self._unanswered or self._room.held_by(self) < self._stored_seq:  # noqa: ASYNC110
            await asyncio.sleep(FINISH_SECONDS / 50)
        self._room.push()


class ListSocket(Socket):
    """A subscriber to the list of threads."""

    async def serve(self, hub: Hub) -> None:
        """Push the events of the list from now on."""
        self._hub = hub
        self._join()
        await self._outbox.serve(self)

    def catch_up(self) -> None:
        """Events were left out: when there is room again, the browser is told to read the list anew."""
        self._start(self._rejoin())

    def left(self) -> None:
        super().left()
        self._hub.leave_list(self)

    async def _rejoin(self) -> None:
        await self._outbox.drained()
        self._join()

    def _join(self) -> None:
        self._hub.join_list(self)
        self.push(LIST_READY)
