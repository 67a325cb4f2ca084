"""The shapes of JSON and the codes on the wire, except those that SQL makes.

SQL makes the frames of messages and threads, and the JSON objects in them (sql/50_frame.sql,
sql/60_notify.sql), and the frames of the bot's typing (chinwag.bots.requests). The frames that a server makes
are in chinwag.frames.
"""

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

MAX_ID = 2**53 - 1
"""The largest id and seq: the largest integer that is exact in JavaScript. PostgreSQL allows larger ones."""

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Seq = Annotated[int, Meta(ge=0, le=MAX_ID)]

StoredNumber = Annotated[int, Meta(extra_json_schema={"extra": {"minimum": 0, "maximum": MAX_ID}})]
"""An id or a seq in the table. It is not checked when it is read: one old row with an id out of the range
would make every page unreadable that has it."""

# These patterns are only for the OpenAPI document. chinwag.chat.messages, threads and accounts check the
# rules, and answer with codes of their own.
VISIBLE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
Content = Annotated[str, Meta(extra_json_schema={"extra": {"minLength": 1, "pattern": VISIBLE}})]
Title = Annotated[
    str, Meta(extra_json_schema={"extra": {"minLength": 1, "maxLength": 200, "pattern": VISIBLE}})
]

Level = Literal["everything", "mentions", "nothing"]
"""Of which messages of a thread a person wants to be notified."""

Secret = Annotated[str, Meta(max_length=100)]
"""The secret of a link."""

NewUsername = Annotated[
    str, Meta(extra_json_schema={"extra": {"pattern": "^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$"}})
]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=VISIBLE)]

Flag = Annotated[object, Meta(extra_json_schema={"extra": {"type": "boolean"}})]
"""A boolean. Litestar would accept 0 and "no" for one, so chinwag.chat.threads checks it."""


class CloseCode(IntEnum):
    """Why the server closes a WebSocket (RFC 6455, section 7.4; codes from 4000 on are the application's).

    A test compares this table with the one of the page (close-codes.js) and with the one in ARCHITECTURE.md.

    Attributes:
        advice: whether a client should connect again.
        meaning: what has happened, in Markdown.
    """

    advice: Literal["come back", "give up"]
    meaning: str

    def __new__(cls, code: int, advice: Literal["come back", "give up"], meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.advice = advice
        member.meaning = meaning
        return member

    INVALID_TEXT = 1007, "come back", "a text frame was not in UTF-8"
    POLICY_VIOLATION = 1008, "come back", (
        "`after` is not a seq, or too many frames were refused: correct `after`, or send fewer wrong frames"
    )
    MESSAGE_TOO_BIG = 1009, "come back", "a frame was too big: do not send it again"
    SERVICE_RESTART = 1012, "come back", "the server restarts"
    SIGNED_OUT = 4001, "give up", "nobody is signed in here any more: sign in, and then connect again"
    DATABASE_UNAVAILABLE = 4003, "come back", "the database is unavailable"
    NO_SUCH_THREAD = 4004, "give up", "there is no such thread, or it was deleted"
    INTERNAL_ERROR = 4005, "come back", (
        "an internal error, with its traceback in the log: do not send a message again that causes it"
    )
    HISTORY_CHANGED = 4006, "come back", (
        "the database has lost what was read here: drop all of the thread, and read it from 0"
    )


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


class Message(Struct, frozen=True, omit_defaults=True):
    """A message.

    Attributes:
        seq: its place in its thread: 1, 2, 3 … without gaps.
        role: of a person, of a bot, or a message about the thread and its members, which names its `event`
            and the account that is its `subject`.
        author: the account for which it was written. Messages of versions before there were accounts have
            none.
        written_by: the database role that has written it, if that named no author.
    """

    id: StoredNumber
    thread_id: StoredNumber
    seq: StoredNumber
    role: Role
    content: str
    created_at: datetime
    client_id: UUID | None
    reply_to: int | None
    author: int | None
    written_by: str | None
    event: Event | None = None
    subject: int | None = None


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


class Account(Struct, frozen=True):
    """The account that is signed in. Its messages may have up to `max_content` characters. `session` is the
    id of the session by which it is signed in, or null for who is signed in without one. `is_alone` says that
    no other person has an account: then the page shows nothing that is for several."""

    id: int
    username: str
    display_name: str
    max_content: int
    session: int | None
    admin: bool
    has_password: bool
    is_alone: bool


class SignInWays(Struct, frozen=True):
    """How people sign in beside a password: `openid` is the name of the OpenID provider, or null."""

    openid: str | None


class Person(Struct, frozen=True):
    """An account as others see it. Nobody is signed in to an account that is not active."""

    id: int
    username: str
    display_name: str
    is_bot: bool
    admin: bool
    active: bool


class Member(Struct, frozen=True):
    """A member of a thread."""

    account: Person
    joined_at: datetime


class Invitation(Struct, frozen=True):
    """A link by which people can join, until `expires_at` and as many as it has uses left. `made_by` is the
    username of an administrator, or null if it was made on the command line."""

    id: int
    uses_left: int
    created_at: datetime
    expires_at: datetime
    made_by: str | None


class NewInvitation(Struct, frozen=True):
    """An invitation, and its address, which cannot be read again."""

    address: str
    invitation: Invitation


class SignInLink(Struct, frozen=True):
    """The address by which a person signs in once. It cannot be read again."""

    address: str
    expires_at: datetime


class Bot(Struct, frozen=True):
    """The account of a program."""

    id: int
    username: str
    display_name: str
    active: bool


class NewBot(Struct, frozen=True, forbid_unknown_fields=True):
    """A bot account to be added. Without a `display_name`, people see its `username`."""

    username: NewUsername
    display_name: Name | None = None


class Key(Struct, frozen=True, kw_only=True):
    """A key with which a program signs in as a bot. `used_at` is null if that has not happened yet."""

    id: StoredNumber
    name: str
    created_at: datetime
    used_at: datetime | None


class KeyName(Struct, frozen=True, forbid_unknown_fields=True):
    """What a key is for."""

    name: Name


class NewKey(Key, frozen=True, kw_only=True):
    """A key that was just made. Its `secret` is not stored, and cannot be shown again."""

    secret: str

    def __repr__(self) -> str:
        return "NewKey(…)"  # it may get into a traceback


class Webhook(Struct, frozen=True, kw_only=True):
    """An address to which a program sends messages for a thread, of which `bot` is the author. `used_at` is
    null if that has not happened yet."""

    id: StoredNumber
    name: str
    bot: str
    created_at: datetime
    used_at: datetime | None


class NewWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook to be made. `bot` is the username of a bot account; without it a new one is added, with the
    name of the webhook."""

    name: Name
    bot: Annotated[str, Meta(max_length=100, pattern=r"^[^\u0000]*$")] | None = None


class MadeWebhook(Webhook, frozen=True, kw_only=True):
    """A webhook that was just made. Its `url` contains a secret, which is not stored, and cannot be shown
    again."""

    url: str

    def __repr__(self) -> str:
        return "MadeWebhook(…)"  # it may get into a traceback


class Session(Struct, frozen=True):
    """A browser in which the account is signed in, until `expires_at` or until it is not used for too long.
    `device` is its User-Agent."""

    id: int
    device: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    is_this: bool


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """A name and a password."""

    username: Annotated[str, Meta(max_length=100)]
    password: Annotated[str, Meta(max_length=256)]

    def __repr__(self) -> str:
        return "Credentials(…)"  # it may get into a traceback


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The new password, and the current one unless there is none yet."""

    new: Annotated[str, Meta(max_length=256)]
    current: Annotated[str, Meta(max_length=256)] = ""

    def __repr__(self) -> str:
        return "PasswordChange(…)"


Usernames = Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)]


class InvitationOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """How many people may join by an invitation, and in how many days."""

    uses: Annotated[int, Meta(ge=1, le=1000)] = 1
    days: Annotated[int, Meta(ge=1, le=90)] = 7


class NewPerson(Struct, frozen=True, forbid_unknown_fields=True):
    """Who joins, with the secret of the link."""

    secret: Secret
    username: Annotated[str, Meta(max_length=100)]
    password: Annotated[str, Meta(max_length=256)]
    display_name: Annotated[str, Meta(max_length=200)] = ""

    def __repr__(self) -> str:
        return "NewPerson(…)"


class LinkSignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The secret of a sign-in link, and the new password."""

    secret: Secret
    password: Annotated[str, Meta(max_length=256)]

    def __repr__(self) -> str:
        return "LinkSignIn(…)"


class SignInLinkOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """The person for whom a sign-in link is made."""

    username: Annotated[str, Meta(max_length=100)]


class AccountChange(Struct, frozen=True, forbid_unknown_fields=True):
    """New names of the account that is signed in."""

    username: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET
    display_name: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET


class PersonChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What an administrator changes of an account."""

    admin: Flag | UnsetType = UNSET
    active: Flag | UnsetType = UNSET


class AccountDeletion(Struct, frozen=True, forbid_unknown_fields=True):
    """The password of the account that is to be deleted."""

    password: Annotated[str, Meta(max_length=256)]

    def __repr__(self) -> str:
        return "AccountDeletion(…)"


class NewThread(Struct, frozen=True, forbid_unknown_fields=True):
    """A thread to be created: for everybody if it is `open`, else for these members and the account that
    creates it. With `direct` it is the direct chat with these people, which may be there already."""

    title: Title = "New chat"
    open: Flag = False
    members: Usernames = []
    direct: Usernames | None = None


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
    """A message to be stored. If it is sent again with the same `client_id`, it is stored once."""

    content: Content
    client_id: UUID | None = None


class ClientFrame(Struct, frozen=True, forbid_unknown_fields=True):
    """A frame that a browser sends on the WebSocket of a thread: a ping, a message to be stored, or that
    somebody is typing."""

    type: Literal["ping", "typing", "message"] = "message"
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
    """The state of a server. It is ready while it hears the notifications of the database."""

    status: Literal["ok", "not ready"]
