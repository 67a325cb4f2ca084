"""A team: accounts with sessions, and the threads that each of them sees.

It is written without the triggers, which would tell each thread of each of its members; then everything is as
they leave it.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.growth.past import create_threads

OPEN_THREADS = 5
"""The open threads, which all accounts see, in addition to the threads with members."""
HISTORY = 50
"""The messages with which each thread begins."""
SEED = 12

ADD_ACCOUNTS = """
    insert into account (username, password, email, active)
    select 'person' || n, 'none', 'person' || n || '@localhost', true
    from generate_series(1, $1::integer) as n
    returning id
"""
ADD_SESSIONS = """
    insert into session (account_id, token_hash, expires_at, idle_days)
    select id, sha256(convert_to('bench' || id, 'utf8')), now() + interval '1 day', 1
    from unnest($1::integer[]) as id
"""
CLOSE = "update thread set is_open = false, persons = $2 where id = any ($1::bigint[])"
OPEN = "update thread set is_open = true where id = any ($1::bigint[])"
ADD_MEMBERS = "insert into member (thread_id, account_id) select $1, unnest($2::integer[])"
# Some have read all, and some nothing; every fifth is mentioned in the newest message.
ADD_MARKS = """
    insert into read_mark (thread_id, account_id, read_seq)
    select thread_id, account_id, (thread_id + account_id) % ($1::bigint + 1) from member
"""
ADD_MENTIONS = """
    insert into mention (thread_id, account_id, seq)
    select thread_id, account_id, $1::bigint from member where (thread_id + account_id) % 5 = 0
"""
TABLES = ("account", "session", "thread", "member", "read_mark", "mention")


@dataclass(frozen=True)
class Size:
    """The size of a team."""

    accounts: int
    threads: int
    """The threads with members."""
    members: int
    """The members of each of them."""


@dataclass(frozen=True)
class Team:
    """A team in the database."""

    accounts: Sequence[int]
    audiences: Mapping[int, Sequence[int]]
    """The accounts that see each thread."""

    def sees(self) -> dict[int, set[int]]:
        """Return the threads that each account sees."""
        seen: dict[int, set[int]] = {account: set() for account in self.accounts}
        for thread, audience in self.audiences.items():
            for account in audience:
                seen[account].add(thread)
        return seen


def headers_of(account: int) -> dict[str, str]:
    """Return the fields by which an account is known: the cookie of its session."""
    return {"Cookie": f"chinwag=bench{account}"}


async def create(url: str, size: Size) -> Team:
    """Make a team in a database, which then has no other threads. It is the same each time."""
    connection: Any = await asyncpg.connect(url)
    try:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("delete from thread")
        accounts = [row["id"] for row in await connection.fetch(ADD_ACCOUNTS, size.accounts)]
        await connection.execute(ADD_SESSIONS, accounts)
        ids = await create_threads(url, (HISTORY,) * (size.threads + OPEN_THREADS))
        closed, opened = ids[: size.threads], ids[size.threads :]
        await connection.execute(CLOSE, closed, size.members)
        await connection.execute(OPEN, opened)
        chance = random.Random(SEED)
        members = {thread: chance.sample(accounts, size.members) for thread in closed}
        for thread, several in members.items():
            await connection.execute(ADD_MEMBERS, thread, several)
        await connection.execute(ADD_MARKS, HISTORY)
        await connection.execute(ADD_MENTIONS, HISTORY)
        for table in TABLES:
            await connection.execute(f"vacuum analyze {table}")
        await connection.execute("checkpoint")
    finally:
        await connection.close()
    return Team(accounts, members | dict.fromkeys(opened, accounts))
