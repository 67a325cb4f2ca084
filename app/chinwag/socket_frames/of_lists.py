"""The frames of the WebSocket of the list of threads."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from chinwag import wire
from chinwag.socket_frames.base import Frame

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


class Nothing(Struct, frozen=True):
    """An empty object."""


class ListReady(Frame, frozen=True, tag="ready"):
    """Events follow from here on. Read the list now: `GET /api/v1/threads`. It comes again when the account
    was added to a thread, or when events were left out."""

    data: Nothing
    example: ClassVar[dict[str, Any]] = {"data": {}}


class ThreadCreated(Frame, frozen=True, tag="thread.created"):
    """A thread was created. What one account has read of it is in the answers of HTTP."""

    data: wire.SharedThread
    example: ClassVar[dict[str, Any]] = {"data": CREATED}


class ThreadUpdated(Frame, frozen=True, tag="thread.updated"):
    """A thread was renamed, pinned or unpinned, opened or closed. What one account has read of it stays as it
    was."""

    data: wire.SharedThread
    example: ClassVar[dict[str, Any]] = {"data": {**CREATED, "pinned": True}}


class Deleted(Struct, frozen=True):
    """The id of a thread."""

    id: wire.StoredNumber


class ThreadDeleted(Frame, frozen=True, tag="thread.deleted"):
    """A thread was deleted, or the account does not see it any more."""

    data: Deleted
    example: ClassVar[dict[str, Any]] = {"data": {"id": 1}}


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
    example: ClassVar[dict[str, Any]] = {
        "data": {
            "thread_id": 1,
            "last_seq": 3,
            "updated_at": "2026-11-30T09:00:00.123456Z",
            "preview": "the build is green",
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
    example: ClassVar[dict[str, Any]] = {
        "data": {"thread_id": 1, "read_seq": 2, "last_seq": 3, "mentions": 1, "level": "everything"}
    }


class Presences(Struct, frozen=True):
    """The ids of accounts that have the page open now, and of those that have not any more."""

    online: list[int]
    offline: list[int]


class Presence(Frame, frozen=True, tag="presence"):
    """Accounts have opened the list of threads, or have closed it everywhere. The first one comes right after
    the first `ready`, with all that are there."""

    data: Presences
    example: ClassVar[dict[str, Any]] = {"data": {"online": [1, 2], "offline": []}}


class ChangedAccount(Struct, frozen=True):
    """The id of an account. `public` is true, because only what everybody sees is told here."""

    id: int
    public: bool


class AccountChanged(Frame, frozen=True, tag="account.changed"):
    """An account was added, deleted, renamed, disabled, enabled, or has become an administrator or a member.
    Read it again: `GET /api/v1/accounts`."""

    data: ChangedAccount
    example: ClassVar[dict[str, Any]] = {"data": {"id": 2, "public": True}}
