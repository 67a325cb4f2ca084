"""The frames of the WebSocket of a thread."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from chinwag import wire
from chinwag.socket_frames.base import CLIENT_ID, Frame

STORED = {
    "id": 7,
    "thread_id": 1,
    "seq": 3,
    "role": "user",
    "content": "the build is green",
    "created_at": "2026-11-30T09:00:00.123456Z",
    "client_id": CLIENT_ID,
    "reply_to": None,
    "author": 1,
    "written_by": None,
}


class MessageStored(Frame, frozen=True, tag="message"):
    """A message is stored. Each one comes once, and in the order of `seq`: 1, 2, 3 … One with the role
    `system` says what has happened to the thread or its members, as the last one does that an account gets
    which is removed."""

    data: wire.Message
    example: ClassVar[dict[str, Any]] = {"data": STORED}


class ThreadPlace(Struct, frozen=True):
    """A thread, and the `seq` up to which all was sent."""

    thread_id: wire.StoredNumber
    last_seq: wire.StoredNumber


class Ready(Frame, frozen=True, tag="ready"):
    """All messages up to `last_seq` were sent. New ones follow by themselves."""

    data: ThreadPlace
    example: ClassVar[dict[str, Any]] = {"data": {"thread_id": 1, "last_seq": 3}}


class Typist(Struct, frozen=True):
    """Who types, and where. `author` is the id of an account, of a person or of the bot."""

    thread_id: wire.StoredNumber
    role: Literal["user", "assistant"]
    author: int


class Typing(Frame, frozen=True, tag="typing"):
    """Somebody types. It is not stored, and may be lost. It comes for what one types oneself, too."""

    data: Typist
    example: ClassVar[dict[str, Any]] = {"data": {"thread_id": 1, "role": "user", "author": 2}}


class Reading(Struct, frozen=True):
    """Who has read, and up to which message. `account` is the id of a person's account."""

    thread_id: wire.StoredNumber
    account: int
    read_seq: wire.StoredNumber


class Seen(Frame, frozen=True, tag="seen"):
    """A person has read further. It is told only in a private thread of 2 to 12 persons, and may be lost:
    `GET /api/v1/threads/{id}/members` has the `read_seq` of each. It comes for one's own reading, too."""

    data: Reading
    example: ClassVar[dict[str, Any]] = {"data": {"thread_id": 1, "account": 2, "read_seq": 3}}


class DraftText(Struct, frozen=True, omit_defaults=True):
    """A reply that is being written, and what is told of it: what is added (`append`), or the whole text so
    far (`text`).

    Attributes:
        reply_to: the id of the message to which it replies.
        author: the account of the bot; null where an earlier version has no account for it.
        ordinal: who holds n takes an `append` with n + 1, and a `text` with n or more. A lower one is a
            repeat. A higher `append` means that something is missing: ask for all texts (`drafts`).
        failure: why the bot has failed. Somebody may ask again.
    """

    thread_id: wire.StoredNumber
    reply_to: wire.StoredNumber
    author: int | None
    ordinal: wire.StoredNumber
    append: str | None = None
    text: str | None = None
    failure: wire.Failure | None = None


class Draft(Frame, frozen=True, tag="draft"):
    """A bot writes a reply. It is stored when it is complete: then its message comes. To whoever connects,
    the texts of all replies that are under way come before `ready`."""

    data: DraftText
    example: ClassVar[dict[str, Any]] = {
        "data": {"thread_id": 1, "reply_to": 7, "author": 3, "ordinal": 1_000_000_002, "append": "Hel"}
    }


class DraftPlace(Struct, frozen=True):
    """The message to which a reply was under way."""

    thread_id: wire.StoredNumber
    reply_to: wire.StoredNumber


class DraftEnd(Frame, frozen=True, tag="draft.end"):
    """No reply to the message is under way any more: it is stored, and its message comes before this or after
    it, or nobody waits for it."""

    data: DraftPlace
    example: ClassVar[dict[str, Any]] = {"data": {"thread_id": 1, "reply_to": 7}}


class Types(Frame, frozen=True, tag="typing"):
    """Tell the others that the account types here. Send it again every few seconds for as long as it is true;
    what is sent more often is not told."""

    example: ClassVar[dict[str, Any]] = {}


class AsksForDrafts(Frame, frozen=True, tag="drafts"):
    """Ask for the texts of all replies that are under way, because something is missing."""

    example: ClassVar[dict[str, Any]] = {}


class Post(Struct, frozen=True):
    """Store a message. With a `client_id` it may be sent again, and is stored once: it is acknowledged by the
    frame of the message that has this `client_id`, or refused by an error that has it. With `replaces`, the
    seq of the newest message that the account has written, it takes the place of that one."""

    content: wire.Content
    client_id: UUID | None = None
    replaces: wire.Id | None = None
    type: Literal["message"] = "message"
    example: ClassVar[dict[str, Any]] = {
        "type": "message",
        "content": "the build is green",
        "client_id": CLIENT_ID,
    }
