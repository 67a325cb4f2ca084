"""Request smuggling: a request whose end is in doubt is refused, and its connection is closed."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.cases import each
from tests.support.http import http_client
from tests.support.nginx import nginx_before
from tests.support.process import Server
from tests.support.raw import ask, raw_connection, request, statuses

JSON = "Content-Type: application/json"
CLOSE = "Connection: close"
KEY = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
WEBSOCKET = ("Upgrade: websocket", "Connection: Upgrade", *KEY)
SOCKET_PATH = "/api/v1/ws/threads"

HIDDEN = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = HIDDEN * 5_000
"""A body that is more than the server reads at once, with a request in each part of it."""

UPGRADES = {
    "unknown": ("Upgrade: foo", "Connection: Upgrade"),
    "HTTP/2": ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"),
    "HTTP/2 with TLS": ("Upgrade: h2", "Connection: upgrade"),
    "WebSocket, which needs GET": WEBSOCKET,
    "WebSocket and another": (*WEBSOCKET, "Upgrade: foo"),
    "another and WebSocket": ("Upgrade: foo", *WEBSOCKET),
    "a list": ("Upgrade: foo, websocket", "Connection: Upgrade", *KEY),
    "without Connection": ("Upgrade: foo", CLOSE),
    "in capitals": ("UPGRADE: FOO", "CONNECTION: KEEP-ALIVE, UPGRADE"),
    "with Expect": ("Upgrade: foo", "Connection: Upgrade", "Expect: 100-continue"),
}

FRAMINGS = {
    "two ways to frame": ("Content-Length: 4", "Transfer-Encoding: chunked"),
    "two lengths": ("Content-Length: 4", "Content-Length: 5"),
    "the same length twice": ("Content-Length: 4", "Content-Length: 4"),
    "a list of lengths": ("Content-Length: 4, 4",),
    "a length with a sign": ("Content-Length: +4",),
    "a hexadecimal length": ("Content-Length: 0x4",),
    "a length with a blank in it": ("Content-Length: 4 4",),
    "an unknown coding": ("Transfer-Encoding: xchunked",),
    "identity": ("Transfer-Encoding: identity",),
    "chunked and then another": ("Transfer-Encoding: chunked, identity",),
    "a folded line": ("Transfer-Encoding:\r\n chunked",),
    "a folded line elsewhere": ("X: a\r\n Content-Length: 4",),
    "a blank before the colon": ("Content-Length : 4",),
    "a bare CR": ("X: a\rContent-Length: 4",),
    "a bare LF": ("X: a\nContent-Length: 4",),
    "a NUL": ("X: a\0b",),
    "two hosts": ("Host: evil.example",),
}

CHUNKS = {
    "LF alone behind the size": b"4\nnull\r\n0\r\n\r\n",
    "LF alone behind an extension": b"4;a=b\nnull\r\n0\r\n\r\n",
    "LF alone behind the chunk": b"4\r\nnull\n0\r\n\r\n",
    "LF alone at the end": b"4\r\nnull\r\n0\n\n",
    "a size that overflows": b"ffffffffffffffff4\r\nnull\r\n0\r\n\r\n",
    "a size with a sign": b"+4\r\nnull\r\n0\r\n\r\n",
    "a size with 0x": b"0x4\r\nnull\r\n0\r\n\r\n",
    "a longer chunk than it says": b"4\r\nnullnull\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "anyone"}


@pytest.mark.parametrize("fields", each({name: (fields,) for name, fields in UPGRADES.items()}))
async def test_a_body_behind_an_upgrade_is_not_a_request(
    server: Server, thread: int, fields: tuple[str, ...]
) -> None:
    path = f"/api/v1/threads/{thread}/messages"
    answered = await ask(server, request("POST", path, JSON, *fields, body=BODY))
    assert [status for status in statuses(answered) if status != 100] == [400]
    assert b"bad_json" in answered, "it has been read as the body that it is"


@pytest.mark.parametrize("fields", each({name: (fields,) for name, fields in UPGRADES.items()}))
async def test_an_upgrade_that_is_not_done_is_ignored(
    server: Server, http: httpx.AsyncClient, thread: int, fields: tuple[str, ...]
) -> None:
    """Java's HttpClient and `curl --http2` expect this (RFC 9110, section 7.8)."""
    head, body = request("POST", f"/api/v1/threads/{thread}/messages", JSON, *fields), b'{"content": "x"}'
    head = head.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(body))
    for pieces in ([head + body], [head, body]):
        answered = await ask(server, *pieces)
        assert [status for status in statuses(answered) if status != 100] == [201]
    page = (await http.get(f"/threads/{thread}/messages")).json()
    assert [message["content"] for message in page] == ["x", "x"]


