"""What can be done with a thread. The database itself tells every list of threads about it."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from piccolo.columns import Column

from app import wire
from app.errors import BadInput, NoSuchThread, TitleIsWrong
from app.tables import Thread

TITLE_CHARACTERS = 200


async def create(new: wire.NewThread, owner: int) -> wire.Thread:
    """Raises TitleIsWrong."""
    thread = Thread(title=_checked(new.title), owner=owner)
    return _one(await Thread.insert(thread).returning(*Thread.all_columns()), thread.id)


async def get(id: int) -> wire.Thread:
    """Raises NoSuchThread."""
    return _one(await Thread.select().where(Thread.id == id), id)


async def newest(
    limit: int, before: tuple[datetime, int] | None, pinned: bool | None
) -> list[wire.Thread]:
    """Newest activity first. `before` is the `updated_at` and `id` of the last thread already seen; `pinned`
    None stands for all."""
    query = Thread.select()
    if pinned is not None:
        query = query.where(Thread.pinned == pinned)
    if before:
        moment, id = before
        query = query.where(
            (Thread.updated_at < moment) | ((Thread.updated_at == moment) & (Thread.id < id))
        )
    query = query.order_by(Thread.updated_at, Thread.id, ascending=False).limit(limit)
    return msgspec.convert(await query, list[wire.Thread])


async def change(id: int, change: wire.ThreadChange) -> wire.Thread:
    """Raises BadInput, TitleIsWrong, NoSuchThread. What is not named stays."""
    values: dict[Column | str, Any] = {}
    if change.title is not UNSET:
        values[Thread.title] = _checked(change.title)
    if change.pinned is not UNSET:
        if not isinstance(change.pinned, bool):
            raise BadInput("pinned: true or false is taken")
        values[Thread.pinned] = change.pinned
    if not values:
        return await get(id)
    changed = Thread.update(values).where(Thread.id == id).returning(*Thread.all_columns())
    return _one(await changed, id)


async def delete(id: int) -> None:
    """Delete a thread with all its messages; whoever reads it is closed with 4004.

    Raises:
        NoSuchThread
    """
    _one(await Thread.delete().where(Thread.id == id).returning(*Thread.all_columns()), id)


def _one(rows: list[dict[str, Any]], id: int) -> wire.Thread:
    if not rows:
        raise NoSuchThread(f"there is no thread {id}")
    return msgspec.convert(rows[0], wire.Thread)


def _checked(title: str) -> str:
    if not 1 <= len(title) <= TITLE_CHARACTERS or title.isspace() or "\0" in title:
        raise TitleIsWrong()
    return title
