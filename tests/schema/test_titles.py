"""A thread gets its title from its first message, whoever writes it, until someone gives it one."""

import json

import pytest

from chinwag.db.pool import Connection
from chinwag.frames import WAKE_BOTS
from tests.support.sql import INSERT


@pytest.fixture
async def thread(db: Connection) -> int:
    """A new thread, that nobody has given a title."""
    id: int = await db.fetchval("insert into thread default values returning id")
    return id


TITLE = "select title from thread where id = $1"


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("When is the release?", "When is the release?"),
        ("\n\n  two   blanks\tand a tab \nsecond line", "two blanks and a tab"),
        ("# A heading", "A heading"),
        ("> - **quoted**", "quoted"),
        ("1. first\n2. second", "first"),
        ("```sh\nls -l\n```", "sh"),
        ("---\nafter the line", "after the line"),
        ("2024 was a good year", "2024 was a good year"),
        ("-5 degrees", "5 degrees"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("word " * 20, "word word word word word word word word word word word…"),
        ("🎉" * 100, "🎉" * 59 + "…"),
        ("***", "New chat"),
        ("\u0001\u0002", "New chat"),
        ("\n" * 3000 + "too far down", "New chat"),
    ],
)
async def test_the_first_line_that_says_something_is_the_title(
    db: Connection, thread: int, content: str, title: str
) -> None:
    await db.execute(INSERT, thread, content)
    assert await db.fetchval(TITLE, thread) == title


async def test_only_the_first_message_gives_the_title(db: Connection, thread: int) -> None:
    await db.execute(
        "insert into message (thread_id, content) select $1, unnest($2::text[])", thread, ["one", "two"]
    )
    await db.execute(INSERT, thread, "three")
    assert await db.fetchval(TITLE, thread) == "one"


async def test_a_title_that_somebody_gave_stays(db: Connection, thread: int) -> None:
    await db.execute("update thread set title = 'mine' where id = $1", thread)
    await db.execute(INSERT, thread, "not this")
    assert await db.fetchval(TITLE, thread) == "mine"


async def test_the_lists_are_told(db: Connection, thread: int) -> None:
    heard: list[str] = []
    await db.add_listener("chinwag", lambda *args: heard.append(args[-1]))
    await db.execute(INSERT, thread, "told")
    await db.execute("select 1")  # what was notified comes before its answer
    change, message = (payload.split(" ", 2) for payload in heard if payload != WAKE_BOTS)
    assert change[:2] == [str(thread), "0"]
    frame = json.loads(change[2])
    assert frame["type"] == "thread.updated"
    assert (frame["data"]["title"], frame["data"]["last_seq"]) == ("told", 1)
    assert message[:2] == [str(thread), "1"]
