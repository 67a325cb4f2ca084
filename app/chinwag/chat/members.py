"""Members of threads: who they are, and how they are added, leave and are removed. A trigger writes what
happens to a membership into the thread (sql/62_member.sql)."""

from chinwag import wire
from chinwag.chat.threads import Rights, act_for, lock, no_such_thread
from chinwag.db.pool import Pool, PoolConnection
from chinwag.errors import MembersAreFixed, NoSuchAccount, NotAllowed

LIST = """
    select account.id, username, coalesce(display_name, username) as display_name, is_bot, admin, active,
           answers, member.created_at as joined_at,
           case when is_small(thread) and not is_bot then nullif(read_seq, 0) end as read_seq
    from thread join member on member.thread_id = thread.id join account on account.id = member.account_id
    left join read_mark as mark on mark.thread_id = thread.id and mark.account_id = account.id
    where thread.id = $1 and sees($2, thread)
    order by is_bot, lower(coalesce(display_name, username)), account.id
"""

ACCOUNT = "select id from account where username = $1"
ACTIVE_ACCOUNT = f"{ACCOUNT} and active"

ADD = """
    insert into member (thread_id, account_id) values ($1, $2) on conflict do nothing
"""

REMOVE = "delete from member where thread_id = $1 and account_id = $2 returning true"


class Members:
    """The members in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, thread_id: int, reader: int) -> list[wire.Member]:
        """Return the members of a thread, for an account that sees it.

        Raises:
            NoSuchThread
        """
        rows = await self._pool.fetch(LIST, thread_id, reader)
        if not rows and not await self._pool.fetchval(
            "select true from thread where id = $1 and sees($2, thread)", thread_id, reader
        ):
            raise no_such_thread(thread_id)
        return [_member(**row) for row in rows]

    async def add(self, thread_id: int, username: str, by: int) -> None:
        """Make an account a member. Every account that sees the thread may add others.

        Raises:
            NoSuchThread, MembersAreFixed
            NoSuchAccount: there is none of this name, or it is disabled.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await _lock(connection, thread_id, by)
            subject = await _id_of(connection, ACTIVE_ACCOUNT, username)
            await act_for(connection, by)
            await connection.execute(ADD, thread_id, subject)

    async def remove(self, thread_id: int, username: str, by: int) -> None:
        """Remove a member: an account itself, or, for the owner of the thread and administrators, another.

        Raises:
            NoSuchThread
            NoSuchAccount: it is not a member.
            NotAllowed, MembersAreFixed
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rights = await _lock(connection, thread_id, by)
            subject = await _id_of(connection, ACCOUNT, username)
            if subject != by and not rights.may_manage:
                raise NotAllowed("only the owner of a chat or an administrator may remove others from it")
            await act_for(connection, by)
            if not await connection.fetchval(REMOVE, thread_id, subject):
                raise NoSuchAccount(f"{username} is not a member of thread {thread_id}")


async def _lock(connection: PoolConnection, thread_id: int, by: int) -> Rights:
    rights = await lock(connection, thread_id, by)
    if rights.is_direct:
        raise MembersAreFixed()
    return rights


async def _id_of(connection: PoolConnection, query: str, username: str) -> int:
    id = await connection.fetchval(query, username.replace("\0", ""))
    if id is None:
        raise NoSuchAccount(f"there is no account {username[:100]}")
    return int(id)


def _member(joined_at: object, read_seq: int | None, **person: object) -> wire.Member:
    return wire.Member(wire.Person(**person), joined_at, read_seq)  # type: ignore[arg-type]
