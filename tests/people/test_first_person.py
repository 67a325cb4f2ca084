"""While there is one person, a browser on this computer is that person; from the second one on, everybody
signs in."""


import asyncio

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.people import PASSWORD, add_person, cookie_of, nobody, sign_in
from tests.support.process import Server


@pytest.fixture(scope="module", autouse=True)
async def persons() -> dict[str, int]:
    """None but the pre-configured account."""
    return {}


async def test_the_second_person_ends_the_automatic_sign_in_of_the_first(
    server: Server, db: Connection
) -> None:
    async with nobody(server) as client:
        account = (await client.get("/account")).json()
        assert (account["username"], account["session"]) == ("me", None)
        thread = (await client.post("/threads", json={"title": "Thread"})).json()["id"]
        # The first password needs no current one.
        password = {"new": PASSWORD}
        assert (await client.put("/account/password", json=password)).status_code == 204
        assert (await client.put("/account/password", json=password)).json()["code"] == "wrong_password"
        async with open_thread(server, thread) as socket:
            await socket.frame("ready")
            await add_person(db, "you")
            assert await socket.closed() == 4001
        assert (await client.get("/threads")).json()["code"] == "not_signed_in"
        assert (await sign_in(client, "me")).status_code == 201
        assert [one["id"] for one in (await client.get("/threads")).json()] == [thread]
        async with open_thread(server, thread, additional_headers=cookie_of(client)) as socket:
            await socket.frame("ready")
        await db.execute("update account set active = false where username = 'you'")
    async with nobody(server) as client:
        assert (await signed_in_soon(client)) == "me"


async def test_a_bot_is_no_second_person(server: Server, db: Connection) -> None:
    id = await add_person(db, "robot")
    await db.execute("update account set is_bot = true where id = $1", id)
    async with nobody(server) as client:
        assert (await signed_in_soon(client)) == "me"
        assert (await sign_in(client, "robot")).status_code == 401


async def signed_in_soon(client: httpx.AsyncClient) -> str:
    """Wait until a browser on this computer is signed in by itself; the result is its name."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while (answer := await client.get("/account")).status_code != 200:
            pass
    return str(answer.json()["username"])
