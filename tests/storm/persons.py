"""Persons who are signed in, and whose sessions end and begin again."""

import secrets
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from chinwag.chat.sessions import hash_of
from chinwag.db.pool import Connection
from tests.support.people import add_person

Database: TypeAlias = "Connection | asyncpg.Pool[asyncpg.Record]"

BEGIN_SESSION = """
    insert into session (account_id, token_hash, expires_at, idle_days)
    values ($1, $2, now() + interval '1 day', 1)
"""


@dataclass
class Person:
    """Somebody who is signed in, with a session or a key.

    Attributes:
        headers: what shows it to a server.
    """

    username: str
    id: int
    headers: dict[str, str]


async def new_person(db: Database, username: str, *, admin: bool = False) -> Person:
    """Add an account, and sign it in."""
    person = Person(username, await add_person(db, username, admin=admin), {})
    await begin_session(db, person)
    return person


async def begin_session(db: Database, person: Person) -> None:
    """Sign a person in, without the costly hash of a password."""
    token = secrets.token_urlsafe(32)
    await db.execute(BEGIN_SESSION, person.id, hash_of(token))
    person.headers = {"Cookie": f"chinwag={token}"}


async def end_other_sessions(db: Database, person: Person) -> None:
    """End all sessions of a person but the present one."""
    token = person.headers["Cookie"].partition("=")[2]
    await db.execute(
        "delete from session where account_id = $1 and token_hash <> $2", person.id, hash_of(token)
    )