@pytest.mark.parametrize("fields", each({name: (fields,) for name, fields in FRAMINGS.items()}))
async def test_what_frames_a_body_in_doubt_is_refused(
    server: Server, thread: int, fields: tuple[str, ...]
) -> None:
    path = f"/api/v1/threads/{thread}/messages"
    answered = await ask(server, request("POST", path, JSON, *fields, body=b"null" + HIDDEN))
    assert statuses(answered) == [400]


@pytest.mark.parametrize("body", each({name: (body,) for name, body in CHUNKS.items()}))
async def test_chunks_in_doubt_are_refused(server: Server, thread: int, body: bytes) -> None:
    path = f"/api/v1/threads/{thread}/messages"
    head = request("POST", path, JSON, "Transfer-Encoding: chunked")
    assert statuses(await ask(server, head + body + HIDDEN)) == [400]


async def test_lines_that_end_in_lf_alone_are_refused(server: Server) -> None:
    assert statuses(await ask(server, HIDDEN.replace(b"\r\n", b"\n") * 2)) == [400]


async def test_a_tunnel_is_refused(server: Server) -> None:
    assert statuses(await ask(server, request("CONNECT", "127.0.0.1:80"), HIDDEN)) == [400]


async def test_a_trailer_field_is_not_a_header_field(server: Server, thread: int) -> None:
    body = b'f\r\n{"content":"x"}\r\n0\r\nOrigin: http://evil.example\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n'
    head = request("POST", f"/api/v1/threads/{thread}/messages", JSON, "Transfer-Encoding: chunked", CLOSE)
    assert statuses(await ask(server, head + body)) == [201]


async def test_what_follows_a_handshake_is_not_a_request(server: Server) -> None:
    handshake = request("GET", SOCKET_PATH, *WEBSOCKET)
    assert statuses(await ask(server, handshake + HIDDEN)) == [400]
    async with raw_connection(server) as connection:
        await connection.send(handshake)
        assert statuses(await connection.until(b"\r\n\r\n")) == [101]
        await connection.send(HIDDEN)
        assert statuses(await connection.rest()) == []


@pytest.mark.parametrize("path", ["/health/live", "/nowhere", "/api/v1/threads"])
async def test_what_follows_a_handshake_that_is_refused_is_not_a_request(server: Server, path: str) -> None:
    answered = await ask(server, request("GET", path, *WEBSOCKET) + HIDDEN)
    assert len(statuses(answered)) <= 1 and b"ok" not in answered


async def test_a_handshake_does_not_interrupt_an_answer(server: Server, thread: int) -> None:
    first = request("POST", f"/api/v1/threads/{thread}/messages", JSON, body=b'{"content": "x"}')
    answered = await ask(server, first + request("GET", SOCKET_PATH, *WEBSOCKET))
    assert statuses(answered) == [201]


async def test_garbage_behind_a_request_does_not_take_its_answer(server: Server, thread: int) -> None:
    first = request("POST", f"/api/v1/threads/{thread}/messages", JSON, body=b'{"content": "x"}')
    assert statuses(await ask(server, first + b"\0\r\n\r\n" + HIDDEN)) == [201]


async def test_requests_in_a_row_are_answered_in_order(server: Server) -> None:
    paths = ["/health/live", "/nowhere", "/health/ready", "/api/v1/nowhere"]
    last = request("GET", "/health/live", CLOSE)
    answered = await ask(server, b"".join(request("GET", path) for path in paths) + last)
    assert statuses(answered) == [200, 404, 200, 404, 200]


CARELESS = {"Upgrade $upgrade": "Upgrade $http_upgrade", "map $upgrade ": "map $http_upgrade "}
"""What many configurations of nginx have: they forward any Upgrade."""


@pytest.fixture(scope="module", params=["our nginx", "a careless nginx"])
def balancer(server: Server, request: pytest.FixtureRequest) -> Iterator[Server]:
    with nginx_before([server], CARELESS if request.param == "a careless nginx" else {}) as balancer:
        yield balancer


async def test_behind_nginx_nobody_gets_the_answer_of_another(
    balancer: Server, db: Connection, thread: int
) -> None:
    await db.execute("update thread set title = 'of the attacker' where id = $1", thread)
    # The server would skip the empty lines, and then wait for the end of a header: the victim's request.
    prefix = f"GET /api/v1/threads/{thread} HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "
    attack = request(
        "POST", "/api/v1/threads", JSON, "Upgrade: foo", "Connection: Upgrade",
        body=b"\r\n" * 100_000 + prefix.encode(),
    )  # fmt: skip
    answers = set()
    for _ in range(12):
        async with raw_connection(balancer) as attacker, http_client() as victim:
            await attacker.send(attack)
            assert b" 400 " in await attacker.until(b"\r\n\r\n")
            several = (victim.get(f"{balancer.url}/health/live", timeout=20) for _ in range(3))
            answers |= {answer.text for answer in await asyncio.gather(*several)}
    assert answers == {'{"status":"ok","problems":[]}'}
