"""Write coalescing: one socket write per event-loop iteration, and none for up to half of the time.

A write to a socket costs a system call, and so does each read of it: far more than the bytes. So what
arrives in one turn of the event loop leaves in one write, and where pushing is all that a server does, it
rests in between, for more to arrive.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

MOST_REST_SECONDS = 0.05
"""Nobody waits longer, however many sockets there are."""

log = structlog.get_logger(__name__)


class PushScheduler:
    """Pushes at the end of a turn of the event loop, and for no more than half of the time.

    A message that comes alone never waits. While pushing takes all the time there is, what arrives in the
    other half leaves together, and a burst costs a fraction.
    """

    def __init__(self) -> None:
        self._pushes: list[Callable[[], None]] = []
        self._is_pushing = False
        self._rested_at = 0.0

    def add(self, push: Callable[[], None]) -> None:
        """Have `push` called once, soon."""
        self._pushes.append(push)
        if len(self._pushes) == 1 and not self._is_pushing:
            self._schedule()

    def _schedule(self) -> None:
        rest = self._rested_at - time.perf_counter()
        loop = asyncio.get_running_loop()
        if rest > 0:
            loop.call_later(min(rest, MOST_REST_SECONDS), self._push)
        else:
            loop.call_soon(self._push)

    def _push(self) -> None:
        self._is_pushing, began = True, time.perf_counter()
        pushes, self._pushes = self._pushes, []
        # Called next whatever happens: uvloop writes to the sockets at the end of this turn.
        asyncio.get_running_loop().call_soon(self._rest, began)
        for push in pushes:
            try:
                push()
            except Exception:
                log.exception("push_failed")  # the others must not miss theirs

    def _rest(self, began: float) -> None:
        """Rest for as long as the pushes since `began` have taken."""
        now = time.perf_counter()
        self._rested_at = 2 * now - began
        self._is_pushing = False
        if self._pushes:
            self._schedule()
