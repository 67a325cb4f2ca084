"""Identities: whom an OpenID provider means. An account belongs to an issuer and a subject, and never to an
e-mail address or a name, which somebody else may have tomorrow."""

import re
import unicodedata

import msgspec

from chinwag.chat.accounts import ADD, USERNAME, checked_display_name
from chinwag.chat.passwords import NO_PASSWORD
from chinwag.db.pool import Pool, PoolConnection
from chinwag.errors import DisplayNameRefused, OpenIDFailed

NAME_CHARACTERS = 28
"""The part of a username that the provider suggests. A number may follow it."""

MOST_NAMESAKES = 1000

LOCK = "select pg_advisory_xact_lock(hashtextextended('identity ' || $1 || ' ' || $2, 0))"

FIND = "select account_id from identity where issuer = $1 and subject = $2"

CREDENTIALS = "select id, password from account where id = $1 and active and not is_bot"

ADD_IDENTITY = "insert into identity (issuer, subject, account_id) values ($1, $2, $3)"


class Identity(msgspec.Struct, frozen=True):
    """What a provider says about a person. The names are only a suggestion for a new account."""

    issuer: str
    subject: str
    username: str
    display_name: str


class Flow(msgspec.Struct, frozen=True):
    """What the browser keeps while it is at the provider, so that no other browser can go on in its place.

    Attributes:
        state: comes back with the code: the answer is for a question of this browser.
        nonce: comes back in the ID token: the token is for this question.
        verifier: the provider knows its hash, and gives the token only to who knows it.
        next: the path to which the person wants to go then.
    """

    state: str
    nonce: str
    verifier: str
    next: str

    def __repr__(self) -> str:
        return "Flow(…)"  # it may get into a traceback


class Identities:
    """The identities in the database."""

    def __init__(self, pool: Pool, *, may_join: bool) -> None:
        """
        Args:
            may_join: whether a person whom the provider sends for the first time gets an account.
        """
        self._pool = pool
        self._may_join = may_join

    async def account_of(self, identity: Identity) -> tuple[int, str]:
        """Return the id of a person's account and the hash of its password. The account is made if there is
        none.

        Raises:
            OpenIDFailed: the account is disabled, or the person may not join.
        """
        key = (identity.issuer, identity.subject)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK, *key)  # the person may come with two browsers at once
            id = await connection.fetchval(FIND, *key)
            if id is None:
                if not self._may_join:
                    raise OpenIDFailed("nobody joins by the OpenID provider here")
                id = await _add(connection, identity)
                await connection.execute(ADD_IDENTITY, *key, id)
            row = await connection.fetchrow(CREDENTIALS, id)
        if row is None:
            raise OpenIDFailed("the account is disabled")
        return row["id"], row["password"]


def username_like(name: str) -> str:
    """Return a username that resembles what a provider says, such as an e-mail address or a name."""
    plain = unicodedata.normalize("NFKD", name.partition("@")[0]).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9._-]", "", plain)[:NAME_CHARACTERS].strip("._-")
    return short if USERNAME.fullmatch(short) else "person"


async def _add(connection: PoolConnection, identity: Identity) -> int:
    """Add an account under the name that is suggested, or with a number after it if that is taken. An account
    that has this name already is somebody else's."""
    try:
        shown = checked_display_name(identity.display_name)
    except DisplayNameRefused:
        shown = None
    name = username_like(identity.username)
    for number in range(1, MOST_NAMESAKES):
        username = name if number == 1 else f"{name}{number}"
        id: int | None = await connection.fetchval(ADD, username, NO_PASSWORD, False, shown)
        if id is not None:
            return id
    raise OpenIDFailed("too many people have this name")
