"""Piccolo's tables, which mirror the schema in sql/: for its migrations and for administration.

A server reads and writes with asyncpg alone (chinwag.chat). A test proves that the mirror and the schema
agree.
"""

from piccolo.apps.user.tables import BaseUser
from piccolo.columns import (
    UUID,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Column,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
)
from piccolo.engine.postgres import PostgresEngine
from piccolo.table import Table


class PoolEngine(PostgresEngine):
    """Piccolo's engine on a pool that somebody else opens, as `DB.pool`.

    Piccolo's own constructor would connect to the database, and so would the import of this module.
    """

    async def check_version(self) -> None:
        """Do nothing: chinwag.db.migrate checks the version."""

    async def prep_database(self) -> None:
        """Do nothing: there are no extensions to create."""


DB = PoolEngine(config={})


class Account(BaseUser, tablename="account", db=DB):
    """A person or a bot."""

    display_name = Text(null=True, default=None)
    is_bot = Boolean(default=False)
    answers = Boolean(default=False)


class Session(Table, tablename="session", db=DB):
    """A browser in which a person is signed in."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(references=Account, null=False)
    token_hash = Bytea()
    device = Text(default="")
    created_at = Timestamptz()
    used_at = Timestamptz()
    expires_at = Timestamptz()
    idle_days = Integer()


class Link(Table, tablename="link", db=DB):
    """An address by which people join, or sign in once."""

    id = BigSerial(primary_key=True)
    kind = Text()
    secret_hash = Bytea()
    account_id = ForeignKey(references=Account, null=True)
    made_by = ForeignKey(references=Account, null=True)
    uses_left = Integer()
    created_at = Timestamptz()
    expires_at = Timestamptz()


class Identity(Table, tablename="identity", db=DB):
    """How an OpenID provider names a person."""

    id = BigSerial(primary_key=True)
    issuer = Text()
    subject = Text()
    account_id = ForeignKey(references=Account, null=False)
    created_at = Timestamptz()


class SignInAttempt(Table, tablename="sign_in_attempt", db=DB):
    """A recent attempt to sign in, counted for an account or an address."""

    id = BigSerial(primary_key=True)
    key = Text()
    attempted_at = Timestamptz()


class AccountKey(Table, tablename="account_key", db=DB):
    """A key by which a program signs in as a bot account."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(references=Account, null=False)
    name = Text()
    key_hash = Bytea()
    created_at = Timestamptz()
    used_at = Timestamptz(null=True, default=None)
    created_by = ForeignKey(references=Account, null=True)


class Thread(Table, tablename="thread", db=DB):
    """A thread, which people read as "chat"."""

    id = BigSerial(primary_key=True)
    title = Text(default="New chat")
    last_seq = BigInt()
    created_at = Timestamptz()
    updated_at = Timestamptz()
    owner = ForeignKey(references=Account, null=True)
    pinned = Boolean(default=False)
    is_open = Boolean(null=True, default=None)
    direct_key = Text(null=True, default=None)
    persons = Integer(default=0)
    has_bot = Boolean(default=False)
    was_left = Boolean(default=False)


class Member(Table, tablename="member", db=DB):
    """A membership: an account that sees a thread which is not open. The key is of both columns."""

    thread_id = ForeignKey(references=Thread, null=False, primary_key=True)
    account_id = ForeignKey(references=Account, null=False)
    created_at = Timestamptz()


class ReadMark(Table, tablename="read_mark", db=DB):
    """How far an account has read a thread, and of what it wants to be notified. The key is of both
    accounts and threads."""

    thread_id = ForeignKey(references=Thread, null=False, primary_key=True)
    account_id = ForeignKey(references=Account, null=False)
    read_seq = BigInt(default=0)
    level = Text(default="everything")


class Mention(Table, tablename="mention", db=DB):
    """A message that mentions an account. The key is of all columns."""

    thread_id = BigInt(primary_key=True)
    account_id = ForeignKey(references=Account, null=False)
    seq = BigInt()


class Webhook(Table, tablename="webhook", db=DB):
    """An address to which a program sends messages for a thread."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(references=Account, null=False)
    thread_id = ForeignKey(references=Thread, null=False)
    name = Text()
    secret_hash = Bytea()
    created_at = Timestamptz()
    used_at = Timestamptz(null=True, default=None)
    created_by = ForeignKey(references=Account, null=True)


class Message(Table, tablename="message", db=DB):
    """A message, with its place in its thread."""

    id = BigSerial(primary_key=True)
    thread_id = BigInt()
    seq = BigInt()
    role = Text(default="user")
    content = Text()
    client_id = UUID(null=True, default=None)
    reply_to = BigInt(null=True, default=None)
    created_at = Timestamptz()
    author = Integer(null=True, default=None)
    written_by = Text(null=True, default=None)
    event = Text(null=True, default=None)
    subject = Integer(null=True, default=None)
    asks_for_reply = Boolean(null=True, default=None)
    ended = Text(null=True, default=None)
    replaces = BigInt(null=True, default=None)
    version = Integer(null=True, default=None)


class Tsvector(Column):
    """A column of the type tsvector, which Piccolo does not have."""

    value_type = str


class MessageWords(Table, tablename="message_words", db=DB):
    """The words of a message, for the search."""

    message_id = BigInt(primary_key=True)
    words = Tsvector(null=False)


class ReplyRequest(Table, tablename="reply_request", db=DB):
    """A message that waits for the reply of a bot, or for another version of it."""

    message_id = BigInt(primary_key=True)
    claimed_by = UUID(null=True, default=None)
    claimed_until = Timestamptz()
    thread_id = BigInt(null=True, default=None)
    bot = Integer(null=True, default=None)
    replaces = BigInt(null=True, default=None)
    attempt = BigInt(default=0)
    crashes = Integer(default=0)
    stop = Boolean(default=False)
    failure = Text(null=True, default=None)


class Draft(Table, tablename="draft", db=DB):
    """A reply that is being written, as it was saved last."""

    message_id = BigInt(primary_key=True)
    author = Integer()
    ordinal = BigInt()
    content = Text()


class RemovedThread(Table, tablename="removed_thread", db=DB):
    """A deleted thread whose messages are still stored."""

    thread_id = BigInt(primary_key=True)
    removed_at = Timestamptz()


class RelayBeat(Table, tablename="relay_beat", db=DB):
    """A row that is written so that servers know that they hear through their relays what is committed."""

    nonce = Text(primary_key=True)
    written_at = Timestamptz()
