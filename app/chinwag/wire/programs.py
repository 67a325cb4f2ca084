"""Bots, their keys and webhooks on the wire."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from chinwag.wire.base import Name, NewUsername, StoredNumber


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
