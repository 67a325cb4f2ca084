"""The frames of the two WebSockets, as the AsyncAPI document describes them (chinwag.web.asyncapi).

A new frame is a class here, named in one of the tables at the end. Nothing is encoded or decoded with these
classes: the frames are made in chinwag.frames and in sql/, and a test compares what real servers send.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import Meta, Struct

from chinwag import wire

STORED = {
    "id": 7,
    "thread_id": 1,
    "seq": 3,
    "role": "user",
    "content": "the build is green",
    "created_at": "2026-11-30T09:00:00.123456Z",
    "client_id": "0b0e7a0c-6f53-4e0f-9c7d-2f1b8f1f4a11",
    "reply_to": None,
    "author": 1,
    "written_by": None,
}
CREATED = {
    "id": 1,
    "title": "Builds",
    "last_seq": 0,
    "created_at": "2026-11-30T08:59:00.123456Z",
    "updated_at": "2026-11-30T08:59:00.123456Z",
    "owner": 1,
    "pinned": False,
    "preview": None,
    "open": False,
    "direct": None,
}


class Frame(Struct, frozen=True, tag_field="type"):
    """A frame.

    Attributes:
        example: the frame as it may look, without its `type`.
    """

    example: ClassVar[dict[str, Any]]


class MessageStored(Frame, frozen=True, tag="message"):
    """A message is stored. Each one comes once, and in the order of `seq`: 1, 2, 3 … One with the role
    `system` says what has happened to the thread or its members, as the last one does that an account gets
    which is removed."""

    data: wire.Message
    example = {"data": STORED}


class ThreadPlace(Struct, frozen=True):
    """A thread, and the `seq` up to which all was sent."""

    thread_id: wire.StoredNumber
    last_seq: wire.StoredNumber


class Ready(Frame, frozen=True, tag="ready"):
    """All messages up to `last_seq` were sent. New ones follow by themselves."""

    data: ThreadPlace
    example = {"data": {"thread_id": 1, "last_seq": 3}}


class Refused(Struct, frozen=True):
    """Why a frame is refused. The codes are those of HTTP; `message` is for people."""

    code: str
    message: str
    client_id: UUID | None


class Error(Frame, frozen=True, tag="error"):
    """A frame was refused. `client_id` is that of the message that was in it, if it had one."""

    data: Refused
    example = {
        "data": {
            "code": "content_is_empty",
            "message": "The content is empty, or has no visible character.",
            "client_id": STORED["client_id"],
        }
    }


class Typist(Struct, frozen=True):
    """Who types, and where. `author` is the id of an account, of a person or of the bot."""

    thread_id: wire.StoredNumber
    role: Literal["user", "assistant"]
    author: int


class Typing(Frame, frozen=True, tag="typing"):
    """Somebody types. It is not stored, and may be lost. It comes for what one types oneself, too."""

    data: Typist
    example = {"data": {"thread_id": 1, "role": "user", "author": 2}}


class Reading(Struct, frozen=True):
    """Who has read, and up to which message. `account` is the id of a person's account."""

    thread_id: wire.StoredNumber
    account: int
    read_seq: wire.StoredNumber


class Seen(Frame, frozen=True, tag="seen"):
    """A person has read further. It is told only in a private thread of 2 to 12 persons, and may be lost:
    `GET /api/v1/threads/{id}/members` has the `read_seq` of each. It comes for one's own reading, too."""

    data: Reading
    example = {"data": {"thread_id": 1, "account": 2, "read_seq": 3}}


class Availability(Struct, frozen=True):
    """Whether the server hears the database."""

    available: bool


class Database(Frame, frozen=True, tag="database"):
    """The server has lost the database (false), or hears it again, and nothing was missed (true)."""

    data: Availability
    example = {"data": {"available": False}}


class Pong(Frame, frozen=True, tag="pong"):
    """The answer to a ping."""

    example = {}


class Nothing(Struct, frozen=True):
    """An empty object."""


class ListReady(Frame, frozen=True, tag="ready"):
    """Events follow from here on. Read the list now: `GET /api/v1/threads`. It comes again when the account
    was added to a thread, or when events were left out."""

    data: Nothing
    example = {"data": {}}


