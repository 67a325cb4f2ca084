"""Threads: create, read, list, change and delete them. A trigger announces each change to all servers."""

from datetime import datetime

from msgspec import UNSET, UnsetType, json

from chinwag import wire
from chinwag.db.pool import Pool
from chinwag.errors import BadInput, NoSuchThread, TitleIsWrong

TITLE_CHARACTERS = 200

CREATE = "insert into thread (title, owner) values ($1, $2) returning id"

GET = "select thread_json(thread)::text from thread where id = $1"

CHANGE = "update thread set title = coalesce($2, title), pinned = coalesce($3, pinned) where id = $1"

DELETE = "delete from thread where id = $1 returning id"

NEWEST = """
    select thread_json(thread)::text as json from thread
    where (updated_at, id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2, 9223372036854775807)) {more}
    order by updated_at desc, id desc limit $3
"""

# These are no parameters, so that PostgreSQL sees that it can use the index of the few pinned threads.
PINNED = {None: "", True: "and pinned", False: "and not pinned"}

TITLED = "and id in (select threads_titled($4))"

decode = json.Decoder(wire.Thread).decode


class Threads:
    """The threads in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, new: wire.NewThread, owner: int) -> wire.Thread:
        """Create a thread for an account.

        Raises:
            TitleIsWrong
        """
        return await self.get(await self._pool.fetchval(CREATE, _checked(new.title), owner))

    async def get(self, id: int) -> wire.Thread:
        """Read a thread.

        Raises:
            NoSuchThread
        """
        text = await self._pool.fetchval(GET, id)
        if text is None:
            raise NoSuchThread(f"there is no thread {id}")
        return decode(text)

    async def existing(self, ids: list[int]) -> set[int]:
        """Return those of the ids that are threads."""
        rows = await self._pool.fetch("select id from thread where id = any ($1::bigint[])", ids)
        return {row["id"] for row in rows}

    async def last_seq(self, id: int) -> int | None:
        """Return the seq of the newest message, 0 if there is no message, None if there is no such thread."""
        found: int | None = await self._pool.fetchval("select last_seq from thread where id = $1", id)
        return found

    async def newest(
        self, limit: int, before: tuple[datetime, int] | None, pinned: bool | None, typed: str | None
    ) -> list[wire.Thread]:
        """List threads, those with the newest activity first.

        Args:
            before: the `updated_at` and the `id` of the last thread already seen; None for the first page.
            pinned: list only threads that are pinned, or only others; None for both.
            typed: list only threads with this text in their title; None for all.
        """
        more = PINNED[pinned] if typed is None else f"{PINNED[pinned]} {TITLED}"
        arguments = (*(before or (None, None)), limit, *([] if typed is None else [typed]))
        rows = await self._pool.fetch(NEWEST.replace("{more}", more), *arguments)
        return [decode(row["json"]) for row in rows]

    async def change(self, id: int, change: wire.ThreadChange) -> wire.Thread:
        """Change the fields of a thread that are named, and read it.

        Raises:
            BadInput, TitleIsWrong, NoSuchThread
        """
        title = None if change.title is UNSET else _checked(change.title)
        if not isinstance(change.pinned, bool | UnsetType):
            raise BadInput("pinned: true or false is taken")
        pinned = None if change.pinned is UNSET else change.pinned
        if title is not None or pinned is not None:
            await self._pool.execute(CHANGE, id, title, pinned)
        return await self.get(id)

    async def delete(self, id: int) -> None:
        """Delete a thread with all its messages. Its subscriptions are closed with 4004.

        Raises:
            NoSuchThread
        """
        if await self._pool.fetchval(DELETE, id) is None:
            raise NoSuchThread(f"there is no thread {id}")


def _checked(title: str) -> str:
    if not 1 <= len(title) <= TITLE_CHARACTERS or title.isspace() or "\0" in title:
        raise TitleIsWrong()
    return title
