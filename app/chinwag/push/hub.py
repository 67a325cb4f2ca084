"""The hub: all rooms of this process, and the subscriptions to the list of threads."""

import asyncio

import structlog

from chinwag import frames, wire
from chinwag.push.any_subscription import AnySubscription, AnyThreadSubscription
from chinwag.push.burst import Burst
from chinwag.push.deletions import Deletions, FindThreads
from chinwag.push.pacing import PushScheduler
from chinwag.push.room import Replay, Room

ID_DIGITS = len(str(wire.MAX_ID))

GATHER_SECONDS = 0.25
"""How long the activity of threads is gathered before the subscriptions to the list are told of it."""

ACTIVE_THREADS = 1000
"""The most active threads that are told one by one. If there are more, the lists are read anew."""

COMPLAINT_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Hub:
    """The rooms of this process, and the subscriptions to the list of threads."""

    def __init__(self, replay: Replay, find_threads: FindThreads) -> None:
        self._replay = replay
        self._deletions = Deletions(find_threads, self._tell_deleted)
        self._scheduler = PushScheduler()
        self._rooms: dict[int, Room] = {}
        self._lists: set[AnySubscription] = set()
        self._active: dict[int, tuple[int, str]] = {}
        self._is_database_available = True
        self._malformed = 0

    def join(self, thread_id: int, subscription: AnyThreadSubscription) -> Room:
        """Have a subscription join the room of a thread, which is made if there is none."""
        room = self._rooms.get(thread_id)
        if room is None:
            room = self._rooms[thread_id] = Room(thread_id, self._replay, self._scheduler)
        room.join(subscription)
        self._tell_outage(subscription)
        return room

    def leave(self, room: Room, subscription: AnyThreadSubscription) -> None:
        """Have a subscription leave its room, which is dropped when it is empty."""
        room.leave(subscription)
        if not room.subscriptions and self._rooms.get(room.thread_id) is room:
            del self._rooms[room.thread_id]

    def join_list(self, subscription: AnySubscription) -> None:
        """Push the events of the list of threads to a subscription, until it leaves or is too slow."""
        self._lists.add(subscription)
        self._tell_outage(subscription)

    def leave_list(self, subscription: AnySubscription) -> None:
        """Stop pushing the events of the list of threads to a subscription."""
        self._lists.discard(subscription)

    def receive(self, payload: str) -> None:
        """Take a notification: `<thread_id> <seq> <frame>`, without the frame if it is too long.

        Anybody who can connect to the database can NOTIFY, so nothing else is taken (sql/60_notify.sql). Only
        the beginning and the end of a frame are checked. A frame is parsed only for the list of threads, and
        only the newest one of each thread.
        """
        thread, _, rest = payload.partition(" ")
        number, _, text = rest.partition(" ")
        thread_id, seq = _number(thread), _number(number)
        if thread_id is None or seq is None:
            self._count_malformed()
        elif seq == 0:
            self._receive_event(thread_id, text.encode())
        elif not text or (text.startswith(frames.MESSAGE) and text.endswith("}")):
            self._receive_message(thread_id, seq, text)
        else:
            self._count_malformed()

    def lose_database(self) -> None:
        """Tell all browsers at once that the database is not heard any more."""
        self._set_database_available(False)

    async def repair(self) -> None:
        """Bring every room up to date and have the lists read anew, because notifications may have been
        lost; then tell all browsers that the database is available."""
        self._push_to_lists(frames.LIST_READY)
        repairs = [room.repair(in_doubt=True) for room in list(self._rooms.values())]
        await asyncio.gather(*(task for task in repairs if task), return_exceptions=True)
        self._set_database_available(True)

    def _receive_message(self, thread_id: int, seq: int, text: str) -> None:
        if room := self._rooms.get(thread_id):
            room.receive(seq, text.encode() if text else None)
        if self._lists and len(self._active) <= ACTIVE_THREADS:
            if not self._active:
                asyncio.get_running_loop().call_later(GATHER_SECONDS, self._tell_active)
            # Messages that a trigger of the user writes are notified before the message that fired it.
            self._active[thread_id] = max((seq, text), self._active.get(thread_id, (0, "")))

    def _receive_event(self, thread_id: int, text: bytes) -> None:
        if not text:
            pass  # it only wakes the bots
        elif not text.endswith(b"}"):
            self._count_malformed()
        elif text.startswith(frames.THREAD_DELETED):
            self._deletions.check(thread_id)
        elif text.startswith(frames.THREAD_EVENT):
            self._push_to_lists(text)
        elif text.startswith(frames.ACCOUNT_CHANGED.encode()):
            pass  # chinwag.chat.sign_in and chinwag.push.sign_outs take it
        elif text.startswith(frames.TYPING):
            if room := self._rooms.get(thread_id):
                room.tell(text)
        else:
            self._count_malformed()

    def _tell_deleted(self, thread_id: int) -> None:
        self._push_to_lists(frames.deleted_frame(thread_id))
        if room := self._rooms.get(thread_id):
            room.close(wire.CloseCode.NO_SUCH_THREAD)

    def _tell_active(self) -> None:
        active, self._active = self._active, {}
        if len(active) > ACTIVE_THREADS:
            self._push_to_lists(frames.LIST_READY)
        else:
            told = active.items()
            self._push_to_lists(*(frames.active_frame(id, seq, newest) for id, (seq, newest) in told))

    def _push_to_lists(self, *texts: bytes) -> None:
        burst = Burst(*texts)
        for subscription in [one for one in self._lists if not one.push(burst)]:
            self._lists.remove(subscription)
            subscription.catch_up()

    def _set_database_available(self, available: bool) -> None:
        if available == self._is_database_available:
            return
        self._is_database_available = available
        frame = frames.database_frame(available)
        self._push_to_lists(frame)
        for room in list(self._rooms.values()):
            room.announce(frame)

    def _tell_outage(self, subscription: AnySubscription) -> None:
        if not self._is_database_available:
            subscription.push(Burst(frames.database_frame(False)))

    def _count_malformed(self) -> None:
        if not self._malformed:
            asyncio.get_running_loop().call_later(COMPLAINT_SECONDS, self._log_malformed)
        self._malformed += 1

    def _log_malformed(self) -> None:
        log.warning("notifications_malformed", count=self._malformed)
        self._malformed = 0


def _number(text: str) -> int | None:
    """Read an id or a seq; None if the text cannot be one.

    str.isdecimal() alone accepts the digits of other scripts, and int() refuses more than 4,300 digits.
    """
    if not (text.isdecimal() and len(text) <= ID_DIGITS and text.isascii()):
        return None
    number = int(text)
    return number if number <= wire.MAX_ID else None
