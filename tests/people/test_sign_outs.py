"""Ending a session closes its WebSockets on every server."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_list, open_thread
from tests.support.people import PASSWORD, add_person, cookie_of, signed_in
from tests.support.process import Server

Ending = Callable[[httpx.AsyncClient, Connection], Awaitable[object]]


async def sign_out(client: httpx.AsyncClient, db: Connection) -> None:
    await client.delete("/session")


async def disable(client: httpx.AsyncClient, db: Connection) -> None:
    await db.execute("update account set active = false where username = 'fay'")


async def delete_account(client: httpx.AsyncClient, db: Connection) -> None:
    await db.execute("delete from account where username = 'fay'")


async def delete_in_sql(client: httpx.AsyncClient, db: Connection) -> None:
    await db.execute("delete from session where account_id = (select id from account where username = 'fay')")


async def change_with_piccolo(client: httpx.AsyncClient, db: Connection) -> None:
    await db.execute("update account set password = 'pbkdf2_sha256$1$x$y' where username = 'fay'")


@pytest.mark.parametrize(
    "end",
    [sign_out, disable, delete_account, delete_in_sql, change_with_piccolo],
    ids=lambda end: end.__name__,
)
async def test_what_ends_a_session_closes_its_sockets_on_every_server(
    server: Server, other_server: Server, db: Connection, end: Ending
) -> None:
    await db.execute("delete from account where username = 'fay'")
    await add_person(db, "fay")
    async with signed_in(server, "fay") as fay, signed_in(server, "ann") as ann, AsyncExitStack() as stack:
        thread = (await ann.post("/threads", json={"title": "Thread", "open": True})).json()["id"]
        open = stack.enter_async_context
        its = [
            await open(open_thread(one, thread, additional_headers=cookie_of(fay)))
            for one in (server, other_server)
        ] + [await open(open_list(other_server, additional_headers=cookie_of(fay)))]
        others = [
            await open(open_thread(one, thread, additional_headers=cookie_of(ann)))
            for one in (server, other_server)
        ]
        for client in [*its, *others]:
            await client.frame("ready")
        await end(fay, db)
        assert [await client.closed() for client in its] == [4001] * 3
        await db.execute("insert into message (thread_id, content) values ($1, 'after')", thread)
        for client in others:
            await client.until_seq(1)
        assert not any(client.messages for client in its)


async def test_a_changed_password_leaves_the_sockets_of_this_browser(server: Server, db: Connection) -> None:
    await add_person(db, "gus")
    async with signed_in(server, "gus") as here, signed_in(server, "gus") as there:
        thread = (await here.post("/threads", json={"title": "Thread", "open": True})).json()["id"]
        async with (
            open_thread(server, thread, additional_headers=cookie_of(here)) as stays,
            open_thread(server, thread, additional_headers=cookie_of(there)) as goes,
        ):
            await stays.frame("ready")
            await goes.frame("ready")
            await here.put("/account/password", json={"current": PASSWORD, "new": "another password"})
            assert await goes.closed() == 4001
            await stays.send("still here")
            await stays.until_seq(1)


async def test_a_forged_notification_signs_nobody_out(
    server: Server, db: Connection, persons: dict[str, int]
) -> None:
    async with signed_in(server, "ann") as ann:
        thread = (await ann.post("/threads", json={"title": "Thread", "open": True})).json()["id"]
        async with open_thread(server, thread, additional_headers=cookie_of(ann)) as client:
            await client.frame("ready")
            for id in (persons["ann"], 0, -1, 10**30, "x"):
                await db.execute(
                    "select pg_notify('chinwag', $1)",
                    f'0 0 {{"type":"account.changed","data":{{"id":{id}}}}}',
                )
            await db.execute("insert into message (thread_id, content) values ($1, 'after')", thread)
            await client.until_seq(1)
            await client.send("and answered")
            await client.until_seq(2)


async def test_a_session_that_ends_while_the_server_is_deaf_closes_its_sockets_afterwards(
    server: Server, db: Connection
) -> None:
    async with signed_in(server, "ann") as ann:
        thread = (await ann.post("/threads", json={"title": "Thread", "open": True})).json()["id"]
        async with open_thread(server, thread, additional_headers=cookie_of(ann)) as client:
            await client.frame("ready")
            async with db.transaction():  # what is notified in between is heard by nobody
                await db.execute(
                    """select pg_terminate_backend(pid) from pg_stat_activity
                       where application_name = 'chinwag listener' and datname = current_database()"""
                )
            await db.execute(
                "delete from session where account_id = (select id from account where username = 'ann')"
            )
            assert await client.closed() == 4001
