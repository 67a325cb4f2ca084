"""A draft: a reply while this server writes it."""

import asyncio
from collections.abc import Iterator

import msgspec

APPEND_BYTES = 6_000
"""The most bytes of JSON text in one notification of what is added. NOTIFY takes less than 8,000, and the
rest of the frame needs up to 300."""

WHOLE_BYTES = 60_000
"""If more than this is added at once, it is saved, and the servers read it in the table: ten notifications
would cost each of them more."""


class Draft:
    """What this server has written of a reply.

    Attributes:
        ordinal: the number of what was told last.
        is_told: whether its readers can follow what is told next. At the beginning, and when something was
            lost, they need the whole text.
        is_lost: whether another server has taken it over, or nobody waits for it any more.
        is_stopped: whether a person has stopped it.
        writing: the bot at work, which is cancelled when the draft is lost or a person stops it.
    """

    def __init__(
        self, message_id: int, thread_id: int, author: int, attempt: int, first_ordinal: int
    ) -> None:
        self.message_id = message_id
        self.thread_id = thread_id
        self.author = author
        self.attempt = attempt
        self.ordinal = first_ordinal
        self.saved_ordinal = first_ordinal - 1
        self.saved_at = 0.0
        self.is_told = False
        self.is_lost = False
        self.is_stopped = False
        self.writing: asyncio.Task[None] | None = None
        self.characters = 0
        self._parts: list[str] = []
        self._pending: list[str] = []
        self._pending_characters = 0

    @property
    def text(self) -> str:
        """The whole text, also what was not told yet."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def told_text(self) -> str:
        """The text that belongs to `ordinal`."""
        return self.text[: self.characters - self._pending_characters]

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._pending) or not self.is_told

    @property
    def needs_saving(self) -> bool:
        """Whether readers need the whole text, or there is too much for notifications."""
        return not self.is_told or self._pending_characters > WHOLE_BYTES // 2

    def append(self, piece: str) -> None:
        """Add to the text."""
        self._parts.append(piece)
        self._pending.append(piece)
        self.characters += len(piece)
        self._pending_characters += len(piece)

    def begin_again(self, attempt: int, first_ordinal: int) -> None:
        """Go on under a new claim, because the former lease had ended."""
        self.attempt, self.ordinal, self.saved_ordinal = attempt, first_ordinal, first_ordinal - 1
        self.is_told = False

    def lose(self) -> None:
        """Stop writing, because nobody waits for it here any more."""
        if not self.is_lost:
            self.is_lost = True
            self.cancel()

    def stop(self) -> None:
        """Stop writing, because a person wants it: what was said stays. Another cancellation would interrupt
        what the bot does to clean up."""
        if not self.is_stopped:
            self.is_stopped = True
            self.cancel()

    def cancel(self) -> None:
        if self.writing is not None:
            self.writing.cancel()

    def take_whole(self) -> tuple[int, str]:
        """Take the whole text to be told, with its ordinal."""
        if self._pending:
            self.ordinal += 1
            self._forget_pending()
        self.is_told = True
        return self.ordinal, self.text

    def take_appends(self) -> Iterator[tuple[int, str]]:
        """Take what was added, in parts that a notification can take, with their ordinals."""
        text = "".join(self._pending)
        self._forget_pending()
        for part in parts_of(text):
            self.ordinal += 1
            yield self.ordinal, part

    def _forget_pending(self) -> None:
        self._pending.clear()
        self._pending_characters = 0


def parts_of(text: str) -> Iterator[str]:
    """Cut a text into parts of at most APPEND_BYTES bytes in JSON, and between characters."""
    begin = 0
    while begin < len(text):
        end = begin + APPEND_BYTES
        while len(msgspec.json.encode(text[begin:end])) > APPEND_BYTES:
            end = begin + max(1, (min(end, len(text)) - begin) * 3 // 4)
        yield text[begin:end]
        begin = end
