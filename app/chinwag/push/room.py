"""A room: a thread with readers on this server, and the seq up to which each of them has everything.

It takes a frame only if its seq is the next one; whatever else happens (a lost connection, a payload too
long for NOTIFY, a slow reader) is one case, "I hold n, read from n+1", and is mended from the table. Nothing
here knows SQL, and nothing is parsed.

Whoever can connect to the database can NOTIFY, and so forge notifications. What is forged is found because
the database notifies each row once, in the order of seq: a row that comes after a forgery in its place is a
repeat of a number that the table has not confirmed, and the table is asked which of the two is right.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import structlog

from chinwag import wire
from chinwag.push.burst import Burst
from chinwag.push.pacing import PushScheduler

Page = list[tuple[int, bytes]]
"""Pairs of seq and frame, in the order of seq."""

Replay = Callable[[int, int], Awaitable[Page]]
"""`replay(thread_id, after)` reads a page from the table; an empty one is the end."""

RECENT_FRAMES = 256
"""How many frames a room keeps for readers that are catching up, while there are such."""

BURST_BYTES = 256 * 1024
"""More than this is pushed before the turn ends, so that a burst does not pile up for each socket."""

REPAIR_RETRY_SECONDS = 1.0

REST_SECONDS = 0.25
"""So long a room rests after it has looked in vain for a row that was notified. PostgreSQL notifies what is
committed, so such a notification is forged, or its row was lost by a failover."""

log = structlog.get_logger(__name__)


class AnySubscription(Protocol):
    """What the hub and the rooms know of a subscription (chinwag.push.subscription)."""

    def push(self, burst: Burst) -> bool:
        """Send frames. False: they were taken, but their reader is too slow to be pushed any more."""

    def catch_up(self) -> None:
        """Called after a push that gave false: read what follows from the table, when there is room."""

    def close(self, code: wire.CloseCode) -> None: ...


class AnyThreadSubscription(AnySubscription, Protocol):
    """What a room knows of a subscription to its thread.

    `seq` is the seq up to which it holds everything; it is up to date while the subscription is not live.
    """

    seq: int


class Room:
    """A thread with at least one reader here.

    `seq` is what all its live readers hold. A reader that is ahead has read in the table what the database
    has not notified yet; every other one is catching up. While no reader is live or ahead, `seq` means
    nothing.
    """

    def __init__(self, thread_id: int, replay: Replay, scheduler: PushScheduler) -> None:
        self.thread_id = thread_id
        self.seq = 0
        self._replay = replay
        self._scheduler = scheduler
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self.subscriptions: set[AnyThreadSubscription] = set()
        self._live: set[AnyThreadSubscription] = set()
        self._ahead: set[AnyThreadSubscription] = set()
        self._recent: deque[bytes] = deque(maxlen=RECENT_FRAMES)
        self._newest: bytes | None = None
        self._confirmed = 0
        """Up to this seq, what the live readers hold is known to be in the table."""
        self._sought = 0
        """The highest seq that is being looked for in the table."""
        self._heard = 0
        """The highest seq that was notified since that reading of the table began, and could not be taken."""
        self._in_doubt = False
        """What the live readers hold may not be what the table has. Until it was asked, nothing is taken."""
        self._rests_until = 0.0
        self._repair: asyncio.Task[None] | None = None

    def join(self, subscription: AnyThreadSubscription) -> None:
        """Register a reader, before it reads the table: so no message falls between."""
        self.subscriptions.add(subscription)

    @property
    def end(self) -> int | None:
        """The seq of the newest message, as all live readers hold it; None if that is not known for sure."""
        return self.seq if self._live and self._repair is None else None

    def go_live(self, subscription: AnyThreadSubscription) -> bool:
        """Make a reader live that has read the table to its end since it joined, with what has arrived since.

        False: too much has arrived, and the table must be read once more.
        """
        if subscription not in self.subscriptions:
            return True  # it is being closed
        if not self._is_followed():
            self.seq = self._confirmed = subscription.seq
            self._newest = None
            self._recent.clear()
        behind = self.seq - subscription.seq
        if behind > len(self._recent):
            return False
        if behind < 0:
            self._ahead.add(subscription)
        else:
            if behind:
                subscription.push(Burst(*list(self._recent)[-behind:]))
            self._make_live(subscription)
        if self._needs_repair():
            self.repair()
        return True

    def held_by(self, subscription: AnyThreadSubscription) -> int:
        """The seq up to which a reader holds everything."""
        return self.seq if subscription in self._live else subscription.seq

    def leave(self, subscription: AnyThreadSubscription) -> None:
        self.subscriptions.discard(subscription)
        self._live.discard(subscription)
        self._ahead.discard(subscription)
        if not self.subscriptions and self._repair is not None:
            self._repair.cancel()

    def receive(self, seq: int, frame: bytes | None) -> None:
        """Take what the database has notified: the next frame, a repeat, or the sign of a gap."""
        if not (self._live or self._ahead):
            self._heard = max(self._heard, seq)  # who settles first has it read
        elif seq == self.seq + 1 and frame is not None and not self._reads_on():
            self._take(frame)
        elif seq > self.seq:
            self._heard = max(self._heard, seq)
            self.repair()
        elif seq > self._confirmed:
            self.repair(in_doubt=True)

    def tell(self, frame: bytes) -> None:
        """Push an event that is not a message to the live readers."""
        self._add(frame)

    def announce(self, frame: bytes) -> None:
        """Push an event at once to all readers, also to those that are not live."""
        self.push()
        self._push_to(self.subscriptions, Burst(frame))

    def push(self) -> None:
        """Push to the live readers what they are to have, instead of at the end of the turn."""
        texts, self._gathered, self._gathered_bytes = self._gathered, [], 0
        if texts:
            self._push_to(self._live, Burst(*texts))

    def repair(self, *, in_doubt: bool = False) -> asyncio.Task[None] | None:
        """Read from the table what the live readers miss; the task ends when they hold all of it. `in_doubt`:
        look first whether the table has what they hold. If nobody is live, it is done for who settles first.
        """
        self._in_doubt |= in_doubt
        if self._repair is None and self._is_followed():
            self._repair = asyncio.create_task(self._mend())
        return self._repair

    def close(self, code: wire.CloseCode) -> None:
        """Close all readers, with what they are to have until now."""
        self.push()
        subscriptions, self.subscriptions = self.subscriptions, set()
        for some in (self._live, self._ahead, self._recent):
            some.clear()
        for subscription in subscriptions:
            subscription.close(code)

    def _is_followed(self) -> bool:
        return bool(self._live or self._ahead)

    def _reads_on(self) -> bool:
        """Whether the next frames are taken from the table: a number that was notified before is a repeat."""
        return self._in_doubt or self._heard > self.seq or self._sought > self.seq

    def _needs_repair(self) -> bool:
        return self._in_doubt or self._heard > self.seq

    def _take(self, frame: bytes) -> None:
        self.seq += 1
        self._newest = frame
        if len(self._live) + len(self._ahead) < len(self.subscriptions):
            self._recent.append(frame)
        elif self._recent:
            self._recent.clear()
        self._add(frame)
        for subscription in [one for one in self._ahead if one.seq == self.seq]:
            self._ahead.remove(subscription)
            self._make_live(subscription)

    def _add(self, frame: bytes) -> None:
        if not self._gathered:
            self._scheduler.add(self.push)
        self._gathered.append(frame)
        self._gathered_bytes += len(frame)
        if self._gathered_bytes > BURST_BYTES:
            self.push()

    def _push_to(self, subscriptions: Iterable[AnyThreadSubscription], burst: Burst) -> None:
        for subscription in [one for one in subscriptions if not one.push(burst)]:
            if subscription in self._live:
                self._live.remove(subscription)
                subscription.seq = self.seq
                subscription.catch_up()

    def _make_live(self, subscription: AnyThreadSubscription) -> None:
        self.push()  # before it is one of those who get it: it holds that already
        self._live.add(subscription)

    async def _mend(self) -> None:
        rest = self._rests_until - asyncio.get_running_loop().time()
        try:
            if rest > 0 and not self._in_doubt:
                await asyncio.sleep(rest)
            while await self._read_on():
                pass
        finally:
            self._repair = None
        if self._is_followed() and self._needs_repair():
            self.repair()

    async def _read_on(self) -> bool:
        """Take the next page of the table. False: there is nothing more to take."""
        seq, in_doubt = self.seq, self._in_doubt
        self._sought, self._heard = self._heard, 0
        is_confirmed = self._confirmed >= seq and not in_doubt
        try:
            page = await self._replay(self.thread_id, seq if is_confirmed else seq - 1)
        except Exception as error:
            # The database is away. The readers wait for it, and so do we.
            log.warning("repair_failed", thread=self.thread_id, error=type(error).__name__)
            self._heard = max(self._sought, self._heard)
            await asyncio.sleep(REPAIR_RETRY_SECONDS * (0.5 + random.random()))
            return self._is_followed()
        sought, self._sought = self._sought, 0
        if not self._is_followed():
            self._heard = max(sought, self._heard)
            return False
        if not self._take_page(page, None if is_confirmed else seq):
            self._begin_anew()
            return False
        if in_doubt:
            self._in_doubt = False
        if page and page[-1][0] > seq:
            self._heard = max(sought, self._heard)
            return True
        if sought > self.seq:
            log.warning("row_missing", thread=self.thread_id, seq=self.seq, notified=sought)
            self._rests_until = asyncio.get_running_loop().time() + REST_SECONDS
            return False
        return self._needs_repair()

    def _take_page(self, page: Page, first: int | None) -> bool:
        """Take what follows from a page of the table. False: the table has something else than what the live
        readers hold. If `first` is given, the page must begin with it."""
        if first and (not page or page[0][0] != first):
            return False
        for seq, frame in page:
            if seq == self.seq + 1:
                self._take(frame)
            elif seq == self.seq and self._newest not in (None, frame):
                return False
            if seq == self.seq:
                self._confirmed = seq
        return True

    def _begin_anew(self) -> None:
        """Close the readers, who hold what the table has not: a standby was promoted without the last
        transactions of its primary, or a notification was forged."""
        log.error("history_changed", thread=self.thread_id, seq=self.seq)
        self.close(wire.CloseCode.HISTORY_CHANGED)
        self.seq = self._confirmed = self._heard = self._sought = 0
        self._newest, self._in_doubt = None, False