class ThreadCreated(Frame, frozen=True, tag="thread.created"):
    """A thread was created. What one account has read of it is in the answers of HTTP."""

    data: wire.SharedThread
    example = {"data": CREATED}


class ThreadUpdated(Frame, frozen=True, tag="thread.updated"):
    """A thread was renamed, pinned or unpinned, opened or closed. What one account has read of it stays as it
    was."""

    data: wire.SharedThread
    example = {"data": {**CREATED, "pinned": True}}


class Deleted(Struct, frozen=True):
    """The id of a thread."""

    id: wire.StoredNumber


class ThreadDeleted(Frame, frozen=True, tag="thread.deleted"):
    """A thread was deleted, or the account does not see it any more."""

    data: Deleted
    example = {"data": {"id": 1}}


class Activity(Struct, frozen=True):
    """What the list shows of a thread with new messages. `updated_at` and `preview` are null if the newest
    message was too long for a notification: then read the thread."""

    thread_id: wire.StoredNumber
    last_seq: wire.StoredNumber
    updated_at: datetime | None
    preview: Annotated[str, Meta(max_length=wire.PREVIEW_CHARACTERS)] | None


class ThreadActive(Frame, frozen=True, tag="thread.active"):
    """Messages were stored in a thread."""

    data: Activity
    example = {
        "data": {
            "thread_id": 1,
            "last_seq": 3,
            "updated_at": STORED["created_at"],
            "preview": STORED["content"],
        }
    }


class Unread(Struct, frozen=True):
    """What an account has read of a thread: what follows after `read_seq` is unread, and `mentions` is how
    many of those messages mention the account. `read_seq` is null if it has never read the thread. `level`
    says of which messages it wants to be notified."""

    thread_id: wire.StoredNumber
    read_seq: wire.StoredNumber | None
    last_seq: wire.StoredNumber
    mentions: wire.StoredNumber
    level: wire.Level


class ThreadRead(Frame, frozen=True, tag="thread.read"):
    """The account has read in a thread, on whichever device, was mentioned in it, or has set its level."""

    data: Unread
    example = {"data": {"thread_id": 1, "read_seq": 2, "last_seq": 3, "mentions": 1, "level": "everything"}}


class Presences(Struct, frozen=True):
    """The ids of accounts that have the page open now, and of those that have not any more."""

    online: list[int]
    offline: list[int]


class Presence(Frame, frozen=True, tag="presence"):
    """Accounts have opened the list of threads, or have closed it everywhere. The first one comes right after
    the first `ready`, with all that are there."""

    data: Presences
    example = {"data": {"online": [1, 2], "offline": []}}


class ChangedAccount(Struct, frozen=True):
    """The id of an account. `public` is true, because only what everybody sees is told here."""

    id: int
    public: bool


class AccountChanged(Frame, frozen=True, tag="account.changed"):
    """An account was added, deleted, renamed, disabled, enabled, or has become an administrator or a member.
    Read it again: `GET /api/v1/accounts`."""

    data: ChangedAccount
    example = {"data": {"id": 2, "public": True}}


class Ping(Frame, frozen=True, tag="ping"):
    """Ask whether the server is there."""

    example = {}


class Types(Frame, frozen=True, tag="typing"):
    """Tell the others that the account types here. Send it again every few seconds for as long as it is true;
    what is sent more often is not told."""

    example = {}


class Post(Struct, frozen=True):
    """Store a message. With a `client_id` it may be sent again, and is stored once: it is acknowledged by the
    frame of the message that has this `client_id`, or refused by an error that has it."""

    content: wire.Content
    client_id: UUID | None = None
    type: Literal["message"] = "message"
    example: ClassVar[dict[str, Any]] = {
        "type": "message",
        "content": "the build is green",
        "client_id": STORED["client_id"],
    }


Shape = type[Frame] | type[Post]

TO_THREAD: tuple[Shape, ...] = (Post, Types, Ping)
FROM_THREAD: tuple[Shape, ...] = (MessageStored, Ready, Error, Typing, Seen, Database, Pong)
TO_LIST: tuple[Shape, ...] = (Ping,)
FROM_LIST: tuple[Shape, ...] = (
    ListReady,
    ThreadCreated,
    ThreadUpdated,
    ThreadDeleted,
    ThreadActive,
    ThreadRead,
    Presence,
    AccountChanged,
    Error,
    Database,
    Pong,
)
