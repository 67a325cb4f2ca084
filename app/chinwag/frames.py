"""The frames that a server itself makes for browsers, and how those begin that the database notifies."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import DecodeError, Struct, json

from chinwag import wire

decode_client_frame = json.Decoder(wire.ClientFrame).decode
"""Decode a frame of a browser."""


class _MessageSummary(Struct, frozen=True):
    """What the list of threads shows of a message."""

    content: str
    created_at: datetime


class _MessageFrame(Struct, frozen=True):
    data: _MessageSummary


class _ChangedAccount(Struct, frozen=True):
    id: int


class _AccountEvent(Struct, frozen=True):
    data: _ChangedAccount


_decode_account_event = json.Decoder(_AccountEvent).decode
_decode_summary = json.Decoder(_MessageFrame).decode


def encode_frame(type: str, data: dict[str, Any]) -> bytes:
    """Make a frame for a browser, in UTF-8: `{"type": …, "data": …}`."""
    return json.encode({"type": type, "data": data})


def error_frame(code: str, message: str, client_id: UUID | None) -> bytes:
    """Make the frame that tells a browser why what it has sent is refused."""
    return encode_frame("error", {"code": code, "message": message, "client_id": client_id})


def ready_frame(thread_id: int, last_seq: int) -> bytes:
    """Make the frame that says that everything up to `last_seq` has been sent, and that new messages follow
    by themselves."""
    return encode_frame("ready", {"thread_id": thread_id, "last_seq": last_seq})


def active_frame(thread_id: int, last_seq: int, newest: str) -> bytes:
    """Make the frame that tells the list of threads that messages have arrived.

    Args:
        newest: the frame of the newest message, or "" if it was too long for NOTIFY. Without it, or if
            it is not the frame of a message (any role can NOTIFY), `updated_at` and `preview` are null.
    """
    try:
        message = _decode_summary(newest).data if newest else None
    except DecodeError:
        message = None
    data = {
        "thread_id": thread_id,
        "last_seq": last_seq,
        "updated_at": message and message.created_at,
        "preview": message and message.content[:wire.PREVIEW_CHARACTERS],
    }
    return encode_frame("thread.active", data)


def deleted_frame(thread_id: int) -> bytes:
    """Make the frame that tells the list of threads that a thread is deleted."""
    return encode_frame("thread.deleted", {"id": thread_id})


def database_frame(available: bool) -> bytes:
    """Make the frame that tells every browser that the server has lost the database, or hears it again and
    has repaired everything."""
    return encode_frame("database", {"available": available})


def changed_account(payload: str) -> int | None:
    """Return the id of the account of which a notification says that it, or one of its sessions, has
    changed; None for any other notification."""
    if not payload.startswith(_ACCOUNT_PAYLOAD):
        return None
    try:
        return _decode_account_event(payload[len("0 0 ") :]).data.id
    except DecodeError:
        return None


PONG = json.encode({"type": "pong"})

LIST_READY = encode_frame("ready", {})
"""The frame for the list of threads that says that events follow from here on. What happened before must be
read now."""

MESSAGE = '{"type":"message","data":{'
THREAD_EVENT = b'{"type":"thread.'
THREAD_DELETED = b'{"type":"thread.deleted",'
TYPING = b'{"type":"typing",'
ACCOUNT_CHANGED = '{"type":"account.changed","data":'
"""The beginnings of the frames that the database notifies (sql/50_frame.sql, sql/60_notify.sql), by which
they are told apart without parsing. Nothing else that is notified is taken, and ACCOUNT_CHANGED is not sent
to browsers."""

_ACCOUNT_PAYLOAD = f"0 0 {ACCOUNT_CHANGED}"
