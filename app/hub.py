"""The hub: the rooms of this process, and the subscribers to the list of threads."""

import asyncio

import structlog

from app import wire
from app.room import Reader, Replay, Room, Subscriber
from app.turns import Burst, Turns

GATHER_SECONDS = 0.25
"""How long the activity of threads is gathered before the lists of threads are told."""

log = structlog.get_logger(__name__)


class Hub:
    """The rooms of this process, and the subscribers to the list of threads."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._turns = Turns()
        self._rooms: dict[int, Room] = {}
        self._lists: set[Subscriber] = set()
        self._active: dict[int, tuple[int, str]] = {}

    def join(self, thread_id: int, reader: Reader) -> Room:
        room = self._rooms.get(thread_id)
        if room is None:
            room = self._rooms[thread_id] = Room(thread_id, self._replay, self._turns)
        room.join(reader)
        return room

    def leave(self, room: Room, reader: Reader) -> None:
        room.leave(reader)
        if not room.readers and self._rooms.get(room.thread_id) is room:
            del self._rooms[room.thread_id]

    def join_list(self, subscriber: Subscriber) -> None:
        self._lists.add(subscriber)

    def leave_list(self, subscriber: Subscriber) -> None:
        self._lists.discard(subscriber)

    def receive(self, payload: str) -> None:
        """Take a notification: `<thread_id> <seq> <frame>`, without the frame if it is too long."""
        thread_id, _, rest = payload.partition(" ")
        seq, _, text = rest.partition(" ")
        if not (thread_id.isdecimal() and seq.isdecimal()):
            log.warning("notification_malformed", bytes=len(payload))  # anybody can NOTIFY
        elif seq == "0":
            self._receive_event(int(thread_id), text.encode())
        else:
            self._receive_message(int(thread_id), int(seq), text)

    async def repair(self) -> None:
        """Notifications may have been lost: bring every room up to date, and have the lists read anew."""
        self._push_to_lists(wire.LIST_READY)
        repairs = [room.repair(in_doubt=True) for room in list(self._rooms.values())]
        await asyncio.gather(*(task for task in repairs if task), return_exceptions=True)

    def _receive_message(self, thread_id: int, seq: int, text: str) -> None:
        if room := self._rooms.get(thread_id):
            room.receive(seq, text.encode() if text else None)
        if self._lists:
            if not self._active:
                asyncio.get_running_loop().call_later(GATHER_SECONDS, self._tell_active)
            # A trigger of somebody's own that writes messages is notified before what it was fired by.
            self._active[thread_id] = max((seq, text), self._active.get(thread_id, (0, "")))

    def _receive_event(self, thread_id: int, text: bytes) -> None:
        room = self._rooms.get(thread_id)
        if not text.startswith(wire.THREAD_EVENT):
            if room:
                room.tell(text)
            return
        self._push_to_lists(text)
        if room and text.startswith(wire.THREAD_DELETED):
            room.push()
            for reader in list(room.readers):
                reader.close(wire.CloseCode.NO_SUCH_THREAD)

    def _tell_active(self) -> None:
        active, self._active = self._active, {}
        for thread_id, (seq, newest) in active.items():
            self._push_to_lists(wire.active_frame(thread_id, seq, newest))

    def _push_to_lists(self, frame: bytes) -> None:
        burst = Burst(frame)
        for subscriber in [one for one in self._lists if not one.push(burst)]:
            self._lists.remove(subscriber)
            subscriber.catch_up()
