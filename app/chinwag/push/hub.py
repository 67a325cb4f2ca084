"""The hub: all rooms of this process, and the lists of threads."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

import structlog

from chinwag import draft_frames, frames, wire
from chinwag.counts import MESSAGES_HEARD, NOTIFICATIONS_MALFORMED
from chinwag.push.any_subscription import AnySubscription, AnyThreadSubscription
from chinwag.push.audiences import FindAudiences
from chinwag.push.burst import Burst
from chinwag.push.deletions import Deletions, FindThreads
from chinwag.push.lists import FindRead, Lists
from chinwag.push.pacing import PushScheduler
from chinwag.push.replay import Replay
from chinwag.push.room import Room
from chinwag.push.room_drafts import DraftSource

ID_DIGITS = len(str(wire.MAX_ID))

MOST_THREADS_WITH_DRAFTS = 10_000
MOST_DRAFTS_OF_THREAD = 1_000
"""How much is remembered of what is under way: notifications may be forged."""

COMPLAINT_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Hub:
    """The rooms of this process, and its lists of threads.

    Attributes:
        presence: who has the page open, here and on other servers.
    """

    def __init__(
        self,
        replay: Replay,
        find_threads: FindThreads,
        find_audiences: FindAudiences,
        find_read: FindRead,
        notify: Callable[[str], Awaitable[None]],
        drafts: DraftSource,
        *,
        late_rows_seconds: float = 0,
    ) -> None:
        """
        Args:
            late_rows_seconds: how long a row is looked for that a relay has notified; 0 without relays.
        """
        self._replay = replay
        self._late_rows_seconds = late_rows_seconds
        self._draft_source = drafts
        self._drafts: defaultdict[int, set[int]] = defaultdict(set)
        """The messages to which replies are under way, by their threads."""
        self._deletions = Deletions(find_threads, self._tell_deleted)
        self._scheduler = PushScheduler()
        self._rooms: dict[int, Room] = {}
        self._lists = Lists(find_audiences, find_read, notify)
        self.presence = self._lists.presence
        self._is_database_available = True
        self._takers: list[tuple[bytes, Callable[[int, bytes], None]]] = [
            (frames.THREAD_DELETED, self._check_deletion),
            (frames.THREAD_READ, self._tell_read),
            (frames.THREAD_EVENT, self._lists.tell_of),
            (frames.ACCOUNT_CHANGED.encode(), self._tell_of_account),
            (frames.TYPING, self._tell_room),
            (frames.SEEN, self._tell_room),
            (draft_frames.DRAFT, self._tell_draft),
            (draft_frames.DRAFT_END, self._end_draft),
            (draft_frames.DRAFT_STOP, lambda _, text: None),  # chinwag.bots.replies takes these two
            (draft_frames.DRAFT_WANTED, lambda _, text: None),
            (frames.SERVER_PRESENCE, lambda _, text: self.presence.receive(text)),
            (frames.RELAY_ONLY, lambda _, text: None),  # chinwag.push.hearing takes it
        ]
        """What is done with the events that are not messages, by the beginnings of their frames."""
        self._knows_drafts = False
        self._malformed = 0

    def sockets(self) -> tuple[int, int, int]:
        """Return the numbers of subscriptions to threads and to the list of threads, and how many of the
        first ones are not live."""
        rooms = self._rooms.values()
        return (
            sum(len(room.subscriptions) for room in rooms),
            self._lists.count(),
            sum(room.behind() for room in rooms),
        )

    def rooms(self) -> int:
        """Return the number of rooms."""
        return len(self._rooms)

    def join(self, thread_id: int, subscription: AnyThreadSubscription) -> Room:
        """Have a subscription join the room of a thread, which is made if there is none."""
        room = self._rooms.get(thread_id)
        if room is None:
            room = self._rooms[thread_id] = Room(
                thread_id,
                self._replay,
                self._scheduler,
                self._draft_source,
                late_rows_seconds=self._late_rows_seconds,
            )
            if thread_id in self._drafts or not self._knows_drafts:
                room.drafts.load()
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
        self._lists.join(subscription)
        self._tell_outage(subscription)

    def leave_list(self, subscription: AnySubscription) -> None:
        """Stop pushing the events of the list of threads to a subscription."""
        self._lists.leave(subscription)

    def receive(self, payload: str) -> None:
        """Take a notification: `<thread_id> <seq> <frame>`, without the frame if it is too long.

        Anybody who can connect to the database can NOTIFY, so nothing else is taken (sql/50_frame.sql). Only
        the beginning and the end of a frame are checked. A frame is parsed only for the lists of threads,
        and only the newest one of each thread, or if it is about the members of a thread.
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
        self.presence.hear_again()
        self._lists.read_anew()
        await self._find_drafts()
        repairs = [room.repair(in_doubt=True) for room in list(self._rooms.values())]
        await asyncio.gather(*(task for task in repairs if task), return_exceptions=True)
        self._set_database_available(True)

    async def _find_drafts(self) -> None:
        """Read in which threads replies are under way, and have the rooms read these."""
        self._knows_drafts = False
        self._drafts.clear()
        try:
            found = await self._draft_source.under_way()
        except Exception as error:
            log.warning("drafts_not_found", error=type(error).__name__)  # then each room reads its own
            found = []
        else:
            self._knows_drafts = True
        for thread_id, reply_to in found:
            self._drafts[thread_id].add(reply_to)
        for room in list(self._rooms.values()):
            if room.thread_id in self._drafts or not self._knows_drafts or room.drafts.has_any():
                room.drafts.load()

    def _receive_message(self, thread_id: int, seq: int, text: str) -> None:
        frame = text.encode() if text else None
        way = frames.way_of(frame) if frame else "long"
        room = self._rooms.get(thread_id)
        MESSAGES_HEARD.values[way, "yes" if room else "no"] += 1
        if room:
            room.receive(seq, frame)
        if frame and way == "system" and (message := frames.system_message(frame)):
            self._lists.change_members(thread_id, message)
        self._lists.tell_active(thread_id, seq, text)

    def _receive_event(self, thread_id: int, text: bytes) -> None:
        takers = [take for beginning, take in self._takers if text.startswith(beginning)]
        if takers and text.endswith(b"}"):
            takers[0](thread_id, text)
        elif text:  # without text it only wakes the bots
            self._count_malformed()

    def _check_deletion(self, thread_id: int, text: bytes) -> None:
        if (deletion := frames.deletion(text)) and deletion.id == thread_id:
            self._deletions.check(deletion)

    def _tell_read(self, _: int, text: bytes) -> None:
        if event := frames.read_event(text):
            self._lists.tell_read(event)

    def _tell_of_account(self, _: int, text: bytes) -> None:
        # chinwag.chat.sign_in and chinwag.push.sign_outs take the others.
        if frames.is_public_change(text):
            self._lists.tell_all(text)

    def _tell_room(self, thread_id: int, text: bytes) -> None:
        if room := self._rooms.get(thread_id):
            room.tell(text)

    def _tell_draft(self, thread_id: int, text: bytes) -> None:
        if told := draft_frames.draft_event(text):
            if len(self._drafts) > MOST_THREADS_WITH_DRAFTS:  # then each room reads its own
                self._drafts.clear()
                self._knows_drafts = False
            if len(self._drafts[thread_id]) < MOST_DRAFTS_OF_THREAD:
                self._drafts[thread_id].add(told.reply_to)
            if room := self._rooms.get(thread_id):
                room.drafts.receive(told, text)

    def _end_draft(self, thread_id: int, text: bytes) -> None:
        if told := draft_frames.draft_event(text):
            if thread_id in self._drafts:
                self._drafts[thread_id].discard(told.reply_to)
                if not self._drafts[thread_id]:
                    del self._drafts[thread_id]
            if room := self._rooms.get(thread_id):
                if self._late_rows_seconds:
                    room.repair()  # the reply itself may come later, through a relay, and belongs before this
                room.drafts.end(told, text)

    def _tell_deleted(self, deletion: frames.Deletion) -> None:
        self._lists.tell_deleted(deletion)
        if room := self._rooms.get(deletion.id):
            room.close(wire.CloseCode.NO_SUCH_THREAD)

    def _set_database_available(self, available: bool) -> None:
        if available == self._is_database_available:
            return
        self._is_database_available = available
        frame = frames.database_frame(available)
        self._lists.tell_all(frame)
        for room in list(self._rooms.values()):
            room.announce(frame)

    def _tell_outage(self, subscription: AnySubscription) -> None:
        if not self._is_database_available:
            subscription.push(Burst(frames.database_frame(False)))

    def _count_malformed(self) -> None:
        NOTIFICATIONS_MALFORMED.add()
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
