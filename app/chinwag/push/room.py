"""A room: a thread that somebody reads on this server, and the seq up to which its live subscriptions hold
everything.

A room takes a frame only if its seq is the next one. Whatever else happens (a lost connection, a payload too
long for NOTIFY, a slow reader) is one case, "I hold n, read from n+1", and is repaired from the table.
Nothing here knows SQL, and of the messages only those about members are parsed.

Anybody who can connect to the database can NOTIFY, and so forge notifications. Forgeries are found because
the database notifies each row once, in the order of seq. When the row comes whose place a forgery has taken,
its number is a repeat that the table has not confirmed, and the table is asked which of the two is right.
"""

import asyncio
from collections import deque
from collections.abc import Collection

import structlog

from chinwag import frames, wire
from chinwag.counts import FRAMES_PUSHED, FROM_ROOM, SLOW_READERS
from chinwag.push.admission import Admission
from chinwag.push.any_subscription import AnyThreadSubscription
from chinwag.push.burst import Burst
from chinwag.push.gathering import Gathering
from chinwag.push.pacing import PushScheduler
from chinwag.push.repair import Repair
from chinwag.push.replay import Replay
from chinwag.push.room_drafts import DraftSource, RoomDrafts

RECENT_FRAMES = 256
"""The number of frames that a room keeps for subscriptions that are catching up, while there are any."""

log = structlog.get_logger(__name__)


