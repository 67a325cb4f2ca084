"""Threads: create, read, list, change and delete them. A trigger announces each change to all servers."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from piccolo.columns import Column
from piccolo.columns.combination import WhereRaw
from piccolo.querystring import QueryString

from chinwag import wire
from chinwag.db.tables import Thread
from chinwag.errors import BadInput, NoSuchThread, TitleIsWrong

TITLE_CHARACTERS = 200

SHOWN = [*Thread.all_columns(), QueryString("thread_preview(thread)", alias="preview")]
"""What clients see of a thread, as in thread_json() of sql/50_frame.sql."""


async def create(new: wire.NewThread, owner: int) -> wire.Thread:
    """Raises TitleIsWrong."""
    thread = Thread(title=_checked(new.title), owner=owner)
    [created] = await Thread.insert(thread).returning(Thread.id)
    return await get(created["id"])


async def get(id: int) -> wire.Thread:
    """Raises NoSuchThread."""
    rows = await Thread.select(*SHOWN).where(Thread.id == id)
    if not rows:
        raise NoSuchThread(f"there is no thread {id}")
    return msgspec.convert(rows[0], wire.Thread)


async def newest(
    limit: int, before: tuple[datetime, int] | None, pinned: bool | None, typed: str | None
) -> list[wire.Thread]:
    """Newest activity first. `before` is the `updated_at` and `id` of the last thread already seen, `typed` a
    part of the title; None stands for all."""
    query = Thread.select(*SHOWN)
    if typed is not None:
        query = query.where(WhereRaw("id in (select threads_titled({}))", typed))
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
    if values:
        await Thread.update(values).where(Thread.id == id)
    return await get(id)


async def delete(id: int) -> None:
    """Delete a thread with all its messages; whoever reads it is closed with 4004.

    Raises:
        NoSuchThread
    """
    if not await Thread.delete().where(Thread.id == id).returning(Thread.id):
        raise NoSuchThread(f"there is no thread {id}")


def _checked(title: str) -> str:
    if not 1 <= len(title) <= TITLE_CHARACTERS or title.isspace() or "\0" in title:
        raise TitleIsWrong()
    return title
