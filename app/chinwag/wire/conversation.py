"""Threads and messages on the wire, and problems."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from chinwag.wire.base import VISIBLE, Flag, Id, Name, Seq, StoredNumber, Usernames

Content = Annotated[str, Meta(extra_json_schema={"extra": {"minLength": 1, "pattern": VISIBLE}})]

Title = Annotated[
    str, Meta(extra_json_schema={"extra": {"minLength": 1, "maxLength": 200, "pattern": VISIBLE}})
]

Level = Literal["everything", "mentions", "nothing"]
"""Of which messages of a thread a person wants to be notified."""

PREVIEW_CHARACTERS = 120
"""The length of a preview. `thread_preview()` in sql/50_frame.sql cuts at the same length."""


class SharedThread(Struct, frozen=True):
    """A thread, which people read as "chat", without what one account has read of it.

    Attributes:
        last_seq: the number of its messages, and the seq of the newest one.
        preview: the beginning of the newest message, as it was written; null if there is no message.
        open: whether everybody sees it, and not only its members.
        direct: the ids of its people, if it is a direct chat: there is one for each set of people.
    """

    id: StoredNumber
    title: str
    last_seq: StoredNumber
    created_at: datetime
    updated_at: datetime
    owner: int | None
    pinned: bool
    preview: Annotated[str, Meta(max_length=PREVIEW_CHARACTERS)] | None
    open: bool
    direct: list[int] | None


class Thread(SharedThread, frozen=True):
    """A thread, which people read as "chat", as the account that asks sees it.

    Attributes:
        last_seq: the number of its messages, and the seq of the newest one.
        preview: the beginning of the newest message, as it was written; null if there is no message.
        open: whether everybody sees it, and not only its members.
        direct: the ids of its people, if it is a direct chat: there is one for each set of people.
        read_seq: the seq up to which the account that asks has read it; null if it never has.
        unread: how many messages follow after read_seq; 0 if that is null.
        mentions: how many of those that it has not read mention the account.
        level: of which messages the account wants to be notified.
    """

    read_seq: StoredNumber | None
    unread: StoredNumber
    mentions: StoredNumber
    level: Level


Role = Literal["user", "assistant", "system"]

Event = Literal["added", "joined", "left", "removed", "renamed", "opened", "closed"]


Ended = Literal["stopped", "cut"]
"""Why a reply ends in the middle: somebody has stopped it, or it has reached a limit."""

Failure = Literal[
    "bot_failed",
    "bot_keeps_crashing",
    "bot_unavailable",
    "model_unreachable",
    "model_refused",
    "model_busy",
    "model_error",
    "model_timeout",
    "model_stalled",
    "model_broke_off",
    "model_answer_invalid",
    "model_said_nothing",
]
"""Why a bot has not replied:

- `bot_failed`: an error in the bot; its traceback is in the log.
- `bot_keeps_crashing`: each of several servers that tried has died.
- `bot_unavailable`: the bot is disabled, or does not see the thread.
- `model_unreachable`: no connection to the endpoint of the model.
- `model_refused`: it answered 4xx: the key, the model or the request is wrong.
- `model_busy`: it answered 429, also when it was asked again.
- `model_error`: it answered 5xx, also when it was asked again.
- `model_timeout`: the first token took too long.
- `model_stalled`: a later token took too long.
- `model_broke_off`: the connection was lost in the middle.
- `model_answer_invalid`: the answer is not that of such an endpoint.
- `model_said_nothing`: the reply has no visible character.
"""


class Message(Struct, frozen=True, omit_defaults=True):
    """A message.

    Attributes:
        seq: its place in its thread: 1, 2, 3 … without gaps.
        role: of a person, of a bot, or a message about the thread and its members, which names its `event`
            and the account that is its `subject`.
        author: the account for which it was written. Messages of versions before there were accounts have
            none.
        written_by: the database role that has written it, if that named no author.
        ended: why a reply ends in the middle.
        replaces: the seq of the message that this one replaces: a former question of the same author, or a
            former reply to the same message.
        version: of a message that replaces another one: 2, 3 and so on. What there is not of the fields from
            `author` on is left out.
    """

    id: StoredNumber
    thread_id: StoredNumber
    seq: StoredNumber
    role: Role
    content: str
    created_at: datetime
    client_id: UUID | None
    reply_to: int | None
    author: int | None = None
    written_by: str | None = None
    event: Event | None = None
    subject: int | None = None
    ended: Ended | None = None
    replaces: int | None = None
    version: int | None = None


class Part(Struct, frozen=True):
    """A piece of an excerpt. `is_match` is true if it is a word that matches."""

    text: str
    is_match: bool


class Hit(Struct, frozen=True):
    """A message that a search has found: its place, and an excerpt around the first words that match."""

    message: StoredNumber
    thread_id: StoredNumber
    title: str
    seq: StoredNumber
    role: Role
    author: int | None
    written_by: str | None
    created_at: datetime
    parts: list[Part]


class NewThread(Struct, frozen=True, forbid_unknown_fields=True):
    """A thread to be created: for everybody if it is `open`, else for these members and the account that
    creates it. With `direct` it is the direct chat with these people, which may be there already. Its `bot`
    is the username of one that answers; null is none, and without it it is the server's default bot."""

    title: Title = "New chat"
    open: Flag = False
    members: Usernames = []
    direct: Usernames | None = None
    bot: Name | UnsetType | None = UNSET


class ThreadChange(Struct, frozen=True, forbid_unknown_fields=True):
    """A change of a thread: a new title, whether it is pinned, and whether everybody sees it."""

    title: Title | UnsetType = UNSET
    pinned: Flag | UnsetType = UNSET
    open: Flag | UnsetType = UNSET


class Read(Struct, frozen=True, forbid_unknown_fields=True):
    """The seq up to which a thread was read."""

    seq: Seq


class NewLevel(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which messages of a thread the account wants to be notified."""

    level: Level


class NewMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A message to be stored. If it is sent again with the same `client_id`, it is stored once. It may
    replace the newest message of the same author, which it names by its seq."""

    content: Content
    client_id: UUID | None = None
    replaces: Id | None = None


class ClientFrame(Struct, frozen=True, forbid_unknown_fields=True):
    """A frame that a browser sends on the WebSocket of a thread: a ping, a message to be stored, that
    somebody is typing, or that the texts of all drafts are needed."""

    type: Literal["ping", "typing", "drafts", "message"] = "message"
    content: str | None = None
    client_id: UUID | None = None
    replaces: Id | None = None


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error (RFC 9457). `code` is stable; `title` and `detail` are for people."""

    status: int
    code: str
    title: str
    detail: str
    type: str = "about:blank"


class Health(Struct, frozen=True, omit_defaults=True):
    """The state of a server. It is ready while it hears the notifications of the database.

    Attributes:
        reason: why it is not ready, for those who run it.
    """

    status: Literal["ok", "not ready"]
    reason: str | None = None
