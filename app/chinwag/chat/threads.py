"""Threads: create, read, list, change and delete them. A trigger announces each change to all servers.

Each function takes the account that asks: a thread that it does not see is not there for it.
"""

from datetime import datetime
from typing import NamedTuple

from msgspec import UNSET, json

from chinwag import wire
from chinwag.db.pool import Pool, PoolConnection
from chinwag.errors import (
    BadInput,
    DirectChatRefused,
    MembersAreFixed,
    NoSuchAccount,
    NoSuchThread,
    NotAllowed,
    TitleIsWrong,
)

TITLE_CHARACTERS = 200

CREATE = "insert into thread (title, owner, is_open) values ($1, $2, $3) returning id"

CREATE_DIRECT = """
    insert into thread (is_open, direct_key) values (false, $1) on conflict do nothing returning id
"""

ADD_MEMBERS = """
    insert into member (thread_id, account_id) select $1, unnest($2::integer[]) on conflict do nothing
"""

ACCOUNTS = "select id, username from account where username = any ($1) and active order by id"

BOT = "select id from account where username = $1 and answers and active"

GET = "select thread_json_for(thread, $2)::text from thread where id = $1 and sees($2, thread)"

LOCK = "select id from thread where id = $1 and sees($2, thread) for no key update"

RIGHTS = """
    select direct_key is not null as is_direct,
           coalesce(owner = $2, false) or (select admin from account where id = $2) as may_manage
    from thread where id = $1 and sees($2, thread)
"""

CHANGE = """
    update thread
    set title = coalesce($2, title), pinned = coalesce($3, pinned), is_open = coalesce($4, is_open)
    where id = $1
"""

NEWEST = """
    select thread_json_for(thread, $1)::text as json
    from thread join (
      select id from (
        select id, updated_at from {open} where is_open and {next} order by updated_at desc, id desc limit $4
      ) as open
      union all
      select id from (
        select id, updated_at from member join thread on thread.id = thread_id
        where account_id = $1 and not is_open and {next} order by updated_at desc, id desc limit $4
      ) as own
    ) as seen using (id)
    order by updated_at desc, id desc limit $4
"""
"""Of the threads that are not open, those of the account are found by its memberships: it may have few among
millions."""

NEXT = "(updated_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3, 9223372036854775807))"

# These are no parameters, so that PostgreSQL sees that it can use the index of the few pinned threads.
PINNED = {None: "", True: " and pinned", False: " and not pinned"}

TITLED = " and strpos(lower(title), lower($5)) > 0"

RECENT_OPEN = "(select * from thread where is_open order by updated_at desc, id desc limit 10000) as recent"
"""The open threads whose titles are searched: titles have no index, because each message would have to
update it when it updates its thread."""

AUDIENCES = """
    select id, case when not coalesce(is_open, owner is null) then array(
      select account_id from member where thread_id = thread.id
    ) end as accounts
    from thread where id = any ($1::bigint[])
"""

decode = json.Decoder(wire.Thread).decode


class Rights(NamedTuple):
    """What an account may do with a thread that it sees, whose people stay the same if it `is_direct`."""

    is_direct: bool
    may_manage: bool


