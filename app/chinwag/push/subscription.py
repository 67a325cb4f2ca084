"""Subscriptions: what a browser hears over its WebSocket, and what it may write."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from chinwag import frames, wire
from chinwag.chat.accounts import SignedIn
from chinwag.counts import REFUSALS, SOCKETS_CLOSED, SOCKETS_OPENED
from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES
from chinwag.errors import BadJson, BadMessage, NoSuchThread, Refusal
from chinwag.push.burst import Burst
from chinwag.push.connection import CLOSED, Connection
from chinwag.push.hub import Hub
from chinwag.push.rate_limit import RateLimit
from chinwag.push.sign_outs import SignOuts
from chinwag.wire import CloseCode

FINISH_SECONDS = 1
"""How long a server that stops waits until a browser has the frames of the messages that it has sent."""

PONG = Burst(frames.PONG)

log = structlog.get_logger(__name__)


class RateLimits(NamedTuple):
    """The rate limits of the subscriptions of this process.

    Attributes:
        posts: the messages of an account, or of a subscription where everybody is the same account.
        refusals: the refused frames of a subscription.
    """

    posts: RateLimit
    refusals: RateLimit


class Subscription:
    """What one browser hears over an accepted WebSocket, and may write. The tasks that it starts end with
    it."""

    def __init__(
        self, connection: Connection, limits: RateLimits, who: SignedIn, sign_outs: SignOuts
    ) -> None:
        """Begin to follow sign-outs. It must be served, so that this ends with it."""
        self._connection = connection
        self._who = who
        self._sign_outs = sign_outs
        self._limits = limits
        self._tasks: list[asyncio.Task[None]] = []  # an empty set has 216 bytes, a list 56
        self._closing = False
        self._stopping = False
        sign_outs.join(who, self)

    @property
    def account_id(self) -> int:
        """The account for which it hears, and in whose name it writes."""
        return self._who.account_id

    def push(self, burst: Burst) -> bool:
        return self._connection.push(burst)

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Close the connection soon. Then `left` is called, as if the browser had closed it."""
        if not self._closing:
            self._closing = True
            self._start(self._close(code, reason))

    def receive(self, text: str | None) -> asyncio.Future[None] | None:
        """Take what the browser has sent. If a future is returned, no more should be received until it is
        done."""
        if self._closing:
            return None
        try:
            if text is None:
                raise BadMessage("this is a binary frame; JSON text is taken")
            return self._take(frames.decode_client_frame(text))
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
        """Finish, and close the connection with 1012, because the server stops."""
        self._stopping = True
        self._start(self._finish_and_shut_down())

    def left(self) -> None:
        """Clean up, because the connection is closed."""
        self._closing = True
        self._sign_outs.leave(self._who, self)
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
        REFUSALS.add(code, "websocket")
        self.push(Burst(frames.error_frame(code, str(error), client_id)))
        is_our_fault = not isinstance(error, Refusal) or error.status >= 500
        if not (self._closing or is_our_fault or self._limits.refusals.take(self)):
            self.close(CloseCode.POLICY_VIOLATION, "too many of the frames were refused")

    async def _finish_and_shut_down(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._finish()
        self._connection.finish()

    async def _finish(self) -> None:
        """Wait until the browser has been told of all that it has sent."""

    async def _close(self, code: CloseCode, reason: str = "") -> None:
        SOCKETS_CLOSED.add(str(code.value))
        with contextlib.suppress(*CLOSED):  # the browser was faster
            await self._connection.close(code, reason or code.name.lower())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.remove(task)
        if not task.cancelled() and (error := task.exception()):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, NoSuchThread):
            self.close(CloseCode.NO_SUCH_THREAD)
        elif isinstance(error, FAILURES):
            refusal_of(error)  # it writes the log, too
            self.close(CloseCode.DATABASE_UNAVAILABLE)
        else:
            log.error("socket_failed", error=type(error).__name__, exc_info=error)
            self.close(CloseCode.INTERNAL_ERROR)


class ListSubscription(Subscription):
    """A subscription to the list of threads."""

    def __init__(
        self, connection: Connection, limits: RateLimits, who: SignedIn, sign_outs: SignOuts, hub: Hub
    ) -> None:
        super().__init__(connection, limits, who, sign_outs)
        SOCKETS_OPENED.add("list")
        self._hub = hub

    async def serve(self) -> None:
        """Push the events of the list from now on."""
        self._join()
        await self._connection.serve(self)

    def catch_up(self) -> None:
        """Tell the browser to read the list anew, as soon as there is room, because events were left out."""
        self._start(self._rejoin())

    def left(self) -> None:
        super().left()
        self._hub.leave_list(self)

    async def _rejoin(self) -> None:
        await self._connection.drained()
        self._join()

    def _join(self) -> None:
        self._hub.join_list(self)
        self.push(Burst(frames.LIST_READY, self._hub.presence.frame))
