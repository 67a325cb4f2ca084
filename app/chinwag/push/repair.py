"""Repair: a room reads from the table what its live subscriptions miss, and what they hold in doubt.

It knows up to which seq the table is known to have what they hold, and which rows were notified and not yet
taken. The room takes what is read, pushes it, and decides what becomes of its subscriptions.
"""

import asyncio
import random
from typing import Protocol

import structlog

from chinwag import frames
from chinwag.counts import REPAIRS, REPAIRS_FAILED
from chinwag.push.replay import REPAIR_RETRY_SECONDS, REST_SECONDS, Page, Patience, Replay

log = structlog.get_logger(__name__)


class RepairedRoom(Protocol):
    """What a repair needs of its room.

    Attributes:
        seq: the number up to which live subscriptions hold everything.
        newest: the frame that they hold of that number, if it is known.
    """

    thread_id: int
    seq: int
    newest: bytes | None

    def is_followed(self) -> bool:
        """Whether a subscription is live or ahead."""

    def take(self, frame: bytes, loses_access: int | None) -> None:
        """Take the next frame, after which an account may not see the thread any more."""

    def begin_anew(self) -> None:
        """Close the subscriptions, which hold what the table does not have."""

    def go_on(self) -> None:
        """Push what has waited for the end of the repair."""


class Repair:
    """The repairs of a room, of which at most one runs.

    Attributes:
        confirmed: the seq up to which the table is known to have what the live subscriptions hold.
    """

    def __init__(self, room: RepairedRoom, replay: Replay, late_rows_seconds: float) -> None:
        """
        Args:
            late_rows_seconds: how long a row is looked for that was notified before others can see it.
        """
        self.confirmed = 0
        self._room = room
        self._replay = replay
        self._sought = 0
        """The highest seq that is being looked for in the table."""
        self._heard = 0
        """The highest seq that was notified since that reading of the table began, and could not be taken."""
        self._in_doubt = False
        """Whether the table may have something else than what the live subscriptions hold."""
        self._rests_until = 0.0
        self._patience = Patience(late_rows_seconds)
        self._task: asyncio.Task[None] | None = None

    def clear(self) -> None:
        """Forget what was notified, and what was in doubt, because the room begins anew."""
        self.confirmed = self._heard = self._sought = 0
        self._in_doubt = False

    def hear(self, seq: int) -> None:
        """Note that a row was notified that the room could not take."""
        self._heard = max(self._heard, seq)

    def is_running(self) -> bool:
        """Whether the table is being read."""
        return self._task is not None

    def is_needed(self) -> bool:
        """Whether the live subscriptions miss something, or hold something in doubt."""
        return self._in_doubt or self._heard > self._room.seq

    def has_next(self) -> bool:
        """Whether the next frame comes from the table, and not as it was notified."""
        seq = self._room.seq
        return self._in_doubt or self._heard > seq or self._sought > seq

    def start(self, *, in_doubt: bool) -> asyncio.Task[None] | None:
        """Read what the live subscriptions miss, and first, if `in_doubt`, what they hold.

        The task ends when they hold all of it. There is none if no subscription is live or ahead.
        """
        self._in_doubt |= in_doubt
        if self._task is None and self._room.is_followed():
            REPAIRS.add()
            self._task = asyncio.create_task(self._run())
        return self._task

    def cancel(self) -> None:
        """End the reading of the table."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        rest = self._rests_until - asyncio.get_running_loop().time()
        try:
            if rest > 0 and not self._in_doubt:
                await asyncio.sleep(rest)
            while await self._read_on():
                pass
        finally:
            self._task = None
        if self._room.is_followed() and self.is_needed():
            self.start(in_doubt=False)
        else:
            self._room.go_on()

    async def _read_on(self) -> bool:
        """Take the next page of the table. False: there is nothing more to take."""
        room, seq, in_doubt = self._room, self._room.seq, self._in_doubt
        self._sought, self._heard = self._heard, 0
        first = seq if seq and (in_doubt or self.confirmed < seq) else None
        try:
            page = await self._replay(room.thread_id, seq if first is None else seq - 1)
        except Exception as error:
            # The database is away. The subscriptions wait for it, and so does the room.
            REPAIRS_FAILED.add()
            log.warning("repair_failed", thread=room.thread_id, error=type(error).__name__)
            self.hear(self._sought)
            await asyncio.sleep(REPAIR_RETRY_SECONDS * (0.5 + random.random()))
            return room.is_followed()
        sought, self._sought = self._sought, 0
        if not room.is_followed():
            self.hear(sought)
            return False
        if first and not page and await self._patience.lasts():
            self.hear(sought)
            return True
        if not self._take(page, first):
            room.begin_anew()
            return False
        self._in_doubt &= not in_doubt
        is_there_more = bool(page) and page[-1][0] > seq
        if sought > room.seq and not is_there_more:
            if await self._patience.lasts():
                self.hear(sought)
                return True
            log.warning("row_missing", thread=room.thread_id, seq=room.seq, notified=sought)
            self._rests_until = asyncio.get_running_loop().time() + REST_SECONDS
            return False
        self._patience.end()
        self.hear(sought)
        return is_there_more or self.is_needed()

    def _take(self, page: Page, first: int | None) -> bool:
        """Take what follows from a page of the table, which must begin with `first` if that is given.

        False: the table has something else than what the live subscriptions hold.
        """
        room = self._room
        if first and (not page or page[0][0] != first):
            return False
        for seq, frame in page:
            if seq == room.seq + 1:
                room.take(frame, frames.may_lose_access(frame))
            elif seq == room.seq and room.newest not in (None, frame):
                return False
            if seq == room.seq:
                self.confirmed = seq
        return True
