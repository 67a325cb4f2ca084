"""People whom a proxy has signed in: it is believed, and nobody who only looks like it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_list, open_thread
from tests.support.nginx import nginx_before
from tests.support.people import add_person, nobody, sign_in
from tests.support.process import Server, ServerStarter

BY_PROXY = {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "proxy", "CHINWAG_PROXIES": "127.0.0.1, 10.0.0.0/8"}

# This nginx takes everybody's word; a real one asks for a certificate, or another server.
SIGNS_IN = {
    "proxy_set_header X-Forwarded-Proto": (
        "proxy_set_header Remote-User $http_x_i_am; proxy_set_header X-Forwarded-Proto"
    )
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return BY_PROXY


@pytest.fixture(scope="module")
def proxy(server: Server) -> Iterator[Server]:
    with nginx_before([server], SIGNS_IN) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def elsewhere(start_server: ServerStarter) -> Server:
    """A server whose proxy is on another computer. To it, what comes from this one is a stranger's."""
    return start_server(BY_PROXY | {"CHINWAG_PROXIES": "10.0.0.0/8"})


@asynccontextmanager
async def person(proxy: Server, name: str) -> AsyncIterator[httpx.AsyncClient]:
    async with nobody(proxy, headers={"X-I-Am": name}) as client:
        yield client


async def test_who_comes_for_the_first_time_gets_an_account(proxy: Server, db: Connection) -> None:
    async with person(proxy, "pam") as pam:
        account = (await pam.get("/account")).json()
        assert (account["username"], account["session"]) == ("pam", None)
        assert (account["admin"], account["has_password"]) == (False, False)
        assert (await pam.get("/account")).json() == account
        assert (await pam.get("/invitations")).status_code == 403
        thread = (await pam.post("/threads", json={"title": "Of Pam"})).json()
        assert thread["owner"] == account["id"]
        assert (await sign_in(pam, "pam", "!")).json()["code"] == "wrong_password"
    async with person(proxy, "ann") as ann:
        assert (await ann.get("/account")).json()["username"] == "ann"
    assert await db.fetchval("select count(*) from account where username in ('ann', 'pam')") == 2


async def test_websockets_are_those_of_the_person_too(proxy: Server, db: Connection) -> None:
    async with person(proxy, "quin") as quin:
        thread = (await quin.post("/threads", json={"title": "Thread"})).json()["id"]
    headers = {"X-I-Am": "quin"}
    async with (
        open_thread(proxy, thread, additional_headers=headers) as socket,
        open_list(proxy, additional_headers=headers),
        open_thread(proxy, thread) as of_nobody,
    ):
        await socket.frame("ready")
        assert await of_nobody.closed() == 4001
        await socket.send("hello")
        await socket.until_seq(1)
        # What concerns somebody else closes nothing.
        await db.execute("update account set display_name = 'Ann' where username = 'ann'")
        await db.execute("update account set active = false where username = 'quin'")
        assert await socket.closed() == 4001
    async with person(proxy, "quin") as quin:
        assert (await quin.get("/account")).json()["code"] == "not_signed_in"


async def test_who_is_disabled_or_no_person_does_not_get_in(proxy: Server, db: Connection) -> None:
    await add_person(db, "rex")
    await add_person(db, "sam")
    await db.execute("update account set active = false where username = 'rex'")
    await db.execute("update account set is_bot = true where username = 'sam'")
    for name in ("rex", "sam"):
        async with person(proxy, name) as client:
            assert (await client.get("/account")).json()["code"] == "not_signed_in"


@pytest.mark.parametrize("name", ["Bob", "b ob", "bоb", "x" * 33, "a/b", "ann,bob"])  # one о is Cyrillic
async def test_what_cannot_be_a_name_is_refused(proxy: Server, db: Connection, name: str) -> None:
    async with nobody(proxy, headers=[(b"X-I-Am", name.encode())]) as client:
        assert (await client.get("/account")).json()["code"] == "username_refused"


@pytest.mark.parametrize(
    "fields",
    [
        {"X-Forwarded-For": "10.1.2.3"},
        {"X-Forwarded-For": "10.1.2.3, 10.1.2.3"},
        {"X-Real-IP": "10.1.2.3"},
        {"Forwarded": "for=10.1.2.3"},
        {},
    ],
    ids=str,
)
async def test_who_only_says_that_they_are_the_proxy_is_not_believed(
    elsewhere: Server, fields: dict[str, str]
) -> None:
    forged = {"Remote-User": "ann"} | fields
    async with nobody(elsewhere, headers=forged) as client:
        assert (await client.get("/account")).json()["code"] == "not_signed_in"
    async with open_thread(elsewhere, 1, additional_headers=forged) as socket:
        assert await socket.closed() == 4001


async def test_what_a_client_adds_does_not_get_through_the_proxy(proxy: Server, server: Server) -> None:
    async with nobody(proxy, headers={"X-I-Am": "pam", "Remote-User": "ann"}) as client:
        assert (await client.get("/account")).json()["username"] == "pam"
    async with nobody(server, headers=[("Remote-User", "ann"), ("Remote-User", "bob")]) as twice:
        assert (await twice.get("/account")).json()["code"] == "not_signed_in"
    async with nobody(server, headers={"Remote-User": "ann", "X-Forwarded-For": "192.0.2.1"}) as behind:
        assert (await behind.get("/account")).json()["username"] == "ann"
    async with nobody(server) as without:
        assert (await without.get("/account")).json()["code"] == "not_signed_in"


async def test_a_header_signs_nobody_in_where_no_proxy_does(start_server: ServerStarter) -> None:
    server = start_server({"CHINWAG_BOT": "none", "CHINWAG_PROXIES": "127.0.0.1"})
    async with nobody(server, headers={"Remote-User": "ann"}) as client:
        assert (await client.get("/account")).json()["code"] == "not_signed_in"


async def test_a_page_of_another_site_does_nothing_in_the_name_of_the_person(proxy: Server) -> None:
    async with nobody(proxy, headers={"X-I-Am": "pam", "Origin": "https://evil.example"}) as client:
        answer = await client.post("/threads", json={"title": "Lured"})
        assert answer.json()["code"] == "origin_not_allowed"
