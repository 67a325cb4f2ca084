"""The drafts of a thread: replies that are being written, as the readers of a room hold them.

What is added to a draft is notified only. It carries an ordinal: what has the next one is pushed to all
readers, a lower one is a repeat, and after a gap the whole text is read from the table, or asked of the
server that writes it. A reader that comes, or that was too slow, gets the whole texts.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

import structlog

from chinwag.draft_frames import DraftEvent, draft_event, end_frame, whole_frame

MOST_DRAFTS = 100
MOST_CHARACTERS = 4_000_000
"""The most drafts of a thread, and the most characters of them, that are held. Forged notifications must not
fill the memory."""

RECENTLY_ENDED = 64
"""The drafts whose ends are told to a reader that was too slow to hear of them."""

WANT_SECONDS = 0.5
MOST_WANT_SECONDS = 30.0
"""The time between two requests for whole texts. It doubles for as long as there is no answer."""

log = structlog.get_logger(__name__)


class SavedDraft(Protocol):
    """A draft as it was saved."""

    @property
    def reply_to(self) -> int: ...
    @property
    def ordinal(self) -> int: ...
    @property
    def frame(self) -> bytes: ...


class DraftSource(NamedTuple):
    """Where whole texts come from.

    Attributes:
        read: `read(thread_id)` returns the drafts of a thread as they were saved.
        want: `want(thread_id, reply_to)` asks the servers that write these drafts to tell their whole texts.
        under_way: returns pairs of a thread and a message to which a reply is under way.
    """

    read: Callable[[int], Awaitable[Sequence[SavedDraft]]]
    want: Callable[[int, list[int]], Awaitable[None]]
    under_way: Callable[[], Awaitable[list[tuple[int, int]]]]


class _Held:
    """A draft, as the readers hold it that are live."""

    __slots__ = ("author", "characters", "failure", "frame", "ordinal", "texts")

    def __init__(self, told: DraftEvent) -> None:
        self.author = told.author
        self.failure = told.failure
        self.ordinal = told.ordinal
        self.texts = [told.text or ""]
        self.characters = len(self.texts[0])
        self.frame: bytes | None = None

    def append(self, told: DraftEvent) -> None:
        self.ordinal = told.ordinal
        self.texts.append(told.append or "")
        self.characters += len(self.texts[-1])
        self.frame = None

    def whole_frame(self, thread_id: int, reply_to: int) -> bytes:
        """Return the frame that tells the whole text. It is made once for all that join at the same time."""
        if self.frame is None:
            self.texts = ["".join(self.texts)]
            whole = DraftEvent(
                reply_to, self.ordinal, author=self.author, text=self.texts[0], failure=self.failure
            )
            self.frame = whole_frame(thread_id, whole)
        return self.frame


class RoomDrafts:
    """The drafts of the thread of a room."""

    def __init__(
        self,
        thread_id: int,
        source: DraftSource,
        push: Callable[[bytes], None],
        is_held_up: Callable[[], bool],
    ) -> None:
        """
        Args:
            push: pushes a frame to the live subscriptions.
            is_held_up: whether nothing may be pushed now, because the room reads the table, and may find
                that some of the live subscriptions were removed before. At the end it calls `go_on`.
        """
        self._thread_id = thread_id
        self._source = source
        self._push = push
        self._is_held_up = is_held_up
        self._untold = False
        """Whether something was not told while the room was held up."""
        self._held: dict[int, _Held] = {}
        self._characters = 0
        self._gaps: dict[int, int] = {}
        """The highest ordinal that was told of each draft of which something is missing."""
        self._ended: set[int] = set()
        """The messages whose drafts have ended while the table is read."""
        self._heard: set[int] = set()
        """The messages of whose drafts a whole text was told while the table is read."""
        self._recently_ended: deque[int] = deque(maxlen=RECENTLY_ENDED)
        self._is_stale = False
        self._loading: asyncio.Task[None] | None = None
        self._known: asyncio.Future[None] | None = None

    def receive(self, told: DraftEvent, frame: bytes) -> None:
        """Take what was told of a draft."""
        held = self._held.get(told.reply_to)
        if told.append is None:
            if held is not None and told.ordinal < held.ordinal:
                return
            if told.text is None:
                self._miss(told)
            else:
                self._hold(told)
                self._tell(frame)
        elif held is not None and told.ordinal <= held.ordinal:
            return  # a repeat, or of a server that has lost its claim
        elif held is not None and told.ordinal == held.ordinal + 1 and held.failure is None:
            held.append(told)
            self._tell(frame)
            self._count(len(told.append))
        else:
            self._miss(told)

    def end(self, told: DraftEvent, frame: bytes) -> None:
        """Forget a draft that was stored as a reply, or withdrawn."""
        if self._loading is not None:
            self._ended.add(told.reply_to)
        self._gaps.pop(told.reply_to, None)
        if self._drop(told.reply_to):
            self._recently_ended.append(told.reply_to)
            self._tell(frame)

    def frames(self) -> list[bytes]:
        """Return the frames that tell the whole texts, for a subscription that becomes live."""
        return [held.whole_frame(self._thread_id, id) for id, held in self._held.items()]

    def ends(self) -> list[bytes]:
        """Return the frames that tell which drafts have ended, for a subscription that was too slow."""
        return [end_frame(self._thread_id, id) for id in self._recently_ended if id not in self._held]

    def go_on(self) -> None:
        """Tell what could not be told while the room was held up."""
        if self._untold:
            self._untold = False
            for frame in (*self.ends(), *self.frames()):
                self._push(frame)

    def has_any(self) -> bool:
        """Whether there are drafts."""
        return bool(self._held)

    def load(self) -> None:
        """Read the drafts in the table, because something may have been missed."""
        self._is_stale = True
        if self._loading is None:
            self._known = asyncio.get_running_loop().create_future()
            self._loading = asyncio.create_task(self._load())

    @property
    def are_known(self) -> bool:
        """Whether the drafts have been read since something may have been missed."""
        return self._known is None

    async def known(self) -> None:
        """Wait until the drafts have been read, or it is known that the database is away."""
        if self._known is not None:
            await asyncio.wait({self._known})

    def close(self) -> None:
        """Read no more, because the room is empty."""
        if self._loading is not None:
            self._loading.cancel()

    def _tell(self, frame: bytes) -> None:
        if self._is_held_up():
            self._untold = True
        else:
            self._push(frame)

    def _hold(self, told: DraftEvent) -> None:
        if self._loading is not None:
            self._heard.add(told.reply_to)
        self._drop(told.reply_to)
        held = self._held[told.reply_to] = _Held(told)
        if self._gaps.get(told.reply_to, 0) <= told.ordinal:
            self._gaps.pop(told.reply_to, None)
        self._count(held.characters)

    def _count(self, characters: int) -> None:
        """Count what was added, and drop the oldest drafts where there are too many."""
        self._characters += characters
        while self._characters > MOST_CHARACTERS or len(self._held) > MOST_DRAFTS:
            self._drop(next(iter(self._held)))

    def _drop(self, reply_to: int) -> bool:
        held = self._held.pop(reply_to, None)
        if held is not None:
            self._characters -= held.characters
        return held is not None

    def _miss(self, told: DraftEvent) -> None:
        if len(self._gaps) < MOST_DRAFTS:
            self._gaps[told.reply_to] = max(told.ordinal, self._gaps.get(told.reply_to, 0))
            self.load()

    async def _load(self) -> None:
        pause = WANT_SECONDS
        try:
            while self._is_stale or self._gaps:
                self._is_stale = False
                await self._read()
                self._set_known()
                if self._is_stale or self._gaps:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, MOST_WANT_SECONDS)  # nobody may be there who writes it
        finally:
            self._loading = None
            self._set_known()

    async def _read(self) -> None:
        self._heard.clear()
        self._ended.clear()
        try:
            self._take(await self._source.read(self._thread_id))
            if self._gaps:
                await self._source.want(self._thread_id, list(self._gaps))
        except Exception as error:
            # The database is away; the room goes on as soon as it is back.
            log.warning("drafts_not_read", thread=self._thread_id, error=type(error).__name__)
            self._is_stale = True

    def _set_known(self) -> None:
        if self._known is not None and not self._known.done():
            self._known.set_result(None)
        self._known = None

    def _take(self, saved: Sequence[SavedDraft]) -> None:
        """Take the drafts as they were saved: those that are newer than what is held, and no others than
        these. More may have been told since, so their whole texts are asked for."""
        for draft in saved:
            held = self._held.get(draft.reply_to)
            is_newer = held is None or draft.ordinal > held.ordinal
            if draft.reply_to not in self._ended and is_newer and (told := draft_event(draft.frame)):
                is_all = told.ordinal == self._gaps.get(told.reply_to) or told.failure is not None
                self._hold(told)
                self._tell(draft.frame)
                if not is_all:
                    self._gaps.setdefault(told.reply_to, told.ordinal)
        known = {draft.reply_to for draft in saved} | self._heard
        for reply_to in [id for id in self._held if id not in known]:
            self._drop(reply_to)
            self._recently_ended.append(reply_to)
            self._tell(end_frame(self._thread_id, reply_to))
        for reply_to in [id for id in self._gaps if id not in known]:
            del self._gaps[reply_to]
