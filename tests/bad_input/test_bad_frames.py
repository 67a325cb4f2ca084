"""A bad frame gets an error, and a breach of the protocol closes only its own WebSocket."""

import json
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.cases import (
    BAD_CONTENT,
    BAD_FIELDS,
    MAX_CONTENT,
    MEGABYTE,
    NESTED_TOO_DEEP,
    NO_SEQS,
    NO_THREADS,
    NOT_JSON,
    NOT_UTF8,
    each,
    still_works,
)
from tests.support.client import Client, open_list, open_thread
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter

CLIENT_ID = "6b1f8e1c-5a55-4d10-9f5c-5a3b8f9c2d10"
BAD_TYPES = {
    "unknown type": b'{"type": "shout", "content": "x"}',
    "type is a number": b'{"type": 1}',
    "nothing but a type": b'{"type": "message"}',
}
BAD_FRAMES = {
    **{name: (text, "bad_json") for name, text in NOT_JSON.items()},
    **{name: (text, "bad_message") for name, text in (BAD_FIELDS | BAD_TYPES | NESTED_TOO_DEEP).items()},
}
BREACHES = {
    **{name: (data, True, 1007) for name, data in NOT_UTF8.items()},
    "a megabyte of text": (MEGABYTE, True, 1009),
    "a megabyte of bytes": (MEGABYTE, False, 1009),
}


@pytest.mark.parametrize(("text", "code"), each(BAD_FRAMES))
async def test_a_bad_frame_gets_an_error_and_the_websocket_lives_on(
    server: Server, thread: int, text: bytes, code: str
) -> None:
    async with open_thread(server, thread) as client:
        await client.connection.send(text, text=True)
        assert (await client.frame("error"))["code"] == code
        await still_works(client)


@pytest.mark.parametrize(("content", "code"), each(BAD_CONTENT))
async def test_bad_content_gets_an_error_with_its_client_id(
    server: Server, thread: int, content: str, code: str
) -> None:
    async with open_thread(server, thread) as client:
        await client.connection.send(json.dumps({"content": content, "client_id": CLIENT_ID}))
        error = await client.frame("error")
        assert (error["code"], error["client_id"]) == (code, CLIENT_ID)
        await still_works(client)


@pytest.mark.parametrize("data", [b"", b'{"content": "x"}', b"\xff\0"])
async def test_a_binary_frame_gets_an_error_and_the_websocket_lives_on(
    server: Server, thread: int, data: bytes
) -> None:
    async with open_thread(server, thread) as client, open_list(server) as list_client:
        for each in (client, list_client):
            await each.connection.send(data)
            assert (await each.frame("error"))["code"] == "bad_message"
        await still_works(client)
        await still_answers(list_client)


@pytest.mark.parametrize("text", each(NOT_JSON | BAD_FIELDS | BAD_TYPES | {"message": b'{"content": "x"}'}))
async def test_the_list_takes_nothing_but_a_ping(server: Server, text: bytes) -> None:
    async with open_list(server) as client:
        await client.connection.send(text, text=True)
        code = "bad_json" if text in NOT_JSON.values() else "bad_message"
        assert (await client.frame("error"))["code"] == code
        await still_answers(client)


@pytest.mark.parametrize(("data", "text", "code"), each(BREACHES))
async def test_a_frame_that_breaks_the_protocol_closes_only_its_own_websocket(
    server: Server, thread: int, data: bytes, text: bool, code: int
) -> None:
    async with open_thread(server, thread) as other, open_list(server) as list_client:
        async with open_thread(server, thread) as client:
            for each in (client, list_client):
                with suppress(ConnectionClosed):  # before all of it was sent
                    await each.connection.send(data, text=text)
                assert await each.closed() == code
        await still_works(other)


@pytest.mark.parametrize("id", [*NO_THREADS, "9" * 5000, "٣", "%00", "%ff"])
async def test_the_websocket_of_no_thread_is_closed_with_4004(server: Server, id: str) -> None:
    async with open_thread(server, id) as client:
        assert await client.closed() == 4004


@pytest.mark.parametrize("after", [*NO_SEQS, "%00", "%ff"])
async def test_a_websocket_after_no_seq_is_closed_with_1008(server: Server, thread: int, after: str) -> None:
    async with open_thread(server, thread, after) as client:
        assert await client.closed() == 1008
        assert client.connection.close_reason == "after is not a seq"


async def test_the_log_says_what_was_refused_and_never_the_content(
    start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)  # in another one's log such lines may only be counted
    secret = "tell nobody"
    messages = f"{server.url}/api/v1/threads/{thread}/messages"
    async with open_thread(server, thread) as client, http_client() as http:
        for content in (secret * MAX_CONTENT, secret + "\0"):
            await http.post(messages, json={"content": content})
            await client.send(content)
        await http.post(messages, json={"content": "good", secret: secret})
        await still_works(client)
    said = server.log.read_text()
    assert said.count("content_too_long") == said.count("bad_message") == 2
    assert secret not in said


async def still_answers(client: Client) -> None:
    # Another frame, of who is online, may follow the pong at once.
    pongs = client.frames.count({"type": "pong"})
    await client.connection.send('{"type": "ping"}')
    await client.until(lambda frames: frames.count({"type": "pong"}) > pongs)