class Threads:
    """The threads in the database."""

    def __init__(self, pool: Pool, bot: str | None = None) -> None:
        """
        Args:
            bot: the username of the bot that is a member of new threads.
        """
        self._pool = pool
        self._bot = bot

    async def create(self, new: wire.NewThread, owner: int) -> tuple[wire.Thread, bool]:
        """Create a thread for an account, its members and the bot, or find the direct thread of these people.

        Returns:
            The thread, and whether it is new.

        Raises:
            BadInput, TitleIsWrong, NoSuchAccount, DirectChatRefused
        """
        is_open, title = _flag("open", new.open), _checked(new.title)
        async with self._pool.acquire() as connection, connection.transaction():
            await act_for(connection, owner)
            if new.direct is not None:
                if is_open or new.members or new.bot is not UNSET:
                    raise DirectChatRefused()
                id, is_new = await self._direct(connection, new.direct, owner)
            else:
                members = await _ids_of(connection, new.members)
                id, is_new = await connection.fetchval(CREATE, title, owner, is_open), True
                if (name := self._bot if new.bot is UNSET else new.bot) is not None:
                    bot = await connection.fetchval(BOT, name.replace("\0", ""))
                    if bot is None and new.bot is not UNSET:
                        raise NoSuchAccount(f"there is no bot {name[:100]} that answers")
                    await connection.execute(ADD_MEMBERS, id, [bot] if bot else [])
                if members:
                    await connection.execute(ADD_MEMBERS, id, members)
        return await self.get(id, owner), is_new

    async def get(self, id: int, reader: int) -> wire.Thread:
        """Read a thread.

        Raises:
            NoSuchThread
        """
        text = await self._pool.fetchval(GET, id, reader)
        if text is None:
            raise no_such_thread(id)
        return decode(text)

    async def existing(self, ids: list[int]) -> set[int]:
        """Return those of the ids that are threads."""
        rows = await self._pool.fetch("select id from thread where id = any ($1::bigint[])", ids)
        return {row["id"] for row in rows}

    async def audiences(self, ids: list[int]) -> dict[int, frozenset[int] | None]:
        """Return the accounts that see each of those of the ids that are threads; None stands for all."""
        rows = await self._pool.fetch(AUDIENCES, ids)
        return {
            row["id"]: None if row["accounts"] is None else frozenset(row["accounts"]) for row in rows
        }

    async def last_seq(self, id: int, reader: int) -> int | None:
        """Return the seq of the newest message, 0 if there is no message, None if there is no such thread."""
        found: int | None = await self._pool.fetchval(
            "select last_seq from thread where id = $1 and sees($2, thread)", id, reader
        )
        return found

    async def newest(
        self,
        reader: int,
        limit: int,
        before: tuple[datetime, int] | None,
        pinned: bool | None,
        typed: str | None,
    ) -> list[wire.Thread]:
        """List threads, those with the newest activity first.

        Args:
            before: the `updated_at` and the `id` of the last thread already seen; None for the first page.
            pinned: list only threads that are pinned, or only others; None for both.
            typed: list only threads with this text in their title; None for all.
        """
        next = NEXT + PINNED[pinned] + ("" if typed is None else TITLED)
        query = NEWEST.replace("{open}", "thread" if typed is None else RECENT_OPEN).replace("{next}", next)
        arguments = (reader, *(before or (None, None)), limit, *([] if typed is None else [typed]))
        return [decode(row["json"]) for row in await self._pool.fetch(query, *arguments)]

    async def change(self, id: int, change: wire.ThreadChange, by: int) -> wire.Thread:
        """Change the fields of a thread that are named, and read it. Only its owner or an administrator may
        open or close it.

        Raises:
            BadInput, TitleIsWrong, NoSuchThread, NotAllowed
            MembersAreFixed: a direct chat cannot be opened.
        """
        title = None if change.title is UNSET else _checked(change.title)
        pinned = None if change.pinned is UNSET else _flag("pinned", change.pinned)
        is_open = None if change.open is UNSET else _flag("open", change.open)
        if (title, pinned, is_open) == (None, None, None):
            return await self.get(id, by)
        async with self._pool.acquire() as connection, connection.transaction():
            rights = await lock(connection, id, by)
            if is_open is not None and not rights.may_manage:
                raise NotAllowed("only the owner of a chat or an administrator may open or close it")
            if is_open and rights.is_direct:
                raise MembersAreFixed()
            await act_for(connection, by)
            await connection.execute(CHANGE, id, title, pinned, is_open)
        return await self.get(id, by)

    async def delete(self, id: int, by: int) -> None:
        """Delete a thread with all its messages. Its subscriptions are closed with 4004.

        Raises:
            NoSuchThread
            NotAllowed: the account is neither its owner nor an administrator.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rights = await lock(connection, id, by)
            if not rights.may_manage:
                raise NotAllowed("only the owner of a chat or an administrator may delete it")
            await connection.execute("delete from thread where id = $1", id)

    async def _direct(
        self, connection: PoolConnection, usernames: list[str], owner: int
    ) -> tuple[int, bool]:
        people = sorted({owner, *await _ids_of(connection, usernames)})
        if len(people) < 2:
            raise DirectChatRefused()
        key = ",".join(map(str, people))
        id = await connection.fetchval(CREATE_DIRECT, key)
        if id is None:
            return await connection.fetchval("select id from thread where direct_key = $1", key), False
        await connection.execute(ADD_MEMBERS, id, people)
        return id, True


def no_such_thread(id: int) -> NoSuchThread:
    """Return the error for a thread that is not there, or that the account does not see: nobody can tell
    which."""
    return NoSuchThread(f"there is no thread {id}")


async def lock(connection: PoolConnection, id: int, by: int) -> Rights:
    """Lock a thread until the end of the transaction, and return what an account may do with it. Nobody is
    added to it or removed from it meanwhile.

    Raises:
        NoSuchThread
    """
    await connection.execute(LOCK, id, by)
    # It has to be another statement: the first one may have waited for the lock, and a statement sees the
    # memberships as they were when it began. Who was removed meanwhile could come back by itself.
    row = await connection.fetchrow(RIGHTS, id, by)
    if row is None:
        raise no_such_thread(id)
    return Rights(**row)


async def act_for(connection: PoolConnection, account_id: int) -> None:
    """Have the changes of a transaction be those of an account: the messages about them name it."""
    await connection.execute("select set_config('chinwag.account', $1, true)", str(account_id))


async def _ids_of(connection: PoolConnection, usernames: list[str]) -> list[int]:
    usernames = [name.replace("\0", "") for name in usernames]  # which PostgreSQL's text cannot hold
    rows = await connection.fetch(ACCOUNTS, usernames)
    if missing := set(usernames) - {row["username"] for row in rows}:
        raise NoSuchAccount(f"there is no account {min(missing)[:100]}")
    return [row["id"] for row in rows]


def _checked(title: str) -> str:
    if not 1 <= len(title) <= TITLE_CHARACTERS or title.isspace() or "\0" in title:
        raise TitleIsWrong()
    return title


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{name}: true or false is taken")
    return value
