"""Invitations: who has the link may join, as often as it says, and nobody else."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx
import pytest

from chinwag.chat.attempts import OF_ADDRESS
from chinwag.db.pool import Connection
from tests.support.people import PASSWORD, add_person, nobody, open_link, sign_in, signed_in
from tests.support.process import Server

EMPTY: Mapping[str, object] = MappingProxyType({})


@pytest.fixture(scope="module", autouse=True)
async def admin(db: Connection, persons: dict[str, int]) -> int:
    return await add_person(db, "ada", admin=True)


@pytest.fixture(autouse=True)
async def no_attempts(db: Connection) -> None:
    """The tests of the limit leave nobody locked out."""
    await db.execute("delete from sign_in_attempt")


@pytest.fixture
async def ada(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(server, "ada") as client:
        yield client


def secret_of(address: str) -> str:
    return urlsplit(address).fragment


async def invite(client: httpx.AsyncClient, **order: int) -> str:
    """Make an invitation, and return its secret."""
    answer = await client.post("/invitations", json=order)
    assert answer.status_code == 201, answer.text
    return secret_of(answer.json()["address"])


async def join(
    client: httpx.AsyncClient, secret: str, username: str, changes: Mapping[str, object] = EMPTY
) -> httpx.Response:
    body = {"secret": secret, "username": username, "password": PASSWORD, **changes}
    return await open_link(client, "/join", body)


async def test_who_is_invited_joins_and_is_signed_in(
    server: Server, db: Connection, ada: httpx.AsyncClient
) -> None:
    made = (await ada.post("/invitations", json={})).json()
    secret = secret_of(made["address"])
    assert made["address"] == f"{server.url}/join#{secret}"
    assert (made["invitation"]["uses_left"], made["invitation"]["made_by"]) == (1, "ada")
    async with nobody(server) as client:
        joined = await join(client, secret, "new", {"display_name": " Néw Person "})
        assert joined.status_code == 201, joined.text
        account = (await client.get("/account")).json()
        assert account == joined.json()
        assert (account["username"], account["display_name"]) == ("new", "Néw Person")
        assert (account["admin"], account["has_password"]) == (False, True)
    async with signed_in(server, "new"):
        pass
    row = await db.fetchrow("select admin, active, is_bot, superuser from account where username = 'new'")
    assert row is not None and tuple(row) == (False, True, False, False)


async def test_the_secret_is_not_stored_and_not_told_again(db: Connection, ada: httpx.AsyncClient) -> None:
    secret = await invite(ada)
    row = await db.fetchrow("select * from link order by id desc limit 1")
    assert row is not None and row["secret_hash"] == sha256(secret.encode()).digest()
    assert secret not in str(tuple(row.values()))
    assert secret not in (await ada.get("/invitations")).text


async def test_whatever_is_wrong_with_a_link_is_answered_alike(
    server: Server, db: Connection, ada: httpx.AsyncClient
) -> None:
    used, expired, revoked = [await invite(ada) for _ in range(3)]
    async with nobody(server) as client:
        assert (await join(client, used, "first")).status_code == 201
    await db.execute(
        "update link set expires_at = now() where secret_hash = $1", sha256(expired.encode()).digest()
    )
    newest = (await ada.get("/invitations")).json()[0]
    assert (await ada.delete(f"/invitations/{newest['id']}")).status_code == 204
    of_account = (await ada.post("/sign-in-links", json={"username": "bob"})).json()["address"]
    wrong = [used, expired, revoked, secret_of(of_account), "", "unknown", "\0", "x" * 100]
    async with nobody(server) as client:
        answers = [await join(client, secret, "nobody-yet") for secret in wrong]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert (answers[0].status_code, answers[0].json()["code"]) == (404, "no_such_link")
    assert not await db.fetchval("select exists (select from account where username = 'nobody-yet')")


async def test_of_many_who_use_a_link_at_once_as_many_join_as_it_has_uses(
    server: Server, other_server: Server, db: Connection, ada: httpx.AsyncClient
) -> None:
    secret = await invite(ada, uses=3)
    async with nobody(server) as one, nobody(other_server) as other:
        answers = await asyncio.gather(
            *(join((one, other)[index % 2], secret, f"crowd-{index}") for index in range(50))
        )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [404] * 47
    assert await db.fetchval("select count(*) from account where username like 'crowd-%'") == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "bob"}, "account_exists"),
        ({"username": "Bob"}, "username_refused"),
        ({"username": "bоb"}, "username_refused"),  # a Cyrillic о
        ({"username": "ｂob"}, "username_refused"),
        ({"username": "bob "}, "username_refused"),
        ({"username": ""}, "username_refused"),
        ({"password": "short"}, "password_refused"),
        ({"password": "refusedrefused"}, "password_refused"),
        ({"display_name": "\u202eAdmin"}, "display_name_refused"),
        ({"display_name": "two\nlines"}, "display_name_refused"),
        ({"display_name": "\u200d"}, "display_name_refused"),
        ({"display_name": " "}, "display_name_refused"),
        ({"display_name": "\0"}, "display_name_refused"),
        ({"display_name": "x" * 101}, "display_name_refused"),
        ({"admin": True}, "bad_request"),
        ({"active": True}, "bad_request"),
        ({"is_bot": True}, "bad_request"),
        ({"id": 1}, "bad_request"),
        ({"secret": None}, "bad_request"),
    ],
)
async def test_what_is_refused_uses_no_link(
    server: Server, ada: httpx.AsyncClient, change: dict[str, object], code: str
) -> None:
    secret = await invite(ada)
    async with nobody(server) as client:
        refused = await join(client, secret, "refused", change)
        assert refused.json()["code"] == code
        assert "set-cookie" not in refused.headers
    assert (await ada.get("/invitations")).json()[0]["uses_left"] == 1


async def test_only_administrators_make_list_and_revoke_invitations(
    server: Server, ada: httpx.AsyncClient
) -> None:
    await invite(ada)
    id = (await ada.get("/invitations")).json()[0]["id"]
    async with signed_in(server, "bob") as bob:
        for answer in (
            await bob.post("/invitations", json={}),
            await bob.get("/invitations"),
            await bob.delete(f"/invitations/{id}"),
            await bob.delete("/invitations/999999999"),
            await bob.post("/sign-in-links", json={"username": "ada"}),
            await bob.post("/sign-in-links", json={"username": "no-one"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert id in [one["id"] for one in (await ada.get("/invitations")).json()]
    assert (await ada.delete("/invitations/999999999")).json()["code"] == "no_such_invitation"


@pytest.mark.parametrize("order", [{"uses": 0}, {"uses": 1001}, {"days": 0}, {"days": 91}, {"made_by": 1}])
async def test_an_invitation_is_for_some_and_for_some_time(
    ada: httpx.AsyncClient, order: dict[str, int]
) -> None:
    assert (await ada.post("/invitations", json=order)).json()["code"] == "bad_request"


@pytest.mark.parametrize("fate", ["admin = false", "active = false"])
async def test_the_links_of_who_is_no_administrator_any_more_are_void(
    server: Server, db: Connection, fate: str
) -> None:
    """Who is fired does not come back by a link that they have made in time."""
    name = "fired-" + fate[:5].strip()
    await add_person(db, name, admin=True)
    async with signed_in(server, name) as client:
        secret = await invite(client, uses=10)
        address = (await client.post("/sign-in-links", json={"username": "ada"})).json()["address"]
    await db.execute(f"update account set {fate} where username = $1", name)
    async with nobody(server) as client:
        assert (await join(client, secret, "come-back")).json()["code"] == "no_such_link"
        body = {"secret": secret_of(address), "password": "another password"}
        assert (await client.post("/session/link", json=body)).json()["code"] == "no_such_link"


async def test_guesses_are_limited_by_address(server: Server, db: Connection, ada: httpx.AsyncClient) -> None:
    secret = await invite(ada)
    await db.execute(
        "insert into sign_in_attempt (key) select 'address 127.0.0.1' from generate_series(1, $1)",
        OF_ADDRESS - 1,
    )
    async with nobody(server) as client:
        guess = await client.post("/session/link", json={"secret": "guess", "password": PASSWORD})
        assert guess.json()["code"] == "no_such_link"
        assert (await join(client, secret, "late")).json()["code"] == "too_many_sign_ins"
        assert (await sign_in(client, "bob")).json()["code"] == "too_many_sign_ins"
    async with nobody(server, headers={"X-Forwarded-For": "192.0.2.1"}) as elsewhere:
        assert (await join(elsewhere, secret, "late")).status_code == 201
    counted = "select count(*) from sign_in_attempt where key = 'address 192.0.2.1'"
    assert await db.fetchval(counted) == 0


async def test_who_joins_in_the_browser_of_another_ends_their_session(
    server: Server, ada: httpx.AsyncClient
) -> None:
    secret = await invite(ada)
    async with signed_in(server, "bob") as bob:
        cookie = {"Cookie": f"chinwag={bob.cookies['chinwag']}"}
        assert (await join(bob, secret, "after-bob")).status_code == 201
        assert (await bob.get("/account")).json()["username"] == "after-bob"
    async with nobody(server, headers=cookie) as client:
        assert (await client.get("/account")).status_code == 401


async def test_a_page_of_another_site_opens_no_link(server: Server, ada: httpx.AsyncClient) -> None:
    secret = await invite(ada)
    async with nobody(server, headers={"Origin": "https://evil.example"}) as client:
        assert (await join(client, secret, "lured")).json()["code"] == "origin_not_allowed"
