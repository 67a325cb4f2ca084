"""Bad input gets the documented error, is not stored, leaves no traceback, and harms nothing else."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.database import Connection
from tests.client import Client, open_list, open_thread
from tests.process import Server

pytestmark = pytest.mark.anyio

ALLOWED_SITE = "https://chat.example"
CLIENT_ID = "6b1f8e1c-5a55-4d10-9f5c-5a3b8f9c2d10"
MAX_CONTENT = 32_000
MEGABYTE = b'{"content": "' + b"x" * 1_000_000 + b'"}'

NOT_JSON = {
    "nothing": b"",
    "cut off": b'{"content": "x"',
    "two": b'{"content": "x"} {"content": "x"}',
    "NaN": b'{"content": NaN}',
    "single quotes": b"{'content': 'x'}",
    "lone surrogate": b'{"content": "\\ud800"}',
    "pair the wrong way round": b'{"content": "\\udc00\\ud800"}',
}
NOT_UTF8 = {
    "byte FF": b'{"content": "\xff"}',
    "surrogate as bytes": b'{"content": "\xed\xa0\x80"}',
    "UTF-16": '{"content": "x"}'.encode("utf-16"),
}
NESTED_TOO_DEEP = {"nested too deep": b"[" * 100_000}
BAD_FIELDS = {
    "null": b"null",
    "list": b'[{"content": "x"}]',
    "string": b'"x"',
    "missing": b"{}",
    "content is null": b'{"content": null}',
    "content is a number": b'{"content": 1}',
    "content is an object": b'{"content": {}}',
    "unknown": b'{"content": "x", "colour": "red"}',
    "role": b'{"content": "x", "role": "assistant"}',
    "seq": b'{"content": "x", "seq": 1}',
    "client_id is no uuid": b'{"content": "x", "client_id": "abc"}',
    "client_id is empty": b'{"content": "x", "client_id": ""}',
    "client_id is a number": b'{"content": "x", "client_id": 1}',
}
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
BAD_CONTENT = {
    "empty": ("", "content_is_empty"),
    "blank": (" \t\r\n", "content_is_empty"),
    "blank in Unicode": ("\u00a0\u2003\u2028\u3000", "content_is_empty"),
    "nothing but separators": ("\x1c\x1d\x1e\x1f", "content_is_empty"),
    "too long": ("x" * (MAX_CONTENT + 1), "content_too_long"),
    "too long in emoji": ("🙂" * (MAX_CONTENT + 1), "content_too_long"),
    "NUL": ("a\0b", "bad_message"),
}
BAD_TITLES = {
    "empty": ({"title": ""}, "title_is_wrong"),
    "blank": ({"title": " \u3000"}, "title_is_wrong"),
    "too long": ({"title": "x" * 201}, "title_is_wrong"),
    "NUL": ({"title": "a\0b"}, "title_is_wrong"),
    "null": ({"title": None}, "bad_request"),
    "number": ({"title": 1}, "bad_request"),
    "unknown": ({"title": "x", "owner": 1}, "bad_request"),
}

NO_THREADS = {"0": 400, "-1": 400, str(2**63): 400, str(2**53): 400, "999999": 404, "abc": 404, "1.5": 404}
NO_SEQS = ["-1", str(2**63), str(2**53), "9" * 5000, "abc", "1.5", "٣", ""]
NO_LIMITS = ["0", "201", *NO_SEQS]
NO_THREAD_CURSORS = [
    *NO_LIMITS,
    "2026-01-01T00:00:00Z",
    ",1",
    "2026-01-01T00:00:00,1",
    "2026-02-30T00:00:00Z,1",
    "0001-01-01T00:00:00+14:00,1",
    "9999-12-31T23:59:59-14:00,1",
    "2026-01-01T00:00:00Z,-1",
    "2026-01-01T00:00:00Z,abc",
    f"2026-01-01T00:00:00Z,{2**63}",
]

OTHER_SITES = [
    *("http://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1.evil.example", "http://[::1"),
    *("http://{}.evil.example", "http://evil.{}", "http://evil@{}", "http://evil.example/{}"),
]
OTHER_HOSTS = ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "10.0.0.1", "[::1", "a:b:c", ""]

CREATE, RENAME, WRITE = ("POST", "/threads"), ("PATCH", "/threads/{}"), ("POST", "/threads/{}/messages")
READ, DELETE, LIST = ("GET", "/threads/{}"), ("DELETE", "/threads/{}"), ("GET", "/threads/{}/messages")
BODIES = {CREATE: {}, RENAME: {"title": "x"}, WRITE: {"content": "x"}}

STORED = """
    select 'message' as kind, id, content from message where content <> 'good'
    union all select 'thread', id, title from thread order by kind, id
