"""Everybody who may ask a server for something, and what they may ask about."""

import secrets
from typing import NamedTuple

from chinwag.chat.sessions import hash_of
from chinwag.db.pool import Connection
from tests.support.people import HASH

KINDS = ["nobody", "member", "other", "removed", "disabled", "bot", "member_bot", "admin", "member_admin"]
"""Who asks. `removed` was a member, `disabled` is one whose account is disabled, and `bot`, `other` and
`admin` are no members. Bots have a key, and the others a session."""

MISSING = 999_999_999
"""An id that nothing has."""


class World(NamedTuple):
    """Somebody who asks, and what they ask about.

    Attributes:
        headers: how they are signed in.
        names: what is in the paths.
    """

    account_id: int | None
    headers: dict[str, str]
    names: dict[str, object]


class Worlds:
    """Makes for each request everything anew: the request may delete it."""

    def __init__(self, db: Connection, owner: int) -> None:
        self._db = db
        self._owner = owner

    async def make(self, kind: str) -> World:
        thread = await self._value(
            "insert into thread (owner, title) values ($1, 'A secret title') returning id", self._owner
        )
        await self._db.execute(
            "insert into message (thread_id, content) values ($1, 'a secret word')", thread
        )
        bot, guest, stranger = [await self._account(name) for name in ("robot", "guest", "stranger")]
        await self._join(thread, guest)
        names = {
            "thread_id": thread,
            "webhook_id": await self._value(
                """insert into webhook (account_id, thread_id, name, secret_hash)
                   values ($1, $2, 'x', $3) returning id""",
                bot, thread, secrets.token_bytes(32),
            ),
            "key_id": await self._key(bot, secrets.token_hex()),
            "invitation_id": await self._value(
                """insert into link (kind, secret_hash, uses_left, expires_at)
                   values ('invitation', $1, 1, now() + interval '1 day') returning id""",
                secrets.token_bytes(32),
            ),
            "session_id": MISSING,
            "bot": await self._name(bot), "guest": await self._name(guest),
            "stranger": await self._name(stranger), "self": await self._name(stranger),
            "secret": "chinwag_hook_" + 64 * "0", "seq": 1, "name": "favicon.svg", "path": "x",
        }  # fmt: skip
        if kind == "nobody":
            return World(None, {}, names)
        account = await self._account(kind)
        if kind in ("member", "removed", "disabled", "member_bot", "member_admin"):
            await self._join(thread, account)
        if kind == "removed":
            await self._db.execute("delete from member where account_id = $1", account)
        secret = secrets.token_hex()
        if "bot" in kind:
            await self._key(account, f"chinwag_key_{secret}")
            headers = {"Authorization": f"Bearer chinwag_key_{secret}"}
        else:
            await self._session(account, secret)
            names["session_id"] = await self._session(account, secrets.token_hex())
            headers = {"Cookie": f"chinwag={secret}"}
        if kind == "disabled":
            await self._db.execute("update account set active = false where id = $1", account)
        return World(account, headers, names | {"self": await self._name(account)})

    async def session_of_guest(self, world: World) -> str:
        """Begin a session of the other member, and return its secret."""
        secret = secrets.token_hex()
        guest = await self._value("select id from account where username = $1", world.names["guest"])
        await self._session(guest, secret)
        return secret

    async def _account(self, kind: str) -> int:
        return await self._value(
            """insert into account (username, password, email, active, admin, is_bot)
               values ($1::text, $2, $1::text || '@localhost', true, $3, $4) returning id""",
            f"{kind}-{secrets.token_hex(5)}".replace("_", "-"), HASH, "admin" in kind, "bot" in kind,
        )  # fmt: skip

    async def _session(self, account: int, secret: str) -> int:
        return await self._value(
            """insert into session (account_id, token_hash, expires_at, idle_days)
               values ($1, $2, now() + interval '1 day', 1) returning id""",
            account, hash_of(secret),
        )  # fmt: skip

    async def _key(self, bot: int, secret: str) -> int:
        return await self._value(
            "insert into account_key (account_id, name, key_hash) values ($1, 'x', $2) returning id",
            bot, hash_of(secret),
        )  # fmt: skip

    async def _join(self, thread: int, account: int) -> None:
        await self._db.execute("insert into member (thread_id, account_id) values ($1, $2)", thread, account)

    async def _name(self, account: int) -> str:
        return str(await self._db.fetchval("select username from account where id = $1", account))

    async def _value(self, query: str, *arguments: object) -> int:
        return int(await self._db.fetchval(query, *arguments))
