"""What this process hears, over all ways: events from the primary, messages from there or through a relay.

Where relays are used, the primary may notify messages, too, or leave that to the relays alone
(`chinwag relay only`). A server that hears no relay then is deaf: it is not ready, says why, and tells its
browsers. While the primary notifies messages itself, a silent relay harms nobody.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from chinwag import frames
from chinwag.push.listener import START_SECONDS, Listener
from chinwag.push.relay_listener import RelayListener
from chinwag.wire import HealthCode

SWITCHED = "0 0 " + frames.RELAY_ONLY.decode()
"""The beginning of the notification that the primary notifies messages again, or does not any more."""

RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)


class Hearing:
    """The listeners of this process as one.

    Attributes:
        ready: whether it hears everything, and what was missed before is repaired.
    """

    def __init__(
        self,
        *,
        needs_relay: bool,
        are_relays_alone: Callable[[], Awaitable[bool]],
        on_loss: Callable[[], None],
        repair: Callable[[], Awaitable[None]],
    ) -> None:
        """
        Args:
            needs_relay: whether a relay must be heard even if the primary notifies messages, too.
            are_relays_alone: asks the database whether relays alone notify messages.
            on_loss: is called when messages are not heard any more.
            repair: reads what was missed.
        """
        self.ready = False
        self._needs_relay = needs_relay
        self._ask = are_relays_alone
        self._on_loss = on_loss
        self._repair = repair
        self._primary: Listener | None = None
        self._relay: RelayListener | None = None
        self._hears_primary = False
        self._relays_are_alone = False
        self._is_missing = False
        """Whether something was missed since the last repair began."""
        self._updating = asyncio.Lock()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self, primary: Listener, relay: RelayListener | None) -> AsyncIterator[None]:
        """Listen inside the block, which begins when all is heard, or a little later if it is not."""
        self._primary, self._relay = primary, relay
        until = asyncio.get_running_loop().time() + START_SECONDS
        async with contextlib.AsyncExitStack() as listeners:
            if relay is not None:
                await listeners.enter_async_context(relay.running())
            await listeners.enter_async_context(primary.running())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    while not self.ready:
                        self._changed.clear()
                        await self._changed.wait()
            if not self.ready:
                log.error("server_is_deaf", reason=self.trouble)
                self._on_loss()
            try:
                yield
            finally:
                self.ready = False
                for task in self._tasks:
                    task.cancel()

    @property
    def trouble(self) -> HealthCode | None:
        """Why this server is not ready; None if it is."""
        if self.ready:
            return None
        if not self._hears_primary:
            return (self._primary and self._primary.trouble) or HealthCode.DATABASE_UNAVAILABLE
        if not self._needs_messages_of_relay() or (self._relay is not None and self._relay.ready):
            return HealthCode.REPAIRING
        return HealthCode.NO_RELAY if self._relay is None else HealthCode.RELAY_SILENT

    def receive(self, payload: str) -> None:
        """Take a notification of the primary: anybody may have sent it, so the table is asked."""
        if payload.startswith(SWITCHED):
            self._start(self._learn())

    def lose_primary(self) -> None:
        """Learn that the primary is not heard any more."""
        self._hears_primary = False
        self._lose()

    async def hear_primary(self) -> None:
        """Learn that the primary is heard again. What was notified meanwhile is missing."""
        self._is_missing = True
        await self._learn()
        self._hears_primary = True
        await self._update()

    def lose_relay(self) -> None:
        """Learn that the relay is not heard any more."""
        self._lose()

    async def hear_relay(self) -> None:
        """Learn that a relay is heard. Where it was needed, what it has notified meanwhile is missing."""
        await self._update()

    def miss(self) -> None:
        """Learn that the relay has missed something."""
        log.warning("relay_has_missed_messages")
        self._is_missing = True
        self._start(self._update())

    def _needs_messages_of_relay(self) -> bool:
        return self._relays_are_alone or self._needs_relay

    def _hears_all(self) -> bool:
        hears_relay = self._relay is not None and self._relay.ready
        return self._hears_primary and (hears_relay or not self._needs_messages_of_relay())

    def _lose(self) -> None:
        self._name()
        if self._hears_all():
            return
        self._is_missing = True
        if self.ready:
            self.ready = False
            log.warning("server_is_deaf", reason=self.trouble)
            self._on_loss()

    async def _learn(self) -> None:
        """Ask who notifies messages, until there is an answer."""
        while True:
            try:
                alone = await self._ask()
                break
            except Exception as error:  # whatever it is: a server that did not know might be deaf
                log.warning("switch_not_read", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
        if alone != self._relays_are_alone:
            log.info("relays_notify_messages", alone=alone)
            self._relays_are_alone = alone
            self._is_missing = True  # a relay may have been lost and found again since the change
            self._lose()
            if self._hears_primary:
                await self._update()

    async def _update(self) -> None:
        """Have repaired what was missed, if all is heard now."""
        self._name()
        async with self._updating:
            while self._hears_all() and (self._is_missing or not self.ready):
                self._is_missing = False
                await self._repair()
                if self._hears_all():
                    self.ready = True
                else:
                    self._on_loss()  # the repair has told the browsers that all is well
        self._changed.set()

    def _name(self) -> None:
        """Tell those who look at the primary whether this server depends on its notifications of messages."""
        if self._primary is not None:
            hears_relay = self._relay is not None and self._relay.ready
            self._primary.name = "chinwag listener, with relay" if hears_relay else "chinwag listener"

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
