"""Sign-in links: who has lost the password gets in once, and chooses a new one."""

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest

from chinwag.chat.attempts import OF_ACCOUNT
from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, open_list
from tests.support.people import PASSWORD, add_person, cookie_of, nobody, open_link, sign_in, signed_in
from tests.support.process import Server

NEW = "a new password"


@pytest.fixture(scope="module", autouse=True)
async def admin(db: Connection, persons: dict[str, int]) -> int:
    return await add_person(db, "ada", admin=True)


async def link_for(server: Server, username: str) -> str:
    """Make a link as an administrator, and return its secret."""
    async with signed_in(server, "ada") as ada:
        answer = await ada.post("/sign-in-links", json={"username": username})
        assert answer.status_code == 201, answer.text
        address: str = answer.json()["address"]
    assert address.startswith(f"{server.url}/sign-in/link#")
    return urlsplit(address).fragment


async def use(client: httpx.AsyncClient, secret: str, password: str = NEW) -> httpx.Response:
    return await open_link(client, "/session/link", {"secret": secret, "password": password})


async def test_a_link_signs_in_once_and_everywhere_else_out(server: Server, db: Connection) -> None:
    await add_person(db, "fay")
    secret = await link_for(server, "fay")
    async with (
        signed_in(server, "fay") as there,
        open_list(server, additional_headers=cookie_of(there)) as socket,
        nobody(server) as here,
    ):
        assert (await use(here, secret, "short")).json()["code"] == "password_refused"
        assert (await use(here, secret)).status_code == 201
        assert (await here.get("/account")).json()["username"] == "fay"
        assert await socket.closed() == 4001
        assert (await there.get("/account")).status_code == 401
        assert (await use(here, secret)).json()["code"] == "no_such_link"
        assert (await sign_in(there, "fay")).status_code == 401
        assert (await sign_in(there, "fay", NEW)).status_code == 201


async def test_of_many_who_use_it_at_once_one_gets_in(server: Server) -> None:
    secret = await link_for(server, "bob")
    async with nobody(server) as client:
        passwords = [f"password number {n}" for n in range(10)]
        answers = await asyncio.gather(*(use(client, secret, one) for one in passwords))
        assert sorted(answer.status_code for answer in answers) == [201] + [404] * 9
        won = next(one for one, answer in zip(passwords, answers, strict=True) if answer.status_code == 201)
        assert (await sign_in(client, "bob", won)).status_code == 201


@pytest.mark.parametrize(
    "fate",
    [
        "update link set expires_at = now()",
        "update account set active = false where username = 'gil'",
        "update account set is_bot = true where username = 'gil'",
        "delete from account where username = 'gil'",
    ],
)
async def test_a_link_that_is_void_signs_nobody_in(server: Server, db: Connection, fate: str) -> None:
    await db.execute("delete from account where username = 'gil'")
    await add_person(db, "gil")
    secret = await link_for(server, "gil")
    await db.execute(fate)
    async with nobody(server) as client:
        assert (await use(client, secret)).json()["code"] == "no_such_link"


async def test_a_new_link_and_a_new_password_make_the_former_link_void(
    server: Server, db: Connection
) -> None:
    await add_person(db, "hal")
    first, second = await link_for(server, "hal"), await link_for(server, "hal")
    async with nobody(server) as client, signed_in(server, "hal") as hal:
        assert (await use(client, first)).json()["code"] == "no_such_link"
        body = {"current": PASSWORD, "new": NEW}
        assert (await hal.put("/account/password", json=body)).status_code == 204
        assert (await use(client, second)).json()["code"] == "no_such_link"


async def test_a_link_helps_who_is_locked_out_by_wrong_passwords(server: Server, db: Connection) -> None:
    secret = await link_for(server, "cy")
    await db.execute(
        "insert into sign_in_attempt (key) select 'account cy' from generate_series(1, $1)", OF_ACCOUNT
    )
    async with nobody(server) as client:
        assert (await sign_in(client, "cy")).status_code == 429
        assert (await use(client, secret)).status_code == 201


@pytest.mark.parametrize("username", ["no-one", "robot", "", "\0"])
async def test_there_is_no_link_for_who_cannot_sign_in(server: Server, db: Connection, username: str) -> None:
    await db.execute(
        """insert into account (username, password, email, active, is_bot)
           values ('robot', '!', 'robot@localhost', true, true) on conflict do nothing"""
    )
    async with signed_in(server, "ada") as ada, asyncio.timeout(LIMIT_SECONDS):
        answer = await ada.post("/sign-in-links", json={"username": username})
    assert (answer.status_code, answer.json()["code"]) in {(404, "no_such_account"), (400, "bad_request")}
