"""A bad HTTP request is a problem that says what and where."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.cases import (
    BAD_CONTENT,
    BAD_FIELDS,
    BODIES,
    CREATE,
    DELETE,
    LIST,
    MEGABYTE,
    NESTED_TOO_DEEP,
    NO_SEQS,
    NO_THREADS,
    NOT_JSON,
    NOT_UTF8,
    READ,
    RENAME,
    WRITE,
    each,
    refused,
)

BAD_TITLES = {
    "empty": ({"title": ""}, "title_is_wrong"),
    "blank": ({"title": " \u3000"}, "title_is_wrong"),
    "too long": ({"title": "x" * 201}, "title_is_wrong"),
    "NUL": ({"title": "a\0b"}, "title_is_wrong"),
    "null": ({"title": None}, "bad_request"),
    "number": ({"title": 1}, "bad_request"),
    "unknown": ({"title": "x", "owner": 1}, "bad_request"),
}
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


@pytest.mark.parametrize("pinned", [0, 1, "true", None, [], {}])
async def test_what_is_not_a_boolean_pins_nothing(
    http: httpx.AsyncClient, thread: int, pinned: object
) -> None:
    body = {"title": "not this either", "pinned": pinned}
    refused(await http.patch(f"/threads/{thread}", json=body), 400, "bad_request")


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


async def test_a_wrong_address_or_method_is_a_problem_too(http: httpx.AsyncClient, thread: int) -> None:
    refused(await http.get("/nowhere"), 404, "not_found")
    refused(await http.get(f"/threads/{thread}/nowhere"), 404, "not_found")
    answer = await http.put(f"/threads/{thread}", json={"title": "x"})
    refused(answer, 405, "method_not_allowed")
    assert methods(answer) == {"GET", "PATCH", "DELETE", "OPTIONS"}
    answer = await http.get(f"/ws/threads/{thread}")
    refused(answer, 426, "upgrade_required")
    assert answer.headers["upgrade"] == "websocket"


def methods(answer: httpx.Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))
