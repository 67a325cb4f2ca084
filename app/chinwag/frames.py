"""The frames that a server itself makes for browsers, and how those begin that the database notifies."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from msgspec import DecodeError, Meta, Raw, Struct, json
from msgspec.structs import replace

from chinwag import wire

decode_client_frame = json.Decoder(wire.ClientFrame).decode
"""Decode a frame of a browser."""


class _MessageSummary(Struct, frozen=True):
    """What the list of threads shows of a message."""

    content: str
    created_at: datetime


class _MessageFrame(Struct, frozen=True):
    data: _MessageSummary


class SystemMessage(Struct, frozen=True):
    """What a message of the role system says of the members of its thread."""

    event: wire.Event | None
    subject: int | None


class _SystemFrame(Struct, frozen=True):
    data: SystemMessage


class ReadEvent(Struct, frozen=True):
    """The account that has read in a thread, or was mentioned in it."""

    thread_id: int
    account_id: int


class _ReadFrame(Struct, frozen=True):
    data: ReadEvent


class ServerPresence(Struct, frozen=True, omit_defaults=True):
    """What a server tells the others of the accounts that have the page open there.

    Attributes:
        server: tells the servers apart.
        all: nobody is there but those who `came`, and those of the notifications that follow at once.
        asks: the other servers should tell all.
    """

    server: Annotated[str, Meta(max_length=32)]
    came: list[wire.Id] = []
    left: list[wire.Id] = []
    all: bool = False
    asks: bool = False


class _ServerPresenceFrame(Struct, frozen=True):
    data: ServerPresence


class Deletion(Struct, frozen=True):
    """A deleted thread, and who were its members; None stands for all accounts."""

    id: int
    members: list[int] | None = None

    def joined(self, other: Self) -> Self:
        """Return the same deletion with the members of both."""
        if self.members is None or other.members is None:
            return replace(self, members=None)
        return replace(self, members=list({*self.members, *other.members}))


class _DeletionFrame(Struct, frozen=True):
    data: Deletion


class _ChangedAccount(Struct, frozen=True):
    id: int
    public: bool = False


class _AccountEvent(Struct, frozen=True):
    data: _ChangedAccount


_decode_account_event = json.Decoder(_AccountEvent).decode
_decode_summary = json.Decoder(_MessageFrame).decode
_decode_system = json.Decoder(_SystemFrame).decode
_decode_read = json.Decoder(_ReadFrame).decode
_decode_presence = json.Decoder(_ServerPresenceFrame).decode
_decode_deletion = json.Decoder(_DeletionFrame).decode


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


def read_frame(data: Raw) -> bytes:
    """Make the frame that tells the devices of a person what is unread in a thread."""
    return b'{"type":"thread.read","data":' + bytes(data) + b"}"


def way_of(frame: bytes) -> Literal["server", "sql", "bot", "system"]:
    """Return the way on which a message has come, for /metrics, without parsing its frame: through a server,
    from plain SQL without an author, from a bot, or from a change of members."""
    if frame.find(OF_USER, ROLE_AFTER, ROLE_BEFORE) >= 0:
        return "sql" if frame.rfind(WRITTEN_BY, -WRITTEN_BY_FROM_END) >= 0 else "server"
    return "bot" if frame.find(SYSTEM, ROLE_AFTER, ROLE_BEFORE) < 0 else "system"


def system_message(frame: bytes) -> SystemMessage | None:
    """Return what a frame says of the members of its thread; None if it is no message of the role system."""
    if frame.find(SYSTEM, 0, ROLE_BEFORE) < 0:
        return None
    try:
        return _decode_system(frame).data
    except DecodeError:
        return None


def may_lose_access(frame: bytes) -> int | None:
    """Return the account that may not see a thread any more after a message with this frame: EVERYBODY if
    that is not known, None if it is nobody."""
    message = system_message(frame)
    if message is None or message.event is None:
        return None
    if message.event == "closed":
        return EVERYBODY
    return message.subject if message.event in {"left", "removed"} else None


def read_event(frame: bytes) -> ReadEvent | None:
    """Return which account has read in which thread, or was mentioned there; None for any other frame."""
    try:
        return _decode_read(frame).data
    except DecodeError:
        return None


def presence_frame(online: list[int], offline: list[int]) -> bytes:
    """Make the frame that tells a list of threads which accounts have the page open now, and which have not
    any more."""
    return encode_frame("presence", {"online": online, "offline": offline})


def server_presence_frame(told: ServerPresence) -> str:
    """Make the frame by which a server tells the others who is there. It is not for browsers."""
    return json.encode({"type": "server.presence", "data": told}).decode()


def server_presence(frame: bytes) -> ServerPresence | None:
    """Return what a server tells of who is there; None for any other frame."""
    try:
        return _decode_presence(frame).data
    except DecodeError:
        return None


def deletion(frame: bytes) -> Deletion | None:
    """Return which thread is said to be deleted; None for any other frame."""
    try:
        return _decode_deletion(frame).data
    except DecodeError:
        return None


def changed_account(payload: str) -> int | None:
    """Return the id of the account of which a notification says that it, or one of its sessions, has
    changed; None for any other notification."""
    if not payload.startswith(_ACCOUNT_PAYLOAD):
        return None
    try:
        return _decode_account_event(payload[len("0 0 ") :]).data.id
    except DecodeError:
        return None


def is_public_change(frame: bytes) -> bool:
    """Return whether a frame says that something about an account has changed which everybody sees."""
    try:
        return _decode_account_event(frame).data.public
    except DecodeError:
        return False


PONG = json.encode({"type": "pong"})

LIST_READY = encode_frame("ready", {})
"""The frame for the list of threads that says that events follow from here on. What happened before must be
read now."""

MESSAGE = '{"type":"message","data":{'
THREAD_EVENT = b'{"type":"thread.'
THREAD_DELETED = b'{"type":"thread.deleted",'
THREAD_READ = b'{"type":"thread.read",'
SERVER_PRESENCE = b'{"type":"server.presence",'
RELAY_ONLY = b'{"type":"relay.only",'
TYPING = b'{"type":"typing",'
SEEN = b'{"type":"seen",'
ACCOUNT_CHANGED = '{"type":"account.changed","data":'
"""The beginnings of the frames that the database notifies (sql/50_frame.sql, sql/60_notify.sql), by which
they are told apart without parsing. Nothing else that is notified is taken."""

WAKE_BOTS = "0 0 "
"""The notification of a transaction that leaves a request for a reply which can be claimed. It means nothing
but to bots."""

RELAY_MISSED = "0 0 relay.missed"
"""What a relay notifies when it has subscribed anew: before that, it may have missed messages."""

EVERYBODY = 0
"""Stands for all accounts; no account has this id."""

SYSTEM = b'"role":"system"'
OF_USER = b'"role":"user"'
ROLE_AFTER, ROLE_BEFORE = 45, 128
"""The places in the frame of a message between which its role stands: only three numbers come before it. In
the content it cannot stand, because there the quotation marks are escaped."""

WRITTEN_BY = b',"written_by":'
WRITTEN_BY_FROM_END = 512
"""WRITTEN_BY is among so many of the last bytes of a frame, if it is there: only the name of a role and a few
numbers come after it. In the content it cannot stand."""

_ACCOUNT_PAYLOAD = f"0 0 {ACCOUNT_CHANGED}"
