"""Cases of bad input that several tests share, and the checks of what becomes of them."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.support.client import Client

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
BAD_CONTENT = {
    "empty": ("", "content_is_empty"),
    "blank": (" \t\r\n", "content_is_empty"),
    "blank in Unicode": ("\u00a0\u2003\u2028\u3000", "content_is_empty"),
    "nothing but separators": ("\x1c\x1d\x1e\x1f", "content_is_empty"),
    "too long": ("x" * (MAX_CONTENT + 1), "content_too_long"),
    "too long in emoji": ("🙂" * (MAX_CONTENT + 1), "content_too_long"),
    "NUL": ("a\0b", "bad_message"),
}

NO_THREADS = {"0": 400, "-1": 400, str(2**63): 400, str(2**53): 400, "999999": 404, "abc": 404, "1.5": 404}
NO_SEQS = ["-1", str(2**63), str(2**53), "9" * 5000, "abc", "1.5", "٣", ""]

CREATE, RENAME, WRITE = ("POST", "/threads"), ("PATCH", "/threads/{}"), ("POST", "/threads/{}/messages")
READ, DELETE, LIST = ("GET", "/threads/{}"), ("DELETE", "/threads/{}"), ("GET", "/threads/{}/messages")
BODIES = {CREATE: {}, RENAME: {"title": "x"}, WRITE: {"content": "x"}}


def each(table: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a table as parameters that have names."""
    rows = {name: row if isinstance(row, tuple) else (row,) for name, row in table.items()}
    return [pytest.param(*row, id=name) for name, row in rows.items()]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Check that the answer is a problem (RFC 9457) with a stable code and a sentence for people."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert problem["title"] and problem["detail"]


async def still_works(client: Client, seq: int = 1) -> None:
    """Check that what is sent next is stored, and that nothing was stored before it."""
    await client.frame("ready")
    await client.send("good")
    await client.until(lambda _: client.seqs and client.seqs[-1] == seq)
