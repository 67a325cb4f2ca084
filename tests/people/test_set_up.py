"""The first administrator: where everybody has to sign in and nobody can, one set-up address makes one."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.people import PASSWORD, add_person, nobody, open_link, sign_in
from tests.support.process import Server, ServerStarter

SETTINGS = {"CHINWAG_BOT": "none"}


@pytest.fixture(scope="module", autouse=True)
async def persons() -> dict[str, int]:
    """Nobody."""
    return {}


@pytest.fixture(autouse=True)
async def empty(db: Connection) -> None:
    await db.execute("delete from account; delete from link; delete from sign_in_attempt")


@pytest.fixture
def start(start_server: ServerStarter) -> Iterator[Callable[..., Server]]:
    """Starts servers that listen beyond loopback, and stops them."""
    started: list[Server] = []

    def start(settings: dict[str, str] | None = None, *arguments: str) -> Server:
        started.append(start_server(SETTINGS | (settings or {}), *(arguments or ("--host", "0.0.0.0"))))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def said_secret(server: Server) -> str:
    """Read on what a server says, and return the secret of the set-up address."""
    assert server.process.stdout is not None
    line = server.process.stdout.readline()
    said = re.search(r"Nobody can sign in yet\. Make yourself an account at (\S+)/set-up#(\S+)", line)
    assert said, line
    assert said[1] == server.url
    return said[2]


async def set_up(client: httpx.AsyncClient, secret: str, username: str) -> httpx.Response:
    names = {"username": username, "display_name": "The First"}
    return await open_link(client, "/join", {"secret": secret, "password": PASSWORD, **names})


@pytest.fixture
async def client(start: Callable[..., Server]) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    server = start()
    async with nobody(server) as client:
        yield client, said_secret(server)


async def test_the_address_makes_one_administrator(
    client: tuple[httpx.AsyncClient, str], db: Connection, start: Callable[..., Server]
) -> None:
    browser, secret = client
    # Beyond loopback, nobody is signed in by itself, not even on this computer.
    assert (await browser.get("/account")).json()["code"] == "not_signed_in"
    assert (await set_up(browser, secret, "first")).status_code == 201
    account = (await browser.get("/account")).json()
    assert (account["username"], account["display_name"], account["admin"]) == ("first", "The First", True)
    assert (await set_up(browser, secret, "second")).json()["code"] == "no_such_link"
    assert await db.fetchval("select count(*) from account") == 1
    again = start()
    again.process.send_signal(signal.SIGTERM)
    assert again.process.stdout is not None
    assert again.process.stdout.read() == ""


async def test_browsers_and_servers_that_do_it_at_once_make_one(
    start: Callable[..., Server], db: Connection
) -> None:
    servers = [start(), start()]
    secrets = [said_secret(server) for server in servers]
    async with nobody(servers[0]) as one, nobody(servers[1]) as other:
        answers = await asyncio.gather(
            *(set_up((one, other)[n % 2], secrets[n // 2 % 2], f"admin-{n}") for n in range(12))
        )
    assert sorted(answer.status_code for answer in answers) == [201] + [404] * 11
    assert await db.fetchval("select count(*) from account") == 1


async def test_the_address_of_a_server_that_started_earlier_works_too(
    start: Callable[..., Server], db: Connection
) -> None:
    first = said_secret(start())
    second = start()
    said_secret(second)
    async with nobody(second) as client:
        assert (await set_up(client, first, "first")).status_code == 201


async def test_what_the_pre_configured_account_owns_is_the_administrators(
    client: tuple[httpx.AsyncClient, str], db: Connection
) -> None:
    browser, secret = client
    me = await db.fetchval(
        """insert into account (username, password, email, active, admin)
           values ('me', '!', 'me@localhost', true, true) returning id"""
    )
    thread = await db.fetchval("insert into thread (title, owner) values ('Mine', $1) returning id", me)
    assert (await set_up(browser, secret, "ann")).status_code == 201
    assert (await browser.get("/account")).json()["id"] == me
    assert (await browser.get(f"/threads/{thread}")).json()["owner"] == me
    assert await db.fetchval("select string_agg(username, ',') from account") == "ann"
    await add_person(db, "me")  # the name and its address are free


async def test_a_name_that_is_taken_uses_no_link(
    client: tuple[httpx.AsyncClient, str], db: Connection
) -> None:
    browser, secret = client
    await db.execute(
        """insert into account (username, password, email, active, is_bot) values
           ('me', '!', 'me@localhost', true, false), ('robot', '!', 'robot@localhost', true, true)"""
    )
    assert (await set_up(browser, secret, "robot")).json()["code"] == "account_exists"
    assert (await set_up(browser, secret, "ann")).status_code == 201


async def test_the_address_is_void_once_somebody_can_sign_in_or_it_is_too_old(
    client: tuple[httpx.AsyncClient, str], db: Connection
) -> None:
    browser, secret = client
    await add_person(db, "ann")
    assert (await set_up(browser, secret, "eve")).json()["code"] == "no_such_link"
    await db.execute("delete from account; update link set expires_at = now()")
    assert (await set_up(browser, secret, "eve")).json()["code"] == "no_such_link"
    await db.execute("update link set expires_at = created_at + interval '30 minutes'")
    assert (await set_up(browser, secret, "eve")).status_code == 201
    assert (await sign_in(browser, "eve")).status_code == 201


async def test_on_loopback_the_only_person_needs_no_set_up(start: Callable[..., Server]) -> None:
    server = start({}, "--host", "127.0.0.1")
    async with nobody(server) as client:
        assert (await client.get("/account")).json()["username"] == "me"
        # Nor may that person invite somebody and be left without a password.
        refused = await client.post("/invitations", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "password_needed")
        assert (await client.put("/account/password", json={"new": PASSWORD})).status_code == 204
        assert (await client.post("/invitations", json={})).status_code == 201
    assert server.stop() is not None


async def test_everybody_signs_in_where_it_is_required(start: Callable[..., Server]) -> None:
    """This is for a server on loopback that is behind a proxy."""
    site = "https://chat.example"
    server = start({"CHINWAG_SIGN_IN": "required", "CHINWAG_PUBLIC_URL": site}, "--host", "127.0.0.1")
    async with nobody(server) as client:
        assert (await client.get("/account")).json()["code"] == "not_signed_in"
        assert server.process.stdout is not None
        said = server.process.stdout.readline()
        assert f"{site}/set-up#" in said
        assert (await set_up(client, said.split("#")[1].strip(), "ann")).status_code == 201
        made = (await client.post("/invitations", json={})).json()
    assert made["address"].startswith(f"{site}/join#")
