"""A person for the tests, who does over HTTP and WebSockets what the page would do."""

from typing import Any

import httpx

from tests.support.client import open_list, open_thread
from tests.support.people import cookie_of
from tests.support.process import Server


class Person:
    """Somebody who is signed in at one of the servers."""

    def __init__(self, id: int, http: httpx.AsyncClient, server: Server) -> None:
        self.id = id
        self.http = http
        self._server = server

    def thread(self, id: int, after: int | None = None) -> Any:
        return open_thread(self._server, id, after, additional_headers=cookie_of(self.http))

    def list(self) -> Any:
        return open_list(self._server, additional_headers=cookie_of(self.http))

    async def new_thread(self, **fields: object) -> int:
        answer = await self.http.post("/threads", json=fields)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def says(self, thread: int, content: str) -> int:
        answer = await self.http.post(f"/threads/{thread}/messages", json={"content": content})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["seq"])

    async def adds(self, thread: int, username: str) -> None:
        answer = await self.http.put(f"/threads/{thread}/members/{username}")
        assert answer.status_code == 204, answer.text

    async def removes(self, thread: int, username: str) -> None:
        answer = await self.http.delete(f"/threads/{thread}/members/{username}")
        assert answer.status_code == 204, answer.text
