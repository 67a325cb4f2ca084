"""Readers of replies that are being written. They share no code with the server."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from chinwag.bench.client import Client
from tests.support.timed import times_of


class Data(msgspec.Struct):
    reply_to: int | None = None
    ordinal: int = 0
    append: str | None = None
    text: str | None = None
    content: str | None = None


class Frame(msgspec.Struct):
    type: str
    data: Data = msgspec.field(default_factory=Data)


_decode = msgspec.json.Decoder(Frame).decode


class DraftClient(Client):
    """A client that shows the reply of its thread as it is written, and compares it with the stored one.

    Attributes:
        latencies: the seconds that each word took from the bot to this socket.
        text: what is shown; at the end, what is stored.
        frames: how many frames of drafts have come.
        gaps: how often the client had to ask for the whole text.
        wrong: why what was shown is not what is stored.
    """

    def __init__(self) -> None:
        super().__init__()
        self.latencies: list[float] = []
        self.text = ""
        self.frames = self.gaps = 0
        self.is_complete = False
        self.wrong = ""
        self._ordinal = -1

    def begin(self) -> None:
        """Wait for another reply."""
        self.latencies, self.text, self.frames, self.gaps = [], "", 0, 0
        self.is_complete, self.wrong, self._ordinal = False, "", -1

    def hear(self, payload: memoryview) -> None:
        now = time.monotonic()
        frame = _decode(payload)
        if frame.type == "ready":
            self.become_ready()
        elif frame.type == "draft":
            self.frames += 1
            self._take(frame.data, now)
        elif frame.type == "message" and frame.data.reply_to:
            self._end(frame.data.content or "")

    def _take(self, data: Data, now: float) -> None:
        if data.text is not None:
            if data.ordinal >= self._ordinal:
                if not data.text.startswith(self.text):
                    self.wrong = "a whole text does not begin with what was shown before"
                self._time(data.text[len(self.text) :], now)
                self.text, self._ordinal = data.text, data.ordinal
        elif data.append is not None and data.ordinal == self._ordinal + 1:
            self._time(data.append, now)
            self.text, self._ordinal = self.text + data.append, data.ordinal
        elif data.ordinal > self._ordinal:
            self.gaps += 1
            self.send(b'{"type":"drafts"}')

    def _time(self, words: str, now: float) -> None:
        self.latencies += [now - said for said in times_of(words)]

    def _end(self, content: str) -> None:
        if not content.startswith(self.text):
            self.wrong = "the stored reply does not begin with what was shown"
        self.text, self.is_complete = content, True


def faults(clients: Sequence[DraftClient], stored: dict[int, str], threads: Sequence[int]) -> list[str]:
    """Return what is wrong with what clients hold; each client belongs to the thread at its place."""
    return [
        f"thread {thread}: {client.wrong or client.lost or 'the text is not the row'}"
        for client, thread in zip(clients, threads, strict=True)
        if client.wrong or client.transport is None or client.text != stored.get(thread)
    ]


def percentile(values: Sequence[float], percent: float) -> float:
    ordered: list[Any] = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]) if ordered else 0.0
