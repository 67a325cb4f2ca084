"""What is told to stop does, whatever it was about to do."""

import asyncio
from contextlib import suppress
from functools import partial
from uuid import UUID, uuid4

from chinwag.bots.echo import Echo
from chinwag.bots.replies import OwnBot, Replies
from chinwag.chat.accounts import Accounts
from chinwag.chat.writer import Writer
from chinwag.db.pool import Connection, open_pool
from chinwag.push.listener import Listener
from chinwag.settings import Settings
from chinwag.wire import CloseCode
from tests.support.client import LIMIT_SECONDS, hang_up, open_thread
from tests.support.linked import server_by_link
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT


async def test_a_server_that_stops_first_stores_and_acknowledges(
    start_server: ServerStarter, settings: dict[str, str], db: Connection, thread: int
) -> None:
    server = await asyncio.to_thread(start_server, settings)
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        async with db.transaction():
            # Holds the thread: what is sent now cannot be stored yet.
            await db.execute(INSERT, thread, "held")
            sent = {str(await client.send("in time")) for _ in range(20)}
            await client.connection.send('{"type": "ping"}')
            await client.frame("pong")  # the server has read all of them
            server.process.terminate()
            await until_deaf(server)
            late = str(await client.send("too late"))
            assert (await client.frame("error"))["code"] == "server_stopping"
        assert await client.closed() == CloseCode.SERVICE_RESTART
        assert {message["client_id"] for message in client.messages} == {None, *sent}
        assert client.frames[-1]["type"] == "message"
        assert await db.fetchval("select count(*) from message where client_id = $1", UUID(late)) == 0
    assert server.process.wait(LIMIT_SECONDS) == 0


async def test_a_server_whose_database_is_out_of_reach_stops_in_time(
    database_url: str, settings: dict[str, str], thread: int
) -> None:
    async with server_by_link(database_url, settings) as (server, link):
        async with open_thread(server, thread) as client:
            await client.frame("ready")
            link.open.clear()
            await client.send("has no answer")
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                f"POST /api/v1/threads/{thread}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                "Content-Type: application/json\r\nContent-Length: 15\r\n"
                "Expect: 100-continue\r\n\r\n".encode()
            )
            assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"  # it is under way
            writer.write(b'{"content":"x"}')
            assert await asyncio.to_thread(server.stop) == 0
            answer = await reader.read()
            await hang_up(writer)
            assert b"HTTP/1.1 503 " in answer
            assert b'"code":"server_stopping"' in answer
        assert "Traceback" not in server.log.read_text()


async def test_a_listener_that_is_stopped_as_its_connection_is_lost(database_url: str) -> None:
    async def nothing() -> None:
        pass

    async with open_pool(Settings(database_url=database_url)) as pool:
        listener = Listener(
            database_url,
            [],
            notify=pool.notify,
            on_loss=lambda: None,
            after_gap=nothing,
            after_silence=nothing,
        )
        async with asyncio.timeout(LIMIT_SECONDS):
            async with listener.running():
                await until_awaited(listener._lost)
                listener._on_termination(listener._connection)
                # The listener is stopped in the same iteration of the event loop.
        assert not listener.ready


async def test_a_bot_that_is_stopped_as_a_message_comes(database_url: str) -> None:
    async with open_pool(Settings(database_url=database_url)) as pool:
        server_id = uuid4()
        bots = [OwnBot(Echo(), partial(Accounts(pool).bot, "echo"))]
        replies = Replies(bots, pool, Writer(pool, server_id), server_id, most_characters=1000)
        async with asyncio.timeout(LIMIT_SECONDS):
            async with replies.running():
                await until_awaited(replies._woken)
                replies.receive("")
                # The bot is stopped in the same iteration of the event loop.


async def until_awaited(event: asyncio.Event) -> None:
    """Wait until somebody waits for an event that has not come."""
    while event.is_set() or not event._waiters:
        await asyncio.sleep(0)


async def until_deaf(server: Server) -> None:
    """Wait until a server accepts no new connections."""
    async with asyncio.timeout(LIMIT_SECONDS):
        with suppress(ConnectionRefusedError, ConnectionResetError):
            while True:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                await hang_up(writer)
