"""The answer of a language model, as the events of its stream tell it."""

from typing import Any

import msgspec

from chinwag.bots.endpoint import TryFailed
from chinwag.bots.events import EventReader, EventTooLong

CUT = {"length", "content_filter"}
"""The reasons to end of a model that had more to say."""


class Delta(msgspec.Struct):
    """What is new in an event. Reasoning, which has different names, is not shown, but shows that the model
    works."""

    content: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None


class Choice(msgspec.Struct):
    delta: Delta | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    """The data of an event."""

    choices: list[Choice] | None = None
    error: Any = None


class Answer:
    """What has come of an answer.

    Attributes:
        is_done: whether the stream says that nothing follows.
        finish_reason: why the model has ended, if it has.
    """

    def __init__(self) -> None:
        self.is_done = False
        self.finish_reason: str | None = None
        self._reader = EventReader()

    @property
    def has_ended(self) -> bool:
        return self.is_done or self.finish_reason is not None

    @property
    def is_cut(self) -> bool:
        return self.finish_reason in CUT

    def take(self, chunk: bytes) -> str | None:
        """Take bytes of the stream, and return the text in them: "" if it is not shown, and None if there is
        no token in them at all.

        Raises:
            TryFailed
        """
        text, has_token = "", False
        try:
            for data in self._reader.feed(chunk):
                if data == b"[DONE]":
                    self.is_done = True
                    break
                delta, reason = _read(data)
                text += delta.content or ""
                has_token |= bool(delta.content or delta.reasoning_content or delta.reasoning)
                self.finish_reason = reason or self.finish_reason
        except EventTooLong:
            raise TryFailed("model_answer_invalid") from None
        return text if has_token else None


def _read(data: bytes) -> tuple[Delta, str | None]:
    """Return what is new in an event, and why the answer ends if it does."""
    try:
        chunk = msgspec.json.decode(data, type=Chunk)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise TryFailed("model_answer_invalid") from None
    if chunk.error:
        raise TryFailed("model_error")
    choice = chunk.choices[0] if chunk.choices else Choice()
    return choice.delta or Delta(), choice.finish_reason