"""


def each(table: Mapping[str, Any]) -> list[Any]:
    """The rows of a table as parameters that have names."""
    rows = {name: row if isinstance(row, tuple) else (row,) for name, row in table.items()}
    return [pytest.param(*row, id=name) for name, row in rows.items()]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_ALLOWED_ORIGINS": ALLOWED_SITE}


@pytest.fixture(autouse=True)
async def nothing_is_stored(db: Connection, thread: int) -> AsyncIterator[None]:
    before = await db.fetch(STORED)
    yield
    assert await db.fetch(STORED) == before


@pytest.fixture(autouse=True)
def no_traceback_is_logged(server: Server) -> Iterator[None]:
    before = len(server.log.read_text())
    yield
    said = server.log.read_text()[before:]
    assert "Traceback" not in said and "[error" not in said


@pytest.mark.parametrize(("method", "path"), [CREATE, RENAME, WRITE])
@pytest.mark.parametrize("body", each(NOT_JSON | NOT_UTF8 | NESTED_TOO_DEEP))
async def test_a_body_that_is_not_json_is_refused(
    http: httpx.AsyncClient, thread: int, method: str, path: str, body: bytes
) -> None:
    refused(await http.request(method, path.format(thread), content=body), 400, "bad_json")


@pytest.mark.parametrize("body", each(BAD_FIELDS))
async def test_a_body_with_other_fields_than_documented_is_refused(
    http: httpx.AsyncClient, thread: int, body: bytes
) -> None:
    refused(await http.post(f"/threads/{thread}/messages", content=body), 400, "bad_request")


@pytest.mark.parametrize(("content", "code"), each(BAD_CONTENT))
async def test_content_that_cannot_be_shown_is_refused(
    http: httpx.AsyncClient, thread: int, content: str, code: str
) -> None:
    refused(await http.post(f"/threads/{thread}/messages", json={"content": content}), 400, code)


@pytest.mark.parametrize(("method", "path"), [CREATE, RENAME])
@pytest.mark.parametrize(("body", "code"), each(BAD_TITLES))
async def test_a_wrong_title_is_refused(
    http: httpx.AsyncClient, thread: int, method: str, path: str, body: object, code: str
) -> None:
    refused(await http.request(method, path.format(thread), json=body), 400, code)


async def test_what_only_the_database_refuses_is_the_clients_mistake_too(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await db.execute("alter table thread add constraint no_bad_word check (title <> 'bad word')")
    await db.execute("alter table message add constraint no_bad_word check (content <> 'bad word')")
    try:
        refused(await http.post("/threads", json={"title": "bad word"}), 400, "bad_request")
        refused(await http.patch(f"/threads/{thread}", json={"title": "bad word"}), 400, "bad_request")
        body = {"content": "bad word"}
        refused(await http.post(f"/threads/{thread}/messages", json=body), 400, "bad_request")
    finally:
        await db.execute("alter table thread drop constraint no_bad_word")
        await db.execute("alter table message drop constraint no_bad_word")


@pytest.mark.parametrize(("method", "path"), [CREATE, RENAME, WRITE])
async def test_a_body_of_a_megabyte_is_too_big(
    http: httpx.AsyncClient, thread: int, method: str, path: str
) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(MEGABYTE), 10_000):
            yield MEGABYTE[start : start + 10_000]

    for body in (MEGABYTE, in_pieces()):
        refused(await http.request(method, path.format(thread), content=body), 413, "body_too_big")


@pytest.mark.parametrize(("method", "path"), [CREATE, RENAME, WRITE])
@pytest.mark.parametrize(
    "type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"]
)
async def test_a_body_that_does_not_say_it_is_json_is_refused(
    http: httpx.AsyncClient, thread: int, method: str, path: str, type: str
) -> None:
    body = json.dumps(BODIES[method, path]).encode()
    answer = await http.request(method, path.format(thread), content=body, headers={"content-type": type})
    refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(("method", "path"), [READ, RENAME, DELETE, LIST, WRITE])
@pytest.mark.parametrize(("id", "status"), NO_THREADS.items())
async def test_an_id_that_no_thread_has_is_refused(
    http: httpx.AsyncClient, method: str, path: str, id: str, status: int
) -> None:
    answer = await http.request(method, path.format(id), json=BODIES.get((method, path)))
    code = "bad_request" if status == 400 else "no_such_thread" if id.isdecimal() else "not_found"
    refused(answer, status, code)


@pytest.mark.parametrize("name", ["before", "after", "limit"])
@pytest.mark.parametrize("value", NO_SEQS)
async def test_a_wrong_cursor_for_messages_is_refused(
    http: httpx.AsyncClient, thread: int, name: str, value: str
) -> None:
    refused(await http.get(f"/threads/{thread}/messages", params={name: value}), 400, "bad_request")


@pytest.mark.parametrize("path", ["/threads", "/threads/{}/messages"])
@pytest.mark.parametrize("limit", NO_LIMITS)
async def test_a_wrong_limit_is_refused(http: httpx.AsyncClient, thread: int, path: str, limit: str) -> None:
    refused(await http.get(path.format(thread), params={"limit": limit}), 400, "bad_request")


@pytest.mark.parametrize("cursor", NO_THREAD_CURSORS)
async def test_a_wrong_cursor_for_threads_is_refused(http: httpx.AsyncClient, cursor: str) -> None:
    refused(await http.get("/threads", params={"before": cursor}), 400, "bad_request")


@pytest.mark.parametrize(("method", "path"), [CREATE, RENAME, WRITE, DELETE])
@pytest.mark.parametrize("origin", OTHER_SITES)
async def test_another_site_cannot_change_anything(
    server: Server, http: httpx.AsyncClient, thread: int, method: str, path: str, origin: str
) -> None:
    body, headers = BODIES.get((method, path)), {"origin": origin.format(f"127.0.0.1:{server.port}")}
    answer = await http.request(method, path.format(thread), json=body, headers=headers)
    refused(answer, 403, "origin_not_allowed")


async def test_another_site_cannot_read_an_answer(http: httpx.AsyncClient) -> None:
    answer = await http.get("/threads", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [CREATE, READ, WRITE, DELETE, ("GET", "/account")])
@pytest.mark.parametrize("host", OTHER_HOSTS)
async def test_a_foreign_name_that_leads_here_is_not_signed_in(
    http: httpx.AsyncClient, thread: int, method: str, path: str, host: str
) -> None:
    body = BODIES.get((method, path))
    answer = await http.request(method, path.format(thread), json=body, headers={"host": host})
    refused(answer, 401, "not_signed_in")


async def test_a_wrong_address_or_method_is_a_problem_too(http: httpx.AsyncClient, thread: int) -> None:
    refused(await http.get("/nowhere"), 404, "not_found")
    refused(await http.get(f"/threads/{thread}/nowhere"), 404, "not_found")
    answer = await http.put(f"/threads/{thread}", json={"title": "x"})
    refused(answer, 405, "method_not_allowed")
    assert methods(answer) == {"GET", "PATCH", "DELETE", "OPTIONS"}
    answer = await http.get(f"/ws/threads/{thread}")
    refused(answer, 426, "upgrade_required")
    assert answer.headers["upgrade"] == "websocket"


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
    async with open_thread(server, thread) as client, open_list(server) as subscriber:
        for each in (client, subscriber):
            await each.connection.send(data)
            assert (await each.frame("error"))["code"] == "bad_message"
        await still_works(client)
        await still_answers(subscriber)


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
    async with open_thread(server, thread) as other, open_list(server) as subscriber:
        async with open_thread(server, thread) as client:
            await client.connection.send(data, text=text)
            assert await client.closed() == code
        await subscriber.connection.send(data, text=text)
        assert await subscriber.closed() == code
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


@pytest.mark.parametrize("origin", OTHER_SITES)
@pytest.mark.parametrize("path", ["", "/{}"])
async def test_another_site_gets_no_websocket(server: Server, thread: int, origin: str, path: str) -> None:
    url = f"{server.websocket_url}/api/v1/ws/threads{path.format(thread)}"
    assert await status_of(url, origin=origin.format(f"127.0.0.1:{server.port}")) == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
@pytest.mark.parametrize("path", ["", "/{}"])
async def test_a_foreign_name_that_leads_here_gets_no_websocket(
    server: Server, thread: int, host: str, path: str
) -> None:
    url = f"ws://{host}/api/v1/ws/threads{path.format(thread)}"
    assert await status_of(url, host="127.0.0.1", port=server.port) == 403


@pytest.mark.parametrize("origin", [None, "{}", ALLOWED_SITE])
async def test_programs_our_own_page_and_allowed_sites_may_write(
    server: Server, http: httpx.AsyncClient, thread: int, origin: str | None
) -> None:
    origin = origin and origin.format(server.url)
    headers = {"origin": origin} if origin else {}
    answer = await http.post(f"/threads/{thread}/messages", json={"content": "good"}, headers=headers)
    assert answer.status_code == 201
    async with open_thread(server, thread, origin=origin) as client:
        await still_works(client, seq=2)


async def test_the_log_says_what_was_refused_and_never_the_content(
    server: Server, http: httpx.AsyncClient, thread: int
) -> None:
    before = len(server.log.read_text())
    secret = "tell nobody"
    async with open_thread(server, thread) as client:
        for content in (secret * MAX_CONTENT, secret + "\0"):
            await http.post(f"/threads/{thread}/messages", json={"content": content})
            await client.send(content)
        await http.post(f"/threads/{thread}/messages", json={"content": "good", secret: secret})
        await still_works(client)
    said = server.log.read_text()[before:]
    assert said.count("content_too_long") == said.count("bad_message") == 2
    assert secret not in said


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """A problem (RFC 9457) with a stable code, and a sentence for people."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert problem["title"] and problem["detail"]


def methods(answer: httpx.Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))


async def still_works(client: Client, seq: int = 1) -> None:
    """What is sent next is stored, and nothing was stored before it."""
    await client.frame("ready")
    await client.send("good")
    await client.until(lambda _: client.seqs and client.seqs[-1] == seq)


async def still_answers(client: Client) -> None:
    await client.connection.send('{"type": "ping"}')
    await client.until(lambda frames: frames[-1] == {"type": "pong"})


async def status_of(url: str, **options: Any) -> int:
    """The HTTP status with which a WebSocket is refused before it is accepted."""
    with pytest.raises(InvalidStatus) as error:
        await connect(url, proxy=None, **options)
    return error.value.response.status_code
