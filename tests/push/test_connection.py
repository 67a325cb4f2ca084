"""The handler of a connection is told all that its browser does: under our own server, where no task waits
for it, and under any other."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
import uvicorn
from litestar.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect

from chinwag.push.burst import Burst
from chinwag.push.connection import Connection, connection_of
from chinwag.push.uvicorn.http import BoundedHttpProtocol, ConnectionLimits
from chinwag.push.uvicorn.keepalive import SLOTS, TimerWheel
from chinwag.push.uvicorn.protocol import PING, UvicornConnection
from tests.support.client import LIMIT_SECONDS, hang_up

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PONG = b"\x8a\x80\0\0\0\0"  # masked, and empty
GOOD_BYE = b"\x88\x80\0\0\0\0"


class Witness:
    """A handler of a connection that keeps what it is told."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.heard: list[str | None] = []
        self.is_stopped = self.has_left = False
        self.busy: asyncio.Future[Any] | None = None

    def receive(self, text: str | None) -> asyncio.Future[Any] | None:
        self.heard.append(text)
        self.connection.push(Burst(b"heard"))
        return self.busy

    def stop(self) -> None:
        self.is_stopped = True
        self.connection.finish()

    def left(self) -> None:
        assert not self.has_left, "once"
        self.has_left = True


class Here:
    """A server in this process, whose application gives each socket a witness."""

    def __init__(self, protocol: Any, **options: Any) -> None:
        is_ours = protocol is UvicornConnection
        http: Any = partial(BoundedHttpProtocol, limits=ConnectionLimits(20, 100)) if is_ours else "auto"
        config = uvicorn.Config(
            cast(Any, self._application),
            port=0,
            http=http,
            ws=protocol,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
            **options,
        )
        self.server = uvicorn.Server(config)
        self.witnesses: list[Witness] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Here"]:
        serving = asyncio.create_task(self.server.serve())
        await until(lambda: self.server.started)
        yield self
        self.server.should_exit = True
        await serving

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        witness = Witness(connection_of(scope, receive, send))
        self.witnesses.append(witness)
        await witness.connection.serve(witness)


@pytest.fixture(params=[UvicornConnection, "websockets-sansio"], ids=["our server", "another"])
async def here(request: pytest.FixtureRequest) -> AsyncIterator[Here]:
    async with Here(request.param).running() as here:
        yield here


@pytest.fixture
async def ours() -> AsyncIterator[Here]:
    async with Here(UvicornConnection).running() as here:
        yield here


@pytest.mark.parametrize("how", ["closes", "breaks off", "breaks the protocol"])
async def test_that_a_browser_has_left_is_told_once(here: Here, how: str) -> None:
    async with connect(here.url, proxy=None) as browser:
        await browser.send("last words")
        await answered(browser)
        if how == "breaks off":
            browser.transport.abort()
        elif how == "breaks the protocol":
            browser.transport.write(b"\xff\xff")
    [witness] = here.witnesses
    await until(lambda: witness.has_left)
    assert witness.heard == ["last words"]


async def test_that_we_have_closed_is_told_once(here: Here) -> None:
    async with connect(here.url, proxy=None) as browser:
        await until(lambda: here.witnesses)
        [witness] = here.witnesses
        await witness.connection.close(4004, "no_such_thread")
        assert await closed(browser) == 4004
        await until(lambda: witness.has_left)


async def test_what_comes_after_our_close_does_not_matter(
    ours: Here, caplog: pytest.LogCaptureFixture
) -> None:
    async with shaken_hands(ours) as (reader, writer), asyncio.timeout(LIMIT_SECONDS):
        await until(lambda: ours.witnesses)
        await ours.witnesses[0].connection.close(4004, "no_such_thread")
        writer.write(b"\x81\x81\0\0\0\0\xff" + GOOD_BYE)  # the text is not UTF-8
        await reader.read()
    assert not caplog.records


async def test_nothing_more_comes_while_a_handler_is_busy(here: Here) -> None:
    async with connect(here.url, proxy=None) as browser, connect(here.url, proxy=None) as other:
        await until(lambda: len(here.witnesses) == 2)
        busy = asyncio.get_running_loop().create_future()
        for witness in here.witnesses:
            witness.busy = busy
        for text in ("1", b"2", "3"):
            await browser.send(text)
        await answered(browser)
        await other.send("that the server has had a turn")
        await answered(other)
        assert sorted(len(witness.heard) for witness in here.witnesses) == [1, 1]
        busy.set_result(None)
        await answered(browser)
        await answered(browser)
        assert ["1", None, "3"] in [witness.heard for witness in here.witnesses]


async def test_an_idle_socket_needs_no_task(ours: Here) -> None:
    tasks = asyncio.all_tasks()
    async with connect(ours.url, proxy=None) as browser:
        await browser.send("x")
        await answered(browser)
        assert not ours.server.server_state.tasks
        assert len(asyncio.all_tasks() - tasks) <= 1, "the browser's"


async def test_a_handshake_leaves_nothing_that_only_the_garbage_collector_can_free(ours: Here) -> None:
    gc.collect()
    gc.disable()
    try:
        async with shaken_hands(ours):
            await until(lambda: ours.witnesses)
            await asyncio.sleep(0)  # the application's task has ended, and is not referred to any more
            assert not [one for one in gc.get_objects() if type(one) is BoundedHttpProtocol]
    finally:
        gc.enable()


async def test_a_handler_is_told_that_the_server_stops_and_closes_then(ours: Here) -> None:
    async with connect(ours.url, proxy=None) as browser:
        await until(lambda: ours.witnesses)
        ours.server.should_exit = True
        assert await closed(browser) == 1012
    [witness] = ours.witnesses
    assert witness.is_stopped
    await until(lambda: witness.has_left)


async def test_who_answers_pings_stays_and_who_does_not_is_reset() -> None:
    async with Here(UvicornConnection, ws_ping_interval=0.1).running() as here:
        async with shaken_hands(here) as (reader, writer), asyncio.timeout(LIMIT_SECONDS):
            for _ in range(3):
                assert await reader.readexactly(2) == PING
                writer.write(PONG)
            assert await reader.readexactly(2) == PING
            with pytest.raises(ConnectionResetError):
                await reader.read()
        await until(lambda: here.witnesses[0].has_left)


def test_the_wheel_checks_each_member_once_a_revolution_until_it_leaves() -> None:
    loop = Mock()
    wheel = TimerWheel(loop, seconds=64)
    one, other = Mock(), Mock()

    def revolve() -> None:
        for _ in range(SLOTS):
            loop.call_later.call_args.args[1]()

    wheel.join(one)
    loop.call_later.call_args.args[1]()
    slot = wheel.join(other)
    revolve()
    revolve()
    assert (one.check.call_count, other.check.call_count) == (2, 2)
    slot.discard(other)
    revolve()
    assert (one.check.call_count, other.check.call_count) == (3, 2)


@asynccontextmanager
async def shaken_hands(here: Here) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which frames may be written byte by byte."""
    parts = urlsplit(here.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    yield reader, writer
    await hang_up(writer)


async def answered(browser: ClientConnection) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        assert await browser.recv() == "heard"


async def closed(browser: ClientConnection) -> int | None:
    async with asyncio.timeout(LIMIT_SECONDS):
        await browser.wait_closed()
    return browser.close_code


async def until(holds: Any) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not holds():
            await asyncio.sleep(0.001)
