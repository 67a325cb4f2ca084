"""The frames of drafts, which are replies that are being written: as the database notifies them, and as
browsers get them."""

from msgspec import DecodeError, Struct, json
from msgspec.structs import replace

from chinwag import wire
from chinwag.frames import encode_frame


class DraftEvent(Struct, frozen=True):
    """What is told of a draft: what is added (`append`), or the whole text. Without either of the two, the
    whole text is in the table.

    Attributes:
        reply_to: the message to which it replies.
        ordinal: the number of what is told; what is added next has the next one.
    """

    reply_to: int
    ordinal: int = 0
    author: int | None = None
    append: str | None = None
    text: str | None = None
    failure: wire.Failure | None = None


class DraftOrder(Struct, frozen=True):
    """What the server is to do that writes a draft: stop it, or else tell all of its text."""

    reply_to: int
    stops: bool = False


class _EventFrame(Struct, frozen=True):
    data: DraftEvent


class _OrderFrame(Struct, frozen=True):
    type: str
    data: DraftOrder


_decode_event = json.Decoder(_EventFrame).decode
_decode_order = json.Decoder(_OrderFrame).decode


def draft_event(frame: bytes) -> DraftEvent | None:
    """Return what is told of a draft; None for any other frame."""
    try:
        return _decode_event(frame).data
    except DecodeError:
        return None


def draft_order(payload: str) -> DraftOrder | None:
    """Return what a notification asks of the server that writes a draft; None for any other notification."""
    _, _, frame = payload.partition(" 0 ")
    if not frame.startswith((_STOP, _WANTED)):
        return None
    try:
        order = _decode_order(frame)
    except DecodeError:
        return None
    return replace(order.data, stops=order.type == "draft.stop")


def whole_frame(thread_id: int, draft: DraftEvent) -> bytes:
    """Make the frame that tells a browser the whole text of a draft, and why it has failed, if it has."""
    data = {
        "thread_id": thread_id,
        "reply_to": draft.reply_to,
        "author": draft.author,
        "ordinal": draft.ordinal,
        "text": draft.text or "",
    }
    return encode_frame("draft", data | ({"failure": draft.failure} if draft.failure else {}))


def end_frame(thread_id: int, reply_to: int) -> bytes:
    """Make the frame that tells a browser that no reply to a message is under way any more."""
    return encode_frame("draft.end", {"thread_id": thread_id, "reply_to": reply_to})


DRAFT = b'{"type":"draft",'
DRAFT_END = b'{"type":"draft.end",'
DRAFT_STOP = b'{"type":"draft.stop",'
DRAFT_WANTED = b'{"type":"draft.wanted",'
"""The beginnings of the frames that the database notifies (sql/67_draft.sql, chinwag.bots). The last two are
for the server that writes the draft."""

_STOP, _WANTED = DRAFT_STOP.decode(), DRAFT_WANTED.decode()
