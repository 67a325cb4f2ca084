"""Two servers behind deploy/haproxy.cfg, which asks them whether they are ready."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.network.test_smuggling import SOCKET_PATH, UPGRADES, WEBSOCKET
from tests.support.cases import each
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.haproxy import haproxy_before
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter
from tests.support.raw import ask, raw_connection, request, statuses
from tests.support.sql import INSERT, INSERT_MANY

SETTINGS = {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "anyone", "CHINWAG_PING_SECONDS": "0.5"}

HURRIED = {"inter 2s": "inter 100ms"}


@pytest.fixture(scope="module")
def servers(start_server: ServerStarter) -> list[Server]:
    return [start_server(SETTINGS), start_server(SETTINGS)]


@pytest.fixture(scope="module")
def server(servers: list[Server]) -> Iterator[Server]:
    """The load balancer."""
    with haproxy_before(servers, HURRIED) as balancer:
        yield balancer


async def test_what_a_server_must_know_passes_through(server: Server, http: httpx.AsyncClient) -> None:
    same_site = await http.post("/threads", json={}, headers={"Origin": server.url})
    assert same_site.status_code == 201, "the Host has its port"
    other_scheme = server.url.replace("http:", "https:")
    forged = {"Origin": other_scheme, "X-Forwarded-Proto": "https"}
    refused = await http.post("/threads", json={}, headers=forged)
    assert refused.json()["code"] == "origin_not_allowed", "what a client says of the scheme is replaced"
    too_big = await http.post("/threads", content=b" " * 5_000_000)
    assert (too_big.status_code, too_big.headers["Content-Type"]) == (413, "application/problem+json")
    rebound = await http.get("/account", headers={"Host": f"evil.example:{server.port}"})
    assert rebound.status_code == 421
    hidden = await http.get(f"{server.url}/metrics")
    assert hidden.status_code == 404, "a proxy is known by its fields, and not taken for this computer"


async def test_a_burst_passes_through(server: Server, db: Connection, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(INSERT_MANY, thread, 3000, 1000)
        await client.until_seq(3000)


async def test_pings_keep_a_websocket_open_on_which_nothing_else_happens(
    servers: list[Server], db: Connection, thread: int
) -> None:
    short = {"timeout tunnel 60s": "timeout tunnel 1s", "timeout client 30s": "timeout client 1s"}
    with haproxy_before(servers, HURRIED | short) as balancer:
        async with open_thread(balancer, thread) as client:
            await client.frame("ready")
            await asyncio.sleep(3)  # that nothing happens has no signal
            await db.execute(INSERT, thread, "still here")
            await client.until_seq(1)


async def test_a_server_that_drains_loses_nobody(
    start_server: ServerStarter, servers: list[Server], thread: int
) -> None:
    leaving = await asyncio.to_thread(start_server, SETTINGS | {"CHINWAG_DRAIN_SECONDS": "3"})
    with haproxy_before([leaving, servers[0]], HURRIED) as balancer:
        async with (
            open_thread(leaving, thread) as there,
            open_thread(balancer, thread) as one,
            open_thread(balancer, thread) as other,
            http_client(balancer.url) as http,
        ):
            for client in (there, one, other):
                await client.frame("ready")
            stopping = asyncio.create_task(asyncio.to_thread(leaving.stop))
            async with asyncio.timeout(LIMIT_SECONDS):
                while f"s{leaving.port}" in (answered := await of_six(http)):
                    assert set(answered.values()) == {200}
            assert not stopping.done()
            posted = await http.post(f"/api/v1/threads/{thread}/messages", json={"content": "meanwhile"})
            assert posted.status_code == 201
            for client in (there, one, other):
                await client.until_seq(1)
            while not stopping.done():
                assert set((await of_six(http)).values()) == {200}
            assert await there.closed() == 1012
            # One of the two was on the server that has left: it was told to come back, and not cut off.
            assert [one.connection.close_code, other.connection.close_code].count(1012) == 1
        assert await stopping == 0


async def of_six(http: httpx.AsyncClient) -> dict[str, int]:
    """Ask six times, and return the statuses by the names of the servers that have answered."""
    answers = [await http.get("/health/live") for _ in range(6)]
    return {answer.headers["X-Server"]: answer.status_code for answer in answers}


@pytest.mark.parametrize("fields", each({name: (fields,) for name, fields in UPGRADES.items()}))
async def test_only_the_upgrade_to_a_websocket_is_forwarded(
    server: Server, thread: int, fields: tuple[str, ...]
) -> None:
    """The body behind it is read as the body that it is, and the next answer is that of the next request."""
    path = f"/api/v1/threads/{thread}/messages"
    hidden = request("GET", "/health/live") * 10
    async with raw_connection(server) as connection:
        await connection.send(request("POST", path, "Content-Type: application/json", *fields, body=hidden))
        assert b"bad_json" in await connection.until(b"bad_json")
        await connection.send(request("GET", "/health/live", "Connection: close"))
        assert statuses(await connection.rest()) in ([200], [])


async def test_a_server_is_told_of_no_other_upgrade(servers: list[Server]) -> None:
    heads: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    told = []
    async with await asyncio.start_server(note, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        with haproxy_before([Server(servers[0].process, url, Path(os.devnull))]) as balancer:
            for name, fields in {**UPGRADES, "WebSocket": WEBSOCKET}.items():
                async with raw_connection(balancer) as connection:
                    await connection.send(request("GET", "/asked", *fields))
                    await connection.until(b"\r\n\r\n")
                [head] = [head.lower() for head in heads if b"/asked" in head]  # others: health
                heads.clear()
                if b"\r\nupgrade: " in head:
                    told.append(name)
    assert told == ["WebSocket, which needs GET", "WebSocket"]


async def test_one_address_gets_no_more_than_its_share(servers: list[Server]) -> None:
    handshake = request("GET", SOCKET_PATH, *WEBSOCKET)
    with haproxy_before(servers, HURRIED | {"gt 1000": "gt 2"}) as balancer:
        async with raw_connection(balancer) as one, raw_connection(balancer) as two:
            for connection in (one, two):
                await connection.send(handshake)
                assert statuses(await connection.until(b"\r\n\r\n")) == [101]
            answered = await ask(balancer, request("GET", "/health/live", "Connection: close"))
            assert statuses(answered) == [429]