class Room:
    """A thread with at least one subscription on this server.

    A subscription is in one of three states:

    - live: it holds all up to `seq`, and each new frame is pushed to it.
    - ahead: it has read in the table what the database has not notified yet. It goes live when `seq` has
      reached its own.
    - catching up: it reads the table, or waits until there is room to do so.

    Attributes:
        seq: the number up to which live subscriptions hold everything; valid while one is live or ahead.
        newest: the frame of that number, if it was taken since a subscription first became live.
        subscriptions: all of them, live or not.
        drafts: the replies that are being written.
    """

    def __init__(
        self,
        thread_id: int,
        replay: Replay,
        scheduler: PushScheduler,
        drafts: DraftSource,
        *,
        late_rows_seconds: float = 0,
    ) -> None:
        """
        Args:
            late_rows_seconds: how long a row is looked for that was notified before others can see it.
        """
        self.thread_id = thread_id
        self.seq = 0
        self.newest: bytes | None = None
        self._repair = Repair(self, replay, late_rows_seconds)
        self._gathering = Gathering(scheduler, lambda burst: self._push_to(self._live, burst))
        self.subscriptions: set[AnyThreadSubscription] = set()
        self.drafts = RoomDrafts(thread_id, drafts, self.tell, self._repair.is_running)
        self._live: set[AnyThreadSubscription] = set()
        self._ahead: set[AnyThreadSubscription] = set()
        self._recent: deque[bytes] = deque(maxlen=RECENT_FRAMES)
        self._admission = Admission()

    def join(self, subscription: AnyThreadSubscription) -> None:
        """Register a subscription before it reads the table, so that no message falls between."""
        self.subscriptions.add(subscription)

    def end_for(self, account_id: int) -> int | None:
        """Return the seq of the newest message, which all live subscriptions hold; None if it is not known
        for sure, or not known whether the account sees the thread."""
        is_known = self._live and not self._repair.is_running() and self._admission.is_admitted(account_id)
        return self.seq if is_known else None

    def go_live(self, subscription: AnyThreadSubscription) -> bool:
        """Make a subscription live that has read the table to its end since it joined, and push what has
        arrived since. False: it must be read once more, because too much has arrived, or a message after
        which the account may not see the thread any more."""
        if subscription not in self.subscriptions:
            return True  # it is being closed
        if not self.is_followed():
            self.seq = self._repair.confirmed = subscription.seq
            self.newest = None
            self._recent.clear()
            self._admission.clear()
        behind = self.seq - subscription.seq
        account_id = subscription.account_id
        if behind > len(self._recent) or self._admission.is_doubted(account_id, as_of=subscription.seq):
            return False
        self._admission.admit(account_id)
        if behind < 0:
            self._ahead.add(subscription)
        else:
            if behind:
                subscription.push(Burst(*list(self._recent)[-behind:]))
            self._make_live(subscription)
        if self._repair.is_needed():
            self.repair()
        return True

    def held_by(self, subscription: AnyThreadSubscription) -> int:
        """Return the seq up to which a subscription holds everything."""
        return self.seq if subscription in self._live else subscription.seq

    def leave(self, subscription: AnyThreadSubscription) -> None:
        """Forget a subscription."""
        for some in (self.subscriptions, self._live, self._ahead):
            some.discard(subscription)
        if not self.subscriptions:
            self.drafts.close()
            self._repair.cancel()

    def receive(self, seq: int, frame: bytes | None) -> None:
        """Take what the database has notified: the next frame, a repeat, or the sign of a gap."""
        if not self.is_followed():
            self._repair.hear(seq)  # the first subscription that becomes live starts the repair
        elif seq == self.seq + 1 and frame is not None and self._may_take(frame):
            self.take(frame, loses_access=None)
        elif seq > self.seq:
            self._repair.hear(seq)
            self.repair()
        elif seq > self._repair.confirmed:
            self.repair(in_doubt=True)

    def tell(self, frame: bytes) -> None:
        """Push an event that is not a message to the live subscriptions, of which a repair may find that
        some were removed before it."""
        self._gathering.add_event(frame, waits=self._repair.is_running())

    def tell_drafts_to(self, subscription: AnyThreadSubscription) -> None:
        """Push the whole texts of all drafts to a live subscription, unless it may have been removed."""
        if subscription in self._live and not self._repair.is_running() and self.drafts.has_any():
            self._push_to([subscription], Burst(*self.drafts.frames()))

    def announce(self, frame: bytes) -> None:
        """Push an event at once to all subscriptions, also to those that are not live."""
        self.push()
        self._push_to(self.subscriptions, Burst(frame))

    def push(self) -> None:
        """Push what has been gathered to the live subscriptions, instead of at the end of the iteration."""
        self._gathering.flush()

    def repair(self, *, in_doubt: bool = False) -> asyncio.Task[None] | None:
        """Read from the table what the live subscriptions miss, and first, if `in_doubt`, what they hold.

        The task ends when they hold all of it. If none is live or ahead, the first to go live has it done.
        """
        return self._repair.start(in_doubt=in_doubt)

    def close(self, code: wire.CloseCode) -> None:
        """Close all subscriptions, after pushing what was gathered for them."""
        self.push()
        subscriptions, self.subscriptions = self.subscriptions, set()
        for some in (self._live, self._ahead, self._recent):
            some.clear()
        for subscription in subscriptions:
            subscription.close(code)

    def behind(self) -> int:
        """Return the number of subscriptions that are not live."""
        return len(self.subscriptions) - len(self._live)

    def is_followed(self) -> bool:
        """Whether a subscription is live or ahead."""
        return bool(self._live or self._ahead)

    def _may_take(self, frame: bytes) -> bool:
        """Whether the next frame may be one that was notified. While the table is read, and if the frame is
        about access, it comes from there."""
        return not self._repair.has_next() and frames.may_lose_access(frame) is None

    def take(self, frame: bytes, loses_access: int | None) -> None:
        """Take the next frame, after which an account may not see the thread any more."""
        self.seq += 1
        self.newest = frame
        if len(self._live) + len(self._ahead) < len(self.subscriptions):
            self._recent.append(frame)
        elif self._recent:
            self._recent.clear()
        self._gathering.add(frame)
        if loses_access is not None:
            self._put_in_doubt(loses_access)
        for subscription in [one for one in self._ahead if one.seq == self.seq]:
            self._ahead.remove(subscription)
            self._make_live(subscription)

    def _put_in_doubt(self, account_id: int) -> None:
        """Have the live subscriptions of an account read the table, which says whether it still sees the
        thread. They get nothing after the message that was taken last."""
        self.push()
        self._admission.doubt(account_id, self.seq)
        for subscription in [one for one in self._live if account_id in (one.account_id, frames.EVERYBODY)]:
            self._live.remove(subscription)
            subscription.seq = self.seq
            subscription.catch_up()

    def _push_to(self, subscriptions: Collection[AnyThreadSubscription], burst: Burst) -> None:
        FRAMES_PUSHED.values[FROM_ROOM] += len(burst.texts) * len(subscriptions)
        for subscription in [one for one in subscriptions if not one.push(burst)]:
            if subscription in self._live:
                SLOW_READERS.add("thread")
                self._live.remove(subscription)
                subscription.seq = self.seq
                subscription.catch_up()

    def _make_live(self, subscription: AnyThreadSubscription) -> None:
        self.push()  # before it is live: it holds already what is pushed here
        self._live.add(subscription)
        self.tell_drafts_to(subscription)

    def go_on(self) -> None:
        """Push the events and drafts that have waited for the end of a repair."""
        self._gathering.release_events()
        self.drafts.go_on()

    def begin_anew(self) -> None:
        """Close the subscriptions, which hold what the table does not have: a standby was promoted without
        the last transactions of its primary, or a notification was forged."""
        log.error("history_changed", thread=self.thread_id, seq=self.seq)
        self.close(wire.CloseCode.HISTORY_CHANGED)
        self.seq, self.newest = 0, None
        self._repair.clear()

