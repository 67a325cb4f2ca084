"""Persons for the tests: accounts with passwords, and HTTP clients that are signed in as them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
from playwright.async_api import Page

from chinwag.chat.passwords import hash_now
from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS
from tests.support.http import http_client
from tests.support.page import Open
from tests.support.process import Server

PASSWORD = "correct horse battery"
HASH = hash_now(PASSWORD)


async def add_person(
    db: "Connection | asyncpg.Pool[asyncpg.Record]",
    username: str,
    password_hash: str = HASH,
    *,
    admin: bool = False,
) -> int:
    """Add an account that has PASSWORD; the result is its id."""
    id: int = await db.fetchval(
        """insert into account (username, password, email, active, admin)
           values ($1::text, $2, $1::text || '@localhost', true, $3) returning id""",
        username,
        password_hash,
        admin,
    )
    return id


@asynccontextmanager
async def nobody(server: Server, **options: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not signed in."""
    async with http_client(f"{server.url}/api/v1", **options) as client:
        yield client


@asynccontextmanager
async def signed_in(
    server: Server, username: str, password: str = PASSWORD, **options: object
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in."""
    async with nobody(server, **options) as client:
        answer = await sign_in(client, username, password)
        assert answer.status_code == 201, answer.text
        yield client


async def sign_in(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/session", json={"username": username, "password": password})


async def open_as(open_page: Open, server: Server, username: str, path: str = "/", **options: Any) -> Page:
    """Open a tab of a person who is signed in, on a server."""
    page = await open_page("/static/favicon.svg", **options)
    await sign_in_tab(page, server, username)
    await page.goto(f"{server.url}{path}")
    return page


async def sign_in_tab(page: Page, server: Server, username: str) -> None:
    answer = await page.request.post(
        f"{server.url}/api/v1/session", data={"username": username, "password": PASSWORD}
    )
    assert answer.status == 201


async def open_link(client: httpx.AsyncClient, path: str, body: dict[str, object]) -> httpx.Response:
    """Post the secret of a link, again while the server is too busy."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while (answer := await client.post(path, json=body)).status_code == 503:
            pass
    return answer


def cookie_of(client: httpx.AsyncClient) -> dict[str, str]:
    """The header with which a WebSocket has the session of a client."""
    return {"Cookie": f"chinwag={client.cookies['chinwag']}"}
