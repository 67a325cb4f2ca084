"""Accounts, sessions and links on the wire."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chinwag.wire.base import Flag, Secret, StoredNumber


class BotChoice(Struct, frozen=True):
    """A bot of this server, with which a thread can be created."""

    username: str
    display_name: str


class Account(Struct, frozen=True):
    """The account that is signed in. Its messages may have up to `max_content` characters. `session` is the
    id of the session by which it is signed in, or null for who is signed in without one. `is_alone` says that
    no other person has an account: then the page shows nothing that is for several. `bots` are those of this
    server, the default one first."""

    id: int
    username: str
    display_name: str
    max_content: int
    session: int | None
    admin: bool
    has_password: bool
    is_alone: bool
    bots: list[BotChoice]


class SignInWays(Struct, frozen=True):
    """How people sign in beside a password: `openid` is the name of the OpenID provider, or null."""

    openid: str | None


class Person(Struct, frozen=True):
    """An account as others see it. Nobody is signed in to an account that is not active. A bot that `answers`
    is one of the servers' own: it can be the bot of a chat, and replies where it is mentioned."""

    id: int
    username: str
    display_name: str
    is_bot: bool
    admin: bool
    active: bool
    answers: bool


class Member(Struct, frozen=True):
    """A member of a thread. In a small thread, which is private and has 2 to 12 persons, the members see how
    far each person has read it: up to the message `read_seq`. Who is added begins with nothing unread. In a
    thread that is not small this stays private, and `read_seq` is null, as it is for bots and for who has
    read nothing."""

    account: Person
    joined_at: datetime
    read_seq: StoredNumber | None


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
