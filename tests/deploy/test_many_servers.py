"""Many servers behind one load balancer: whichever server a browser is on, it sees the same conversation."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.http import http_client
from tests.support.nginx import nginx_before
from tests.support.page import contents, write
from tests.support.process import Server, ServerStarter, environ_of

ECHO = {"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0.1", "CHINWAG_SIGN_IN": "anyone"}
NO_BOT = {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "anyone"}

BURST = """
    insert into message (thread_id, role, content)
    select $1, 'assistant', repeat('x', i) from generate_series(1, 5000) i
"""


@pytest.fixture(scope="module")
def servers(start_server: ServerStarter) -> list[Server]:
    return [start_server(ECHO), start_server(ECHO)]


@pytest.fixture(scope="module")
def server(servers: list[Server]) -> Iterator[Server]:
    """The load balancer."""
    with nginx_before(servers) as balancer:
        yield balancer


async def test_two_windows_on_two_servers_show_the_same(
    browser: Browser,
    server: Server,
    servers: list[Server],
    http: httpx.AsyncClient,
    database_url: str,
    thread: int,
) -> None:
    one, its_port = await open_tab(browser, server, thread)
    other = await open_tab_elsewhere(browser, server, thread, its_port)
    said: list[str] = []

    async def both_show(content: str) -> None:
        said.extend((content, content))  # it, and the bot's echo
        await expect(contents(one)).to_have_text(said)
        await expect(contents(other)).to_have_text(said)

    await write(one, "typed in one tab")
    await both_show("typed in one tab")
    await write(other, "typed in the other")
    await both_show("typed in the other")
    await http.post(f"/threads/{thread}/messages", json={"content": "by HTTP"})
    await both_show("by HTTP")
    await psql(database_url, f"insert into message (thread_id, content) values ({thread}, 'by psql')")
    await both_show("by psql")

    # The server of one tab goes. That tab moves to the other server, and misses nothing.
    [gone] = [one for one in servers if one.port == its_port]
    async with one.expect_websocket() as moved:
        await asyncio.to_thread(gone.stop)
        await http.post(f"/threads/{thread}/messages", json={"content": "meanwhile"})
    assert str(thread) in (await moved.value).url
    await both_show("meanwhile")
    await asyncio.gather(one.context.close(), other.context.close())


async def open_tab(browser: Browser, balancer: Server, thread: int) -> tuple[Page, int]:
    """Return the tab of another person on a thread, and the port of the server that has its WebSocket."""
    context = await browser.new_context()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    urls: dict[str, str] = {}
    port: asyncio.Future[int] = asyncio.Future()

    def note_url(event: dict[str, Any]) -> None:
        urls[event["requestId"]] = event["url"]

    def note_server(event: dict[str, Any]) -> None:
        if f"/ws/threads/{thread}" in urls[event["requestId"]] and not port.done():
            port.set_result(int(event["response"]["headers"]["X-Server"].rpartition(":")[2]))

    devtools.on("Network.webSocketCreated", note_url)
    devtools.on("Network.webSocketHandshakeResponseReceived", note_server)
    await devtools.send("Network.enable")
    await page.goto(f"{balancer.url}/threads/{thread}")
    return page, await asyncio.wait_for(port, LIMIT_SECONDS)


async def open_tab_elsewhere(browser: Browser, balancer: Server, thread: int, port: int) -> Page:
    """Return a tab on a thread that is with another server than this one."""
    for _ in range(10):
        page, its_port = await open_tab(browser, balancer, thread)
        if its_port != port:
            return page
        await page.context.close()
    raise AssertionError("all tabs are with one server")


async def psql(url: str, statement: str) -> None:
    command = [sys.executable, "-m", "chinwag.cli", "psql", "-c", statement]
    await asyncio.to_thread(subprocess.run, command, env=environ_of(url, {}), check=True)


async def test_what_a_server_must_know_passes_through(server: Server, http: httpx.AsyncClient) -> None:
    same_site = await http.post("/threads", json={}, headers={"Origin": server.url})
    assert same_site.status_code == 201, "the Host has its port"
    other_scheme = server.url.replace("http:", "https:")
    refused = await http.post("/threads", json={}, headers={"Origin": other_scheme})
    assert refused.json()["code"] == "origin_not_allowed"
    too_big = await http.post("/threads", content=b" " * 5_000_000)
    assert (too_big.status_code, too_big.headers["Content-Type"]) == (413, "application/problem+json")
    rebound = await http.get("/account", headers={"Host": f"evil.example:{server.port}"})
    assert rebound.status_code == 421


async def test_a_burst_passes_through(server: Server, db: Connection, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(BURST, thread)
        await client.until_seq(5000)


async def test_a_server_that_is_away_is_passed_over(
    start_server: ServerStarter, servers: list[Server]
) -> None:
    away = start_server(NO_BOT)
    with nginx_before([away, *servers]) as balancer:
        async with http_client(f"{balancer.url}/api/v1") as http:
            assert (await http.get("/account")).status_code == 200
            away.kill()
            answers = [await http.post("/threads", json={}) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {201}
