"""Metrics: what this process has counted and what is so in it, together with the other processes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from chinwag.counts import LOOP_LAG_SECONDS, Values, counted
from chinwag.monitoring.gauges import READINGS, Observed
from chinwag.monitoring.shared import Snapshot, Together

TICK_SECONDS = 1.0

SHARE_TICKS = 5
"""How many ticks are between two times that a process tells the others its values. To read the gauges takes a
microsecond for each room."""

COUNTERS = [one.name for one in READINGS if one.kind == "counter"]


class Metrics:
    """The metrics of this computer's server processes that have the same directory, or of this process
    alone."""

    def __init__(self, observed: Observed, directory: str | None) -> None:
        """
        Args:
            directory: where the processes tell one another their values; None if this is the only one.
        """
        self._observed = observed
        self._together = Together(Path(directory)) if directory else None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Measure how late the event loop is inside the block, and tell the other processes."""
        with self._together or contextlib.nullcontext():
            task = asyncio.create_task(self._tick())
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait({task})
                self._share()

    def values(self) -> Values:
        """Return the values of all metrics."""
        snapshot = self._snapshot()
        if self._together is None:
            return snapshot.counts | snapshot.gauges
        self._together.tell(snapshot)
        return self._together.all()

    def _snapshot(self) -> Snapshot:
        gauges = self._observed.readings()
        counts = counted() | {name: gauges.pop(name) for name in COUNTERS}
        return Snapshot(counts, gauges)

    def _share(self) -> None:
        if self._together is not None:
            self._together.tell(self._snapshot())

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        ticks = 0
        while True:
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))
            if ticks % SHARE_TICKS == 0:
                self._share()
            ticks += 1
