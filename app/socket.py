"""One browser: what it sends is written, what is in its thread is pushed to it."""

import asyncio
import contextlib
from collections.abc import Coroutine
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog

from app import messages, wire
from app.database import FAILURES, Pool
from app.errors import BadJson, BadMessage, Refusal, ServerStopping
from app.failures import refusal_of
from app.hub import Hub
from app.outbox import CLOSED, Outbox
from app.turns import Burst
from app.wire import CloseCode
from app.writer import Post, Stored, Writer

UNSTORED_POSTS = 64
"""So many messages of one socket may wait to be stored; then it is not read until the oldest is."""

FINISH_SECONDS = 1
"""So long a server that stops waits until a browser has the frames of what it has sent."""

PONG = Burst(wire.PONG)
LIST_READY = Burst(wire.LIST_READY)

log = structlog.get_logger(__name__)


class Socket:
    """A WebSocket that has been accepted; the tasks that it starts end with it."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._tasks: list[asyncio.Task[None]] = []  # an empty set has 216 bytes, a list 56
        self._closing = False
        self._stopping = False

    def push(self, burst: Burst) -> bool:
        return self._outbox.push(burst)

    def close(self, code: CloseCode) -> None:
        """Close it soon; its handler then ends as if the browser had closed it."""
        if not self._closing:
            self._closing = True
            self._start(self._close(code))

    def receive(self, text: str | None) -> asyncio.Future[Stored] | None:
        """Take what the browser has sent. No more should come before the future, if there is one, is done."""
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
        for task in self._tasks:
            task.cancel()

    def _take(self, frame: wire.ClientFrame) -> asyncio.Future[Stored] | None:
        if frame.type != "ping":
            raise BadMessage("here only a ping is taken")
        self.push(PONG)
        return None

    def _refuse(self, error: BaseException, client_id: UUID | None = None) -> None:
        code = error.code if isinstance(error, Refusal) else Refusal.code
        log.info("refused", code=code)
        self.push(Burst(wire.error_frame(code, str(error), client_id)))

    async def _finish_and_shut_down(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._finish()
        self._outbox.finish()

    async def _finish(self) -> None:
        """Wait until the browser knows what has become of all that it has sent."""

    async def _close(self, code: CloseCode) -> None:
        with contextlib.suppress(*CLOSED):  # the browser was faster
            await self._outbox.close(code, code.name.lower())

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
        self, outbox: Outbox, thread_id: int, pool: Pool, writer: Writer, max_content: int
    ) -> None:
        super().__init__(outbox)
        self.seq = 0
        self._thread_id = thread_id
        self._pool = pool
        self._writer = writer
        self._max_content = max_content
        self._unstored: list[asyncio.Future[Stored]] = []
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

    def _take(self, frame: wire.ClientFrame) -> asyncio.Future[Stored] | None:
        if frame.type == "ping":
            return super()._take(frame)
        if frame.content is None:
            raise BadMessage("content is missing")
        try:
            messages.check_content(frame.content, self._max_content)
        except Refusal as error:
            self._refuse(error, frame.client_id)
            return None
        if self._stopping:
            self._refuse(ServerStopping(), frame.client_id)
            return None
        stored = self._writer.write(Post(self._thread_id, frame.content, frame.client_id))
        self._unstored.append(stored)
        stored.add_done_callback(partial(self._on_stored, frame.client_id))
        return self._unstored[0] if len(self._unstored) >= UNSTORED_POSTS else None

    def _on_stored(self, client_id: UUID | None, stored: asyncio.Future[Stored]) -> None:
        self._unstored.remove(stored)
        if stored.cancelled():
            return
        if error := stored.exception():
            self._refuse(error, client_id)
        elif (message := stored.result()).new:
            self._stored_seq = max(message.seq, self._stored_seq)
        else:
            # Nobody is notified of a repeat, but its sender waits for the frame.
            self._start(self._push_again(message.seq))

    async def _finish(self) -> None:
        if self._unstored:
            await asyncio.wait(self._unstored)
        while others := [task for task in self._tasks if task is not asyncio.current_task()]:
            await asyncio.wait(others)
        # The frames come as always. Only here are they waited for: not worth an event for each of them.
        while self._room.held_by(self) < self._stored_seq:  # noqa: ASYNC110
            await asyncio.sleep(FINISH_SECONDS / 50)
        self._room.push()

    async def _push_again(self, seq: int) -> None:
        for _, text in (await messages.replay(self._pool, self._thread_id, seq - 1))[:1]:
            self.push(Burst(text))


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
