"""The opening handshake of a WebSocket (RFC 6455, section 4.2): what is not one is refused, and says why."""

import pytest

from tests.storm.flooding import frame
from tests.support.process import Server
from tests.support.raw import ask, raw_connection, request, statuses

PATH = "/api/v1/ws/threads"
UPGRADE = ("Upgrade: websocket", "Connection: Upgrade")
VERSION = "Sec-WebSocket-Version: 13"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="  # of the example in the RFC, in lower case

WRONG = {
    "no key": (VERSION,),
    "two keys": (VERSION, KEY, KEY),
    "a key that is too short": (VERSION, "Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="),
    "a key that is not Base64": (VERSION, "Sec-WebSocket-Key: the sample nonce, 24 ch."),
    "an empty key": (VERSION, "Sec-WebSocket-Key:"),
    "no version": (KEY,),
    "an old version": (KEY, "Sec-WebSocket-Version: 8"),
    "two versions": (KEY, VERSION, VERSION),
    "two origins": (KEY, VERSION, "Origin: https://evil.example", "Origin: http://127.0.0.1"),
}


@pytest.mark.parametrize("fields", WRONG.values(), ids=WRONG)
async def test_what_is_no_handshake_is_refused(server: Server, fields: tuple[str, ...]) -> None:
    answered = await ask(server, request("GET", PATH, *UPGRADE, *fields))
    assert statuses(answered) == [400]
    assert b'"code":"bad_request"' in answered and b"the handshake" in answered


async def test_the_names_of_fields_and_tokens_may_be_in_any_case(server: Server) -> None:
    fields = ("UPGRADE: WebSocket", "connection: keep-alive, upgrade", VERSION.lower(), KEY.replace("K", "k"))
    async with raw_connection(server) as connection:
        await connection.send(request("GET", PATH, *fields))
        answered = await connection.until(b"\r\n\r\n")
    assert statuses(answered) == [101] and ACCEPT in answered.lower()


@pytest.mark.parametrize("path", ["/", "/api/v1/ws", "/api/v1/ws/threads/1/2", "/api/v1/ws/threadsx", "*"])
async def test_there_is_no_websocket_at_another_address(server: Server, path: str) -> None:
    assert statuses(await ask(server, request("GET", path, *UPGRADE, KEY, VERSION))) == [403]


async def test_a_path_that_is_not_ascii_is_refused(server: Server) -> None:
    handshake = request("GET", f"{PATH}/\xe9", *UPGRADE, KEY, VERSION)
    assert statuses(await ask(server, handshake)) == [400]


async def test_nothing_leaves_before_the_answer_to_a_handshake(server: Server) -> None:
    """A frame that is sent before the answer breaks the protocol: it is refused, or waits for the answer."""
    async with raw_connection(server) as connection:
        await connection.send(request("GET", PATH, *UPGRADE, KEY, VERSION))
        await connection.send(frame(b"early", 9))
        status = statuses(await connection.until(b"\r\n\r\n"))
        assert status in ([101], [400])
        if status == [101]:
            assert b"\x8a\x05early" in await connection.until(b"early")
