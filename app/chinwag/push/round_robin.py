"""Round-robin scheduling: work that is left over gets a few milliseconds of each event-loop iteration.

A socket that has sent thousands of frames at once would otherwise stop all others until they are handled; and
so would many such sockets, however little each may do at a time.
"""

import asyncio
import time
from collections import OrderedDict
from functools import cache
from typing import Protocol

TURN_SECONDS = 0.002
"""No more time than this goes to the work in the queue before the event loop serves everybody else."""


class Worker(Protocol):
    """A party that has work left over."""

    def take_turn(self) -> None:
        """Do a little of the work; add yourself to the queue again if more is left."""


class RoundRobin:
    """The queue of those who have work left over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: OrderedDict[Worker, None] = OrderedDict()
        self._is_scheduled = False

    def add(self, worker: Worker) -> None:
        """Give a worker a turn in a later event-loop iteration; once, however often it is added before."""
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
    """The queue of this process."""
    return RoundRobin(loop)
