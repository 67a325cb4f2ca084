"""Every JSON shape and every code on the wire. SQL makes those of messages and threads itself
(sql/50_frame.sql, 60_notify.sql)."""

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, DecodeError, Meta, Struct, UnsetType, json

MAX_ID = 2**53 - 1
"""The largest id and seq: the largest integer that JavaScript keeps exact. PostgreSQL has room for it."""

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Seq = Annotated[int, Meta(ge=0, le=MAX_ID)]

StoredNumber = Annotated[int, Meta(extra_json_schema={"extra": {"minimum": 0, "maximum": MAX_ID}})]
"""An id or a seq that the table has. It is not checked when it is read: an old row with an id that is out of
the range would make every page unreadable that has it."""

# Said in the OpenAPI document only. The rule itself stands in chinwag.chat.messages and chinwag.chat.threads,
# which answer with a code of their own.
VISIBLE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
Content = Annotated[str, Meta(extra_json_schema={"extra": {"minLength": 1, "pattern": VISIBLE}})]
Title = Annotated[
    str, Meta(extra_json_schema={"extra": {"minLength": 1, "maxLength": 200, "pattern": VISIBLE}})
]

Flag = Annotated[object, Meta(extra_json_schema={"extra": {"type": "boolean"}})]
"""A boolean. Litestar would take 0 and "no" for one, so chinwag.chat.threads looks for itself."""


class CloseCode(IntEnum):
    """Why the server closes a WebSocket (RFC 6455, section 7.4; 4000 and up are the application's)."""

    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    SERVICE_RESTART = 1012
    DATABASE_UNAVAILABLE = 4003
    NO_SUCH_THREAD = 4004
    INTERNAL_ERROR = 4005
    HISTORY_CHANGED = 4006


PREVIEW_CHARACTERS = 120
"""The length of a preview. `thread_preview()` in sql/50_frame.sql cuts at the same length."""


class Thread(Struct, frozen=True):
    """A conversation. `last_seq` is the number of its messages and the seq of the newest; `preview` is the
    beginning of the newest, as it was written, or null if there is none."""

    id: StoredNumber
    title: str
    last_seq: StoredNumber
    created_at: datetime
    updated_at: datetime
    owner: int | None
    pinned: bool
    preview: Annotated[str, Meta(max_length=PREVIEW_CHARACTERS)] | None


class Message(Struct, frozen=True):
    """A message. `seq` is its place in the thread: 1, 2, 3 … without gaps."""

    id: StoredNumber
    thread_id: StoredNumber
    seq: StoredNumber
    role: Literal["user", "assistant"]
    content: str
    created_at: datetime
    client_id: UUID | None
    reply_to: int | None


class Part(Struct, frozen=True):
    """A piece of an excerpt."""

    text: str
    is_match: bool


class Hit(Struct, frozen=True):
    """A message that was found: where it is, and what it says around the first words that match."""

    message: StoredNumber
    thread_id: StoredNumber
    title: str
    seq: StoredNumber
    role: Literal["user", "assistant"]
    created_at: datetime
    parts: list[Part]


class Account(Struct, frozen=True):
    """The account that is signed in. A message of it can have `max_content` characters."""

    id: int
    username: str
    max_content: int


class NewThread(Struct, frozen=True, forbid_unknown_fields=True):
    """A thread to be created."""

    title: Title = "New chat"


class ThreadChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed of a thread: its title, whether it is pinned, or both."""

    title: Title | UnsetType = UNSET
    pinned: Flag | UnsetType = UNSET


class NewMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A message to be stored. Sending it again with its `client_id` stores it once."""

    content: Content
    client_id: UUID | None = None


class ClientFrame(Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser sends on a thread's WebSocket: a ping, or a message to be stored."""

    type: Literal["ping", "message"] = "message"
    content: str | None = None
    client_id: UUID | None = None


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error (RFC 9457). `code` is stable; `title` and `detail` are for people."""

    status: int
    code: str
    title: str
    detail: str
    type: str = "about:blank"


class Health(Struct, frozen=True):
    """The state of a server. It is ready while its LISTEN connection is."""

    status: Literal["ok", "not ready"]


class _MessageSummary(Struct, frozen=True):
    """What the list of threads shows of a message."""

    content: str
    created_at: datetime


class _MessageFrame(Struct, frozen=True):
    data: _MessageSummary


decode_client_frame = json.Decoder(ClientFrame).decode
_decode_summary = json.Decoder(_MessageFrame).decode


def encode_frame(type: str, data: dict[str, Any]) -> bytes:
    """A frame for a browser, in UTF-8: `{"type": …, "data": …}`."""
    return json.encode({"type": type, "data": data})


def error_frame(code: str, message: str, client_id: UUID | None) -> bytes:
    return encode_frame("error", {"code": code, "message": message, "client_id": client_id})


def ready_frame(thread_id: int, last_seq: int) -> bytes:
    """Everything up to `last_seq` has been sent, and what is new follows by itself."""
    return encode_frame("ready", {"thread_id": thread_id, "last_seq": last_seq})


def active_frame(thread_id: int, last_seq: int, newest: str) -> bytes:
    """Tell the list of threads that messages have arrived.

    Args:
        newest: the frame of the newest message, or "" if it was too long for NOTIFY. Without it, or if it is
            not the frame of a message (any role can NOTIFY), `updated_at` and `preview` are null.
    """
    try:
        message = _decode_summary(newest).data if newest else None
    except DecodeError:
        message = None
    data = {
        "thread_id": thread_id,
        "last_seq": last_seq,
        "updated_at": message and message.created_at,
        "preview": message and message.content[:PREVIEW_CHARACTERS],
    }
    return encode_frame("thread.active", data)


def deleted_frame(thread_id: int) -> bytes:
    """For the list of threads: a thread is deleted."""
    return encode_frame("thread.deleted", {"id": thread_id})


def database_frame(available: bool) -> bytes:
    """For every browser: the server has lost the database, or has it again and everything is repaired."""
    return encode_frame("database", {"available": available})


PONG = json.encode({"type": "pong"})

LIST_READY = encode_frame("ready", {})
"""For the list of threads: events follow from here on; what happened before must be read now."""

MESSAGE = '{"type":"message","data":{'
THREAD_EVENT = b'{"type":"thread.'
THREAD_DELETED = b'{"type":"thread.deleted",'
TYPING = b'{"type":"typing",'
"""How the frames begin that the database notifies (sql/50_frame.sql, sql/60_notify.sql), so that they can be
told apart without parsing. Nothing else that is notified reaches a browser."""
