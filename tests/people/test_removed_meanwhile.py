"""Nothing of who is removed comes after the removal, also of what was under way."""

import asyncio
from typing import Any

import asyncpg
import pytest

from chinwag.chat.audit import audit_database
from chinwag.db.pool import Connection
from tests.support.people import signed_in
from tests.support.person import Person
from tests.support.process import ServerStarter
from tests.support.sql import until

WRITES = """
    select true from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like $1
"""

WAITS_FOR_A_LOCK = f"{WRITES} and wait_event_type = 'Lock'"

REMOVE = "delete from member where thread_id = $1 and account_id = $2"

LATER = """
    select array_agg(seq) from message
    where thread_id = $1 and author = $2
      and seq > (select min(seq) from message where thread_id = $1 and event = 'removed' and subject = $2)
"""


TRIES: dict[str, tuple[str, str, dict[str, object] | None]] = {
    "write": ("POST", "/messages", {"content": "after all"}),
    "come back": ("PUT", "/members/eve", None),
    "add another": ("PUT", "/members/bob", None),
    "rename": ("PATCH", "", {"title": "Hers"}),
    "open": ("PATCH", "", {"open": True}),
    "delete": ("DELETE", "", None),
}


@pytest.mark.parametrize("attempt", TRIES)
async def test_what_waits_while_its_sender_is_removed_is_refused(
    attempt: str, people: tuple[Person, ...], db: Connection, database_url: str
) -> None:
    """It has looked whether Eve sees the thread, and waits for the lock that the removal holds."""
    ada, _, eve = people
    method, path, body = TRIES[attempt]
    thread = await eve.new_thread(title="Hers, and then not any more", members=["ada"])
    await eve.says(thread, "before")
    remover = await asyncpg.connect(database_url)
    async with remover.transaction():
        await remover.execute(REMOVE, thread, eve.id)
        trying = asyncio.ensure_future(eve.http.request(method, f"/threads/{thread}{path}", json=body))
        await until(
            db, WAITS_FOR_A_LOCK, "%for no key update%" if attempt != "write" else "%insert into message%"
        )
    answer = await trying
    await remover.close()
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_thread")
    assert await db.fetchval(LATER, thread, eve.id) is None
    left = await db.fetchrow("select title, is_open from thread where id = $1", thread)
    assert left is not None and tuple(left) == ("Hers, and then not any more", False)
    members = await db.fetch("select account_id from member where thread_id = $1", thread)
    assert [row["account_id"] for row in members] == [ada.id]


async def test_nothing_of_who_is_removed_comes_after_the_removal(
    people: tuple[Person, ...], db: Connection
) -> None:
    """Twenty removals, each among twenty messages of who is removed."""
    ada, _, eve = people
    threads = [await ada.new_thread(members=["eve"]) for _ in range(20)]

    async def write(thread: int, n: int) -> int:
        answer = await eve.http.post(f"/threads/{thread}/messages", json={"content": f"{n}"})
        return answer.status_code

    for thread in threads:
        posts: list[Any] = [write(thread, n) for n in range(20)]
        posts.insert(10, ada.http.delete(f"/threads/{thread}/members/eve"))
        answers = await asyncio.gather(*posts)
        removal = answers.pop(10)
        assert removal.status_code == 204
        stored = await db.fetchval(
            "select count(*) from message where thread_id = $1 and author = $2", thread, eve.id
        )
        assert set(answers) <= {201, 404} and answers.count(201) == stored
        assert await db.fetchval(LATER, thread, eve.id) is None


async def test_a_bot_that_is_removed_while_it_thinks_does_not_answer(
    people: tuple[Person, ...], start_server: ServerStarter, db: Connection, database_url: str
) -> None:
    server = start_server({"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "3"})
    async with signed_in(server, "ada") as http:
        thread = (await http.post("/threads", json={})).json()["id"]
        bot = await db.fetchval("select id from account where answers")
        await http.post(f"/threads/{thread}/messages", json={"content": "a question"})
    await until(db, "select exists (select from reply_request where claimed_until > clock_timestamp())")
    remover = await asyncpg.connect(database_url)
    async with remover.transaction():
        await remover.execute(REMOVE, thread, bot)
        await until(db, WAITS_FOR_A_LOCK, "%insert into message%")
    await remover.close()
    await until(db, f"select not exists ({WRITES})", "%insert into message%")
    assert await db.fetchval("select count(*) from message where author = $1", bot) == 0
    assert (await audit_database(database_url)).sound
