"""A room: a thread that somebody here reads, and who in it holds what.

It takes a frame only if its seq is the next one; whatever else happens (a lost connection, a payload too
long for NOTIFY, a slow reader) is one case, "I hold n, read from n+1", and is mended from the table. Nothing
here knows SQL, and nothing is parsed.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from app import wire
from app.turns import Burst, Turns

Replay = Callable[[int, int], Awaitable[list[tuple[int, bytes]]]]
"""`replay(thread_id, after)` reads a page of (seq, frame) from the table; an empty one is the end."""

RECENT_FRAMES = 256
"""How many frames a room keeps for readers that are catching up, while there are such."""

TURN_BYTES = 256 * 1024
"""More than this is pushed before the turn ends, so that a burst does not pile up for each socket."""

REPAIR_RETRY_SECONDS = 1.0
REPAIR_MISSES = 3
"""So often the table may lack what was notified, before it is taken for lost: a standby that was promoted
without the last transactions of its primary."""

log = structlog.get_logger(__name__)


class Subscriber(Protocol):
    """Somebody to whom frames are pushed: a socket."""

    def push(self, burst: Burst) -> bool:
        """Send frames. False: they were taken, but their reader is too slow to be pushed any more."""

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

    def __init__(self, thread_id: int, replay: Replay, turns: Turns) -> None:
        self.thread_id = thread_id
        self.seq = 0
        self.epoch = 0
        self._replay = replay
        self._turns = turns
        self._turn: list[bytes] = []
        self._turn_bytes = 0
        self.readers: set[Reader] = set()
        self._live: set[Reader] = set()
        self._ahead: set[Reader] = set()
        self._recent: deque[bytes] = deque(maxlen=RECENT_FRAMES)
        self._heard = 0
        self._newest: bytes | None = None
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
            self._recent.clear()  # they are not the ones before it
        behind = self.seq - reader.seq
        if behind > len(self._recent):
            return False
        if behind < 0:
            self._ahead.add(reader)
            return True
        if behind:
            reader.push(Burst(*list(self._recent)[-behind:]))
        self._make_live(reader)
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

    def receive(self, seq: int, frame: bytes | None) -> None:
        """Take what the database has notified: the next frame, a repeat, or the sign of a gap."""
        if frame is not None and seq == self.seq + 1:
            self._take(frame)
        elif seq > self.seq:
            if self._is_followed():
                self._heard = max(self._heard, seq)
                self.repair()
            else:
                self._begin(seq, frame)

    def tell(self, frame: bytes) -> None:
        """Push an event that is not a message to the live readers."""
        self._add(frame)

    def push(self) -> None:
        """Push to the live readers what they are to have, instead of at the end of the turn."""
        turn, self._turn, self._turn_bytes = self._turn, [], 0
        if not turn:
            return
        burst = Burst(*turn)
        for reader in [reader for reader in self._live if not reader.push(burst)]:
            self._live.remove(reader)
            reader.seq = self.seq
            reader.catch_up()

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

    def _begin(self, seq: int, frame: bytes | None) -> None:
        """Nobody is live: what is missing, the readers read by themselves."""
        self.seq, self._newest = seq, frame
        self._recent.clear()
        if frame is not None:
            self._recent.append(frame)

    def _take(self, frame: bytes) -> None:
        self.seq += 1
        self._newest = frame
        if len(self._live) + len(self._ahead) < len(self.readers):
            self._recent.append(frame)
        elif self._recent:
            self._recent.clear()
        self._add(frame)
        for reader in [reader for reader in self._ahead if reader.seq == self.seq]:
            self._ahead.remove(reader)
            self._make_live(reader)

    def _add(self, frame: bytes) -> None:
        if not self._turn:
            self._turns.add(self.push)
        self._turn.append(frame)
        self._turn_bytes += len(frame)
        if self._turn_bytes > TURN_BYTES:
            self.push()

    def _make_live(self, reader: Reader) -> None:
        self.push()  # before it is one of those who get it: it holds that already
        self._live.add(reader)

    async def _mend(self) -> None:
        misses = 0
        try:
            while misses < REPAIR_MISSES:
                try:
                    if self._in_doubt and not await self._is_still_there():
                        return self._begin_anew()
                    heard = self._heard
                    page = await self._replay(self.thread_id, self.seq)
                except Exception as error:
                    # The database is away. The readers wait for it, and so do we.
                    log.warning("repair_failed", thread=self.thread_id, error=type(error).__name__)
                    await asyncio.sleep(REPAIR_RETRY_SECONDS * (0.5 + random.random()))
                    continue
                for seq, text in page:
                    if seq == self.seq + 1:
                        self._take(text)
                if not page:
                    if self.seq >= self._heard:
                        return None
                    # What was heard while the table was being read, may have been committed behind it.
                    misses += heard > self.seq
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
        return not seq or (page[:1] == [(seq, newest)] if newest else page != [] and page[0][0] == seq)

    def _begin_anew(self) -> None:
        log.error("history_changed", thread=self.thread_id, seq=self.seq)
        self.push()
        self.epoch += 1
        self.seq, self._newest, self._heard = 0, None, 0
        for some in (self._live, self._ahead, self._recent):
            some.clear()
        for reader in self.readers:
            reader.close(wire.CloseCode.HISTORY_CHANGED)
