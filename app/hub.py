"""The hub: the rooms of this process, and who in them gets what.

A room is a thread that somebody here reads. It takes a frame only if its seq is the next one; whatever
else happens (a lost connection, a payload too long for NOTIFY, a slow reader) is one case, "I hold n, read
from n+1", and is mended from the table. Nothing here knows SQL, and nothing is parsed.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from app import wire

Replay = Callable[[int, int], Awaitable[list[tuple[int, bytes]]]]
"""`replay(thread_id, after)` reads a page of (seq, frame) from the table; an empty one is the end."""

RECENT_FRAMES = 256
"""How many frames a room keeps for readers that are catching up, while there are such."""

GATHER_SECONDS = 0.25
"""How long the activity of threads is gathered before the lists of threads are told."""

REPAIR_RETRY_SECONDS = 1.0
REPAIR_MISSES = 3
"""So often the table may lack what was notified, before it is taken for lost: a standby that was promoted
without the last transactions of its primary."""

log = structlog.get_logger(__name__)


class Frame:
    """The JSON text of a frame, and its form on the wire: made once for all the sockets that get it."""

    __slots__ = ("_framed", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._framed = b""

    @property
    def framed(self) -> bytes:
        """An unmasked text frame of RFC 6455, section 5.2."""
        if not self._framed:
            size = len(self.text)
            if size < 126:
                head = b"\x81" + size.to_bytes(1, "big")
            elif size < 65536:
                head = b"\x81\x7e" + size.to_bytes(2, "big")
            else:
                head = b"\x81\x7f" + size.to_bytes(8, "big")
            self._framed = head + self.text
        return self._framed


class Subscriber(Protocol):
    """Somebody to whom frames are pushed: a socket."""

    def push(self, frame: Frame) -> bool:
        """Send a frame. False: it was taken, but its reader is too slow to be pushed any more."""

    def catch_up(self) -> None:
        """Called after a push that gave false: read what follows from the table, when there is room."""

    def close(self, code: wire.CloseCode) -> None: ...


class Reader(Subscriber, Protocol):
    """A subscriber to a thread. `seq` is what it holds, up to date while it is not live."""

    seq: int


class Room:
    """A thread with at least one reader here.

    `seq` is what all its live readers hold. A reader that is ahead has read in the table what the database
    has not notified yet; every other one is catching up. `epoch` grows when notifications may be lost.
    """

    def __init__(self, thread_id: int, replay: Replay) -> None:
        self.thread_id = thread_id
        self.seq = 0
        self.epoch = 0
        self._replay = replay
        self.readers: set[Reader] = set()
        self._live: set[Reader] = set()
        self._ahead: set[Reader] = set()
        self._recent: deque[Frame] = deque(maxlen=RECENT_FRAMES)
        self._heard = 0
        self._newest: Frame | None = None
        self._in_doubt = False
        self._repair: asyncio.Task[None] | None = None

    def join(self, reader: Reader) -> None:
        """Register a reader, before it reads the table: so no message falls between."""
        self.readers.add(reader)

    @property
    def end(self) -> int | None:
        """The seq of the newest message, as all live readers hold it; None if that is not known for sure."""
        return self.seq if self._live and self._repair is None else None

    def settle(self, reader: Reader, epoch: int) -> bool:
        """Make a reader live that found the table's end in this epoch, with what has arrived since.

        False: too much has arrived or may be lost, and the table must be read once more.
        """
        if epoch != self.epoch:
            return False
        if not self._is_followed() and self.seq < reader.seq:
            self.seq, self._newest = reader.seq, None
        behind = self.seq - reader.seq
        if behind > len(self._recent):
            return False
        if behind < 0:
            self._ahead.add(reader)
            return True
        for frame in list(self._recent)[len(self._recent) - behind :]:
            reader.push(frame)
        self._live.add(reader)
        return True

    def held_by(self, reader: Reader) -> int:
        """The seq up to which a reader holds everything."""
        return self.seq if reader in self._live else reader.seq

    def leave(self, reader: Reader) -> None:
        self.readers.discard(reader)
        self._live.discard(reader)
        self._ahead.discard(reader)
        if not self.readers and self._repair is not None:
            self._repair.cancel()

    def receive(self, seq: int, frame: Frame | None) -> None:
        """Take what the database has notified: the next frame, a repeat, or the sign of a gap."""
        if frame is not None and seq == self.seq + 1:
            self._take(frame)
        elif seq > self.seq:
            if self._is_followed():
                self._heard = max(self._heard, seq)
                self.repair()
            else:
                self._begin(seq, frame)

    def tell(self, frame: Frame) -> None:
        """Push an event that is not a message to the live readers."""
        self._push(frame)

    def repair(self, *, in_doubt: bool = False) -> asyncio.Task[None] | None:
        """Read from the table what the live readers miss; the task ends when they hold all of it. `in_doubt`:
        look first whether the table still has what they hold."""
        self.epoch += 1
        self._in_doubt |= in_doubt
        if self._repair is None and self._is_followed():
            self._repair = asyncio.create_task(self._mend())
        return self._repair

    def _is_followed(self) -> bool:
        return bool(self._live or self._ahead)

    def _begin(self, seq: int, frame: Frame | None) -> None:
        """Nobody is live: what is missing, the readers read by themselves."""
        self.seq, self._newest = seq, frame
        self._recent.clear()
        if frame is not None:
            self._recent.append(frame)

    def _take(self, frame: Frame) -> None:
        self.seq += 1
        self._newest = frame
        if len(self._live) + len(self._ahead) < len(self.readers):
            self._recent.append(frame)
        elif self._recent:
            self._recent.clear()
        self._push(frame)
        for reader in [reader for reader in self._ahead if reader.seq == self.seq]:
            self._ahead.remove(reader)
            self._live.add(reader)

    def _push(self, frame: Frame) -> None:
        for reader in [reader for reader in self._live if not reader.push(frame)]:
            self._live.remove(reader)
            reader.seq = self.seq
            reader.catch_up()

    async def _mend(self) -> None:
        misses = 0
        try:
            while misses < REPAIR_MISSES:
                try:
                    if self._in_doubt and not await self._is_still_there():
                        return self._begin_anew()
                    page = await self._replay(self.thread_id, self.seq)
                except Exception as error:
                    # The database is away. The readers wait for it, and so do we.
                    log.warning("repair_failed", thread=self.thread_id, error=type(error).__name__)
                    await asyncio.sleep(REPAIR_RETRY_SECONDS * (0.5 + random.random()))
                    continue
                for seq, text in page:
                    if seq == self.seq + 1:
                        self._take(Frame(text))
                if not page:
                    if self.seq >= self._heard:
                        return None
                    misses += 1
            log.error("rows_missing", thread=self.thread_id, seq=self.seq, heard=self._heard)
            self._heard = 0
        finally:
            self._repair = None

    async def _is_still_there(self) -> bool:
        """Whether the table has the message that was pushed last. A standby that was promoted without the
        last transactions of its primary has not, or has another one in its place."""
        seq, newest = self.seq, self._newest
        page = await self._replay(self.thread_id, seq - 1) if seq else []
        self._in_doubt = False
        return not seq or (page[:1] == [(seq, newest.text)] if newest else page != [] and page[0][0] == seq)

    def _begin_anew(self) -> None:
        log.error("history_changed", thread=self.thread_id, seq=self.seq)
        self.epoch += 1
        self.seq, self._newest, self._heard = 0, None, 0
        for some in (self._live, self._ahead, self._recent):
            some.clear()
        for reader in self.readers:
            reader.close(wire.CloseCode.HISTORY_CHANGED)


class Hub:
    """The rooms of this process, and the subscribers to the list of threads."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._rooms: dict[int, Room] = {}
        self._lists: set[Subscriber] = set()
        self._active: dict[int, int] = {}

    def join(self, thread_id: int, reader: Reader) -> Room:
        room = self._rooms.get(thread_id)
        if room is None:
            room = self._rooms[thread_id] = Room(thread_id, self._replay)
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
        frame = Frame(wire.LIST_READY)
        self._push_to_lists(frame)
        repairs = [room.repair(in_doubt=True) for room in list(self._rooms.values())]
        await asyncio.gather(*(task for task in repairs if task), return_exceptions=True)

    def _receive_message(self, thread_id: int, seq: int, text: str) -> None:
        if room := self._rooms.get(thread_id):
            room.receive(seq, Frame(text.encode()) if text else None)
        if self._lists:
            if not self._active:
                asyncio.get_running_loop().call_later(GATHER_SECONDS, self._tell_active)
            # A trigger of somebody's own that writes messages is notified before what it was fired by.
            self._active[thread_id] = max(seq, self._active.get(thread_id, 0))

    def _receive_event(self, thread_id: int, text: bytes) -> None:
        room = self._rooms.get(thread_id)
        if not text.startswith(wire.THREAD_EVENT):
            if room:
                room.tell(Frame(text))
            return
        self._push_to_lists(Frame(text))
        if room and text.startswith(wire.THREAD_DELETED):
            for reader in list(room.readers):
                reader.close(wire.CloseCode.NO_SUCH_THREAD)

    def _tell_active(self) -> None:
        active, self._active = self._active, {}
        for thread_id, seq in active.items():
            self._push_to_lists(Frame(wire.active_frame(thread_id, seq)))

    def _push_to_lists(self, frame: Frame) -> None:
        for subscriber in [one for one in self._lists if not one.push(frame)]:
            self._lists.remove(subscriber)
            subscriber.catch_up()
