"""What ends a key of a bot account closes its WebSockets, on every server."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.cases import refused
from tests.support.client import LIMIT_SECONDS, open_list, open_thread
from tests.support.process import Server, ServerStarter
from tests.support.programs import bearer, make_bot, make_key, with_key

Ending = Callable[[httpx.AsyncClient, Connection, str], Awaitable[object]]


@pytest.fixture(scope="module")
def other_server(start_server: ServerStarter, settings: dict[str, str]) -> Server:
    """A second server on the same database."""
    return start_server(settings)


async def revoke(ada: httpx.AsyncClient, db: Connection, bot: str) -> None:
    for key in (await ada.get(f"/bots/{bot}/keys")).json():
        assert (await ada.delete(f"/bots/{bot}/keys/{key['id']}")).status_code == 204


async def revoke_in_sql(ada: httpx.AsyncClient, db: Connection, bot: str) -> None:
    await db.execute(
        "delete from account_key where account_id = (select id from account where username = $1)", bot
    )


async def disable(ada: httpx.AsyncClient, db: Connection, bot: str) -> None:
    await db.execute("update account set active = false where username = $1", bot)


async def delete_account(ada: httpx.AsyncClient, db: Connection, bot: str) -> None:
    await db.execute("delete from account where username = $1", bot)


async def make_it_a_person(ada: httpx.AsyncClient, db: Connection, bot: str) -> None:
    await db.execute("update account set is_bot = false where username = $1", bot)


@pytest.mark.parametrize(
    "end",
    [revoke, revoke_in_sql, disable, delete_account, make_it_a_person],
    ids=lambda end: end.__name__,
)
async def test_what_ends_a_key_closes_its_sockets_on_every_server(
    server: Server, other_server: Server, ada: httpx.AsyncClient, db: Connection, thread: int, end: Ending
) -> None:
    bot, other = await make_bot(ada), await make_bot(ada)
    key, another = await make_key(ada, bot), await make_key(ada, other)
    async with AsyncExitStack() as stack:
        open = stack.enter_async_context
        servers = server, other_server
        programs = [await open(with_key(one, key)) for one in servers]
        its = [await open(open_thread(one, thread, additional_headers=bearer(key))) for one in servers]
        its.append(await open(open_list(other_server, additional_headers=bearer(key))))
        others = [await open(open_thread(one, thread, additional_headers=bearer(another))) for one in servers]
        for client in [*its, *others]:
            await client.frame("ready")
        assert [(await program.get("/account")).status_code for program in programs] == [200, 200]
        await end(ada, db, bot)
        assert [await client.closed() for client in its] == [4001] * 3
        await db.execute("insert into message (thread_id, content) values ($1, 'after')", thread)
        for client in others:
            await client.until_seq(1)
        assert not any(client.messages for client in its)
        for program in programs:
            refused(await program.get("/account"), 401, "wrong_key")


async def test_one_key_of_several_is_revoked_alone(
    server: Server, ada: httpx.AsyncClient, thread: int
) -> None:
    bot = await make_bot(ada)
    stays, goes = await make_key(ada, bot), await make_key(ada, bot)
    [_, second] = (await ada.get(f"/bots/{bot}/keys")).json()
    async with (
        open_thread(server, thread, additional_headers=bearer(stays)) as staying,
        open_thread(server, thread, additional_headers=bearer(goes)) as going,
    ):
        await staying.frame("ready")
        await going.frame("ready")
        await ada.delete(f"/bots/{bot}/keys/{second['id']}")
        assert await going.closed() == 4001
        await staying.send("still here")
        await staying.until_seq(1)


async def test_the_keys_of_a_bot_that_is_enabled_again_work_again(
    server: Server, ada: httpx.AsyncClient, db: Connection
) -> None:
    bot = await make_bot(ada)
    async with with_key(server, await make_key(ada, bot)) as program:
        await disable(ada, db, bot)
        async with asyncio.timeout(LIMIT_SECONDS):
            while (await program.get("/account")).status_code != 401:
                pass
        await db.execute("update account set active = true where username = $1", bot)
        assert (await program.get("/account")).status_code == 200


async def test_a_forged_notification_closes_no_socket(
    server: Server, ada: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    bot = await make_bot(ada)
    async with open_thread(server, thread, additional_headers=bearer(await make_key(ada, bot))) as client:
        await client.frame("ready")
        await db.execute(
            """select pg_notify('chinwag', '0 0 {"type":"account.changed","data":{"id":' || id || '}}')
               from account where username = $1""",
            bot,
        )
        await db.execute("insert into message (thread_id, content) values ($1, 'after')", thread)
        await client.until_seq(1)
        await client.send("and answered")
        await client.until_seq(2)


async def test_a_key_that_is_revoked_while_the_server_is_deaf_closes_its_sockets_afterwards(
    server: Server, ada: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    bot = await make_bot(ada)
    async with open_thread(server, thread, additional_headers=bearer(await make_key(ada, bot))) as client:
        await client.frame("ready")
        async with db.transaction():  # what is notified in between is heard by nobody
            await db.execute(
                """select pg_terminate_backend(pid) from pg_stat_activity
                   where application_name = 'chinwag listener' and datname = current_database()"""
            )
        await revoke_in_sql(ada, db, bot)
        assert await client.closed() == 4001
