"""Write coalescing: one socket write per event-loop iteration, and none for up to half of the time.

A write to a socket costs a system call, and so does each read of it, which is far more than the bytes cost.
So what arrives in one iteration of the event loop leaves in one write. When pushing is all that a server
does, it pauses in between, so that more arrives meanwhile.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from chinwag.counts import DELIVERY_SECONDS

MOST_REST_SECONDS = 0.05
"""The longest pause, however many connections there are."""

log = structlog.get_logger(__name__)


class PushScheduler:
    """Schedules pushes for the end of an event-loop iteration, and for no more than half of the time.

    After the pushes of an iteration it rests for as long as they have taken, MOST_REST_SECONDS at most. A
    message that comes alone is pushed at once, unless pushes have just ended. What arrives during a rest
    leaves together, so a burst costs a fraction.
    """

    def __init__(self) -> None:
        self._pushes: list[Callable[[], None]] = []
        self._is_pushing = False
        self._rested_at = 0.0
        self._oldest = 0.0
        """When the oldest of the pushes was added."""

    def add(self, push: Callable[[], None]) -> None:
        """Call `push` once, soon."""
        self._pushes.append(push)
        if len(self._pushes) == 1:
            self._oldest = time.perf_counter()
            if not self._is_pushing:
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
        # It is called in the next iteration, because uvloop writes to the sockets at the end of this one.
        asyncio.get_running_loop().call_soon(self._rest, began, self._oldest)
        for push in pushes:
            try:
                push()
            except Exception:
                log.exception("push_failed")  # the other rooms must not miss their pushes

    def _rest(self, began: float, oldest: float) -> None:
        """Rest for as long as the pushes since `began` have taken."""
        now = time.perf_counter()
        DELIVERY_SECONDS.observe(now - oldest)
        self._rested_at = 2 * now - began
        self._is_pushing = False
        if self._pushes:
            self._schedule()
