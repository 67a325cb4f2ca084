"""Gathering: what arrives for a room in an event-loop iteration leaves in one burst."""

from collections.abc import Callable

from chinwag.push.burst import Burst
from chinwag.push.pacing import PushScheduler

BURST_BYTES = 256 * 1024
"""The most bytes that are gathered. Then they leave at once, so that a burst does not pile up for each
connection."""

MOST_EVENTS = 256
"""The most events that wait. What they tell (who types, who has read) is told again."""


class Gathering:
    """The frames that leave together, as soon as the scheduler has them pushed."""

    __slots__ = ("_bytes", "_events", "_push", "_scheduler", "_texts")

    def __init__(self, scheduler: PushScheduler, push: Callable[[Burst], None]) -> None:
        self._scheduler = scheduler
        self._push = push
        self._texts: list[bytes] = []
        self._bytes = 0
        self._events: list[bytes] = []

    def add(self, frame: bytes) -> None:
        """Push a frame with those that come in the same iteration."""
        if not self._texts:
            self._scheduler.add(self.flush)
        self._texts.append(frame)
        self._bytes += len(frame)
        if self._bytes > BURST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Push what was gathered now."""
        texts, self._texts, self._bytes = self._texts, [], 0
        if texts:
            self._push(Burst(*texts))

    def add_event(self, frame: bytes, *, waits: bool) -> None:
        """Push an event with the frames that come in the same iteration, or keep it until it is released."""
        if not waits:
            self.add(frame)
        elif len(self._events) < MOST_EVENTS:
            self._events.append(frame)

    def release_events(self) -> None:
        """Push the events that wait."""
        events, self._events = self._events, []
        for event in events:
            self.add(event)
