"""Drafts, as a browser follows them."""

from dataclasses import dataclass

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


def drafts_of(reader: Client) -> dict[int, SeenDraft]:
    """Return the drafts that a reader holds after all frames that it has got. Where it would have had to ask
    for the whole text, this fails."""
    held: dict[int, SeenDraft] = {}
    for frame in reader.frames:
        if frame["type"] == "draft":
            _take(held, frame["data"])
        elif frame["type"] == "draft.end" or frame["type"] == "message":
            held.pop(frame["data"]["reply_to"], None)
    return held


def _take(held: dict[int, SeenDraft], told: Frame) -> None:
    known = held.get(told["reply_to"])
    if "text" in told:
        if known is None or told["ordinal"] >= known.ordinal:
            wholes = known.wholes + 1 if known else 1
            held[told["reply_to"]] = SeenDraft(told["ordinal"], told["text"], told.get("failure"), wholes)
        return
    assert known is not None, f"there is nothing to which {told} could be added"
    assert told["ordinal"] <= known.ordinal + 1, f"something is missing before {told}"
    if told["ordinal"] == known.ordinal + 1:
        known.ordinal, known.text = told["ordinal"], known.text + told["append"]


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
