"""Drafts, as a browser follows them."""

import time
from collections import defaultdict
from dataclasses import dataclass, field

import httpx

from chinwag.db.pool import Connection
from tests.support.client import Client, Frame

REPLIES = "select content, ended from message where thread_id = $1 and role = 'assistant' order by seq"


@dataclass
class SeenDraft:
    """A draft, as a browser has it that keeps to the rule of ordinals."""

    ordinal: int
    text: str
    failure: str | None = None
    wholes: int = 1


@dataclass(frozen=True)
class Shown:
    """What a page has shown of a reply from some time on: a whole text, or what was added to it."""

    at: float
    ordinal: int
    piece: str
    is_whole: bool


@dataclass
class Page:
    """The drafts of a thread as a page holds them, and all that it has ever shown of them.

    Attributes:
        held: the drafts, by the messages to which they reply.
        shown: what was shown, on the clock time.monotonic(), by the same.
    """

    held: dict[int, SeenDraft] = field(default_factory=dict)
    shown: defaultdict[int, list[Shown]] = field(default_factory=lambda: defaultdict(list))
    _told: set[int] = field(default_factory=set)

    def connect(self) -> None:
        """Begin to take the frames of another socket."""
        self._told.clear()

    def take(self, frame: Frame) -> bool:
        """Take a frame. False: something is missing, so that the page must ask for the whole texts."""
        kind, data = frame["type"], frame.get("data", {})
        if kind == "draft":
            self._told.add(data["reply_to"])
            return self._take_text(data) if "text" in data else self._take_append(data)
        if kind == "draft.end" or (kind == "message" and data["reply_to"]):
            self.held.pop(data["reply_to"], None)
        elif kind == "ready":
            for reply_to in self.held.keys() - self._told:
                del self.held[reply_to]
        return True

    def texts(self, reply_to: int) -> list[tuple[Shown, str]]:
        """Return all texts that were shown of a reply, each with what has led to it."""
        texts, text = [], ""
        for one in self.shown[reply_to]:
            text = one.piece if one.is_whole else text + one.piece
            texts.append((one, text))
        return texts

    def _take_text(self, told: Frame) -> bool:
        known = self.held.get(told["reply_to"])
        if known is None or told["ordinal"] >= known.ordinal:
            wholes = known.wholes + 1 if known else 1
            self.held[told["reply_to"]] = SeenDraft(
                told["ordinal"], told["text"], told.get("failure"), wholes
            )
            self._show(told, told["text"], is_whole=True)
        return True

    def _take_append(self, told: Frame) -> bool:
        known = self.held.get(told["reply_to"])
        if known is None or told["ordinal"] > known.ordinal + 1:
            return False
        if told["ordinal"] == known.ordinal + 1:
            known.ordinal, known.text = told["ordinal"], known.text + told["append"]
            self._show(told, told["append"], is_whole=False)
        return True

    def _show(self, told: Frame, piece: str, *, is_whole: bool) -> None:
        self.shown[told["reply_to"]].append(Shown(time.monotonic(), told["ordinal"], piece, is_whole))


def drafts_of(reader: Client) -> dict[int, SeenDraft]:
    """Return the drafts that a reader holds after all frames that it has got. Where it would have had to ask
    for the whole text, this fails."""
    page = Page()
    for frame in reader.frames:
        assert page.take(frame), f"something is missing before {frame}"
    return page.held


async def ask(http: httpx.AsyncClient, thread: int, content: str) -> None:
    """Write a message over HTTP."""
    answer = await http.post(f"/threads/{thread}/messages", json={"content": content})
    assert answer.status_code == 201, answer.text


async def until_said(reader: Client, text: str) -> None:
    """Wait until a draft has a text in it."""
    await reader.until(lambda _: any(text in draft.text for draft in drafts_of(reader).values()))


async def replies(db: Connection, thread: int) -> list[tuple[str, str | None]]:
    """Read the replies of a thread: their contents, and why they ended."""
    return [(row["content"], row["ended"]) for row in await db.fetch(REPLIES, thread)]
