"""A plain HTTP client on one connection that stays open."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from chinwag.errors import LoadFailed

LIMIT_SECONDS = 60


class Http:
    """A client of one server. It is closed at the end of the block."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=LIMIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def threads(self, headers: Mapping[str, str]) -> bytes:
        """Read the first page of the list of threads, as it comes. The headers say for whom."""
        return self._ask("GET", "/api/v1/threads", 200, headers=headers)

    def newest(self, thread: int, limit: int) -> bytes:
        """Read the newest page of messages, as it comes."""
        return self._ask("GET", f"/api/v1/threads/{thread}/messages?limit={limit}", 200)

    def post(self, thread: int, content: str) -> bytes:
        """Write a message, and return when it is stored."""
        return self._ask("POST", f"/api/v1/threads/{thread}/messages", 201, {"content": content})

    def _ask(
        self,
        method: str,
        path: str,
        expected: int,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        content = None if body is None else json.dumps(body)
        fields = {"Content-Type": "application/json"} | dict(headers or {})
        self._connection.request(method, path, content, fields)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            raise LoadFailed(f"{method} {path}: {answer.status} {text.decode()[:500]}")
        return text
