"""Round-robin scheduling: work that is left over gets a few milliseconds of each event-loop iteration.

Otherwise a connection that has sent thousands of frames at once would stop all others until these are
handled. So would many such connections, however little of each is done at a time.
"""

import asyncio
import time
from collections import OrderedDict
from functools import cache
from typing import Protocol

TURN_SECONDS = 0.002
"""The time that goes to the work in the queue before the event loop serves everybody else."""


class Worker(Protocol):
    """Anything that has work left over: a connection."""

    def take_turn(self) -> None:
        """Do a little of the work, and add yourself to the queue again if more is left."""


class RoundRobin:
    """The queue of the workers that have work left over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: OrderedDict[Worker, None] = OrderedDict()
        self._is_scheduled = False

    def add(self, worker: Worker) -> None:
        """Give a worker one turn in a later event-loop iteration, however often it is added before that."""
        self._queue[worker] = None
        self._schedule()

    def _schedule(self) -> None:
        if self._queue and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._take_turns)

    def _take_turns(self) -> None:
        end = time.perf_counter() + TURN_SECONDS
        try:
            for _ in range(len(self._queue)):
                worker, _ = self._queue.popitem(last=False)
                worker.take_turn()
                if time.perf_counter() >= end:
                    break
        finally:
            self._is_scheduled = False
            self._schedule()


@cache
def round_robin_of(loop: asyncio.AbstractEventLoop) -> RoundRobin:
    """Return the queue of this process."""
    return RoundRobin(loop)
