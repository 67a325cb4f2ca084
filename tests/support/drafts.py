"""Drafts, as a browser follows them."""

from dataclasses import dataclass

from tests.support.client import Client, Frame


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
