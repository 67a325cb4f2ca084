"""The limits of deploy/nginx.conf."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.support.client import LIMIT_SECONDS
from tests.support.http import http_client
from tests.support.nginx import nginx_before
from tests.support.process import Server
from tests.support.raw import ask, raw_connection, request, statuses

WEBSOCKET = (
    *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
SMALL = {
    "client_header_timeout 10s": "client_header_timeout 1s",
    "client_body_timeout 10s": "client_body_timeout 1s",
    "keepalive_timeout 30s": "keepalive_timeout 1s",
    "limit_conn addresses 1000": "limit_conn addresses 5",
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "anyone"}


@pytest.fixture(scope="module")
def balancer(server: Server) -> Iterator[Server]:
    with nginx_before([server], SMALL) as balancer:
        yield balancer


UNFINISHED = {
    "nothing": b"",
    "a head": b"GET /health/live HTTP/1.1\r\nX: ",
    "a body": request("POST", "/api/v1/threads", "Content-Length: 100") + b"{",
    "a second request": request("GET", "/health/live"),
}


@pytest.mark.parametrize("start", UNFINISHED)
async def test_a_request_that_does_not_arrive_is_given_up(balancer: Server, start: str) -> None:
    async with raw_connection(balancer) as connection:
        await connection.send(UNFINISHED[start])
        assert statuses(await connection.rest()) in ([], [200], [408])


async def test_one_address_gets_no_more_than_its_share(balancer: Server) -> None:
    handshake = request("GET", "/api/v1/ws/threads", *WEBSOCKET)
    async with AsyncExitStack() as stack:
        for _ in range(5):
            connection = await stack.enter_async_context(raw_connection(balancer))
            await connection.send(handshake)
            assert statuses(await connection.until(b"\r\n\r\n")) == [101]
        for asked in (handshake, request("GET", "/health/live", "Connection: close")):
            assert statuses(await ask(balancer, asked)) == [429]
    async with asyncio.timeout(LIMIT_SECONDS), http_client() as http:
        while (await http.get(f"{balancer.url}/health/live")).status_code == 429:
            await asyncio.sleep(0.05)  # until nginx knows that they have left


async def test_a_head_that_is_too_large_is_refused(balancer: Server) -> None:
    answered = await ask(balancer, request("GET", "/", *[f"X: {'x' * 8_000}"] * 8))
    assert statuses(answered) == [400]
