"""Signing in by an OpenID provider: who comes back from it is the person whom it means, and nobody else."""

import asyncio
import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import expect

from chinwag.chat.identities import username_like
from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.openid import begin, consent, provider_running, query_of, set_claims, sign_in_at
from tests.support.page import Open
from tests.support.people import add_person, nobody, sign_in, signed_in
from tests.support.process import Server, ServerStarter

FAILED = "/sign-in?problem=openid_failed"
SECRET = "the secret of the client"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider_running() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def settings(issuer: str) -> dict[str, str]:
    return {
        "CHINWAG_BOT": "none",
        "CHINWAG_OIDC_ISSUER": issuer,
        "CHINWAG_OIDC_CLIENT_ID": "chat",
        "CHINWAG_OIDC_CLIENT_SECRET": SECRET,
        "CHINWAG_OIDC_NAME": "Example",
    }


async def name_of(client: httpx.AsyncClient) -> str:
    account = (await client.get("/account")).json()
    return str(account.get("username", account.get("code")))


async def test_a_person_gets_an_account_and_the_same_one_again(
    server: Server, issuer: str, db: Connection
) -> None:
    said = {"preferred_username": "Dora@example.com", "name": "Dora Díaz", "email": "d@example.com"}
    set_claims(issuer, "sub-1", **said)
    async with nobody(server) as client:
        answer = await sign_in_at(client, "sub-1", "/threads/1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/threads/1")
        account = (await client.get("/account")).json()
    assert (account["username"], account["display_name"]) == ("dora", "Dora Díaz")
    assert (account["admin"], account["has_password"]) == (False, False)
    set_claims(issuer, "sub-1", preferred_username="another", name="Another", email="d@example.com")
    async with nobody(server) as client:
        await sign_in_at(client, "sub-1")
        assert (await client.get("/account")).json()["id"] == account["id"]
        assert (await sign_in(client, "dora", "!")).json()["code"] == "wrong_password"
        assert (await client.delete("/session")).status_code == 204
        assert await name_of(client) == "not_signed_in"
    row = await db.fetchrow("select issuer, subject from identity where account_id = $1", account["id"])
    assert row is not None and tuple(row) == (issuer, "sub-1")


async def test_nobody_gets_into_the_account_of_another_by_a_name_or_an_address(
    server: Server, issuer: str, db: Connection
) -> None:
    ada = await add_person(db, "ada", admin=True)
    await db.execute("update account set email = 'ada@example.com' where id = $1", ada)
    set_claims(
        issuer, "mallory", preferred_username="ada", email="ada@example.com", email_verified=True, name="ada"
    )
    async with nobody(server) as client:
        await sign_in_at(client, "mallory")
        account = (await client.get("/account")).json()
    assert (account["username"], account["admin"], account["id"] != ada) == ("ada2", False, True)


async def test_a_person_who_comes_with_two_browsers_at_once_gets_one_account(
    server: Server, db: Connection
) -> None:
    async with nobody(server) as one, nobody(server) as other:
        await asyncio.gather(sign_in_at(one, "twice"), sign_in_at(other, "twice"))
        assert (await one.get("/account")).json()["id"] == (await other.get("/account")).json()["id"]
    assert await db.fetchval("select count(*) from identity where subject = 'twice'") == 1


async def test_what_is_sent_to_the_provider_is_bound_to_the_browser(server: Server) -> None:
    """PKCE, the state and the nonce (RFC 9700, section 2.1)."""
    async with nobody(server) as client:
        asked, again = query_of(await begin(client)), query_of(await begin(client))
        flow = json.loads(base64.urlsafe_b64decode(client.cookies["chinwag-openid"]))
    assert (asked["client_id"], asked["response_type"]) == ("chat", "code")
    assert asked["redirect_uri"] == f"{server.url}/api/v1/openid/callback"
    assert asked["code_challenge_method"] == "S256" and "secret" not in str(asked)
    digest = sha256(flow["verifier"].encode()).digest()
    assert again["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 40 and asked[name] != again[name]


async def test_the_code_of_somebody_else_signs_nobody_in(server: Server) -> None:
    """Login CSRF: a person is led to the address with which the attacker came back from the provider."""
    async with nobody(server) as attacker, nobody(server) as victim:
        url = await consent(await begin(attacker), "attacker")
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await victim.get(url, headers=headers)).headers["location"] == FAILED
        await begin(victim)
        assert (await victim.get(url)).headers["location"] == FAILED
        assert await name_of(victim) == "not_signed_in"
        state = query_of(await begin(victim))["state"]
        code = query_of(url)["code"]
        # With the right state, the token has the nonce of the attacker in it.
        forged = await victim.get("/openid/callback", params={"code": code, "state": state})
        assert forged.headers["location"] == FAILED
        assert await name_of(victim) == "not_signed_in"


async def test_a_code_is_used_once_and_a_wrong_one_not_at_all(server: Server) -> None:
    async with nobody(server) as client:
        url = await consent(await begin(client), "once")
        cookies = dict(client.cookies)
        assert (await client.get(url)).headers["location"] == "/"
        assert "chinwag-openid" not in client.cookies
        assert await name_of(client) == "once"
    async with nobody(server, cookies=cookies) as client:
        assert (await client.get(url)).headers["location"] == FAILED
    async with nobody(server) as client:
        state = query_of(await begin(client))["state"]
        for code in ("made-up", "", "\0"):
            await begin(client)
            answer = await client.get("/openid/callback", params={"code": code, "state": state})
            assert answer.headers["location"] == FAILED
        for cookie in ("", "x", base64.urlsafe_b64encode(b'{"state":"x"}').decode()):
            forged = {"Cookie": f"chinwag-openid={cookie}"}
            answer = await client.get("/openid/callback?code=x&state=x", headers=forged)
            assert answer.headers["location"] == FAILED


async def test_who_says_no_at_the_provider_is_told_on_the_form(server: Server) -> None:
    async with nobody(server) as client:
        state = query_of(await begin(client))["state"]
        params = {"error": "access_denied", "state": state}
        assert (await client.get("/openid/callback", params=params)).headers["location"] == FAILED


async def test_who_is_disabled_does_not_get_in(server: Server, db: Connection) -> None:
    async with nobody(server) as client:
        await sign_in_at(client, "leaver")
        await db.execute("update account set active = false where username = 'leaver'")
        assert (await sign_in_at(client, "leaver")).headers["location"] == FAILED
        assert await name_of(client) == "not_signed_in"


@pytest.mark.parametrize(
    "next", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/\n/evil.example"]
)
async def test_nobody_is_led_to_another_site(server: Server, next: str) -> None:
    async with nobody(server) as client:
        assert (await sign_in_at(client, "reader", next)).headers["location"] == "/"


async def test_a_session_that_is_replaced_ends(server: Server) -> None:
    async with signed_in(server, "bob") as bob:
        cookie = {"Cookie": f"chinwag={bob.cookies['chinwag']}"}
        await sign_in_at(bob, "after-bob")
        assert await name_of(bob) == "after-bob"
    async with nobody(server, headers=cookie) as client:
        assert await name_of(client) == "not_signed_in"


async def test_behind_https_the_cookie_is_for_this_host_alone(server: Server) -> None:
    async with nobody(server, headers={"X-Forwarded-Proto": "https"}) as client:
        sent = await client.get("/openid/start")
    field = sent.headers["set-cookie"]
    assert field.startswith("__Host-chinwag-openid=")
    assert all(part in field.lower() for part in ("httponly", "secure", "samesite=lax", "path=/"))
    assert query_of(sent.headers["location"])["redirect_uri"].startswith("https://")


async def test_only_who_has_come_before_comes_in_where_nobody_may_join(
    server: Server, start_server: ServerStarter, settings: dict[str, str]
) -> None:
    async with nobody(server) as client:
        await sign_in_at(client, "regular")
    closed = start_server(settings | {"CHINWAG_OIDC_MAY_JOIN": "false"})
    async with nobody(closed) as client:
        assert (await sign_in_at(client, "newcomer")).headers["location"] == FAILED
        assert (await sign_in_at(client, "regular")).headers["location"] == "/"


async def test_a_provider_that_is_away_or_another_one_proves_nothing(
    start_server: ServerStarter, settings: dict[str, str], issuer: str
) -> None:
    # The name that it gives itself is not this one.
    for wrong in (issuer.replace("127.0.0.1", "localhost") + "/", "http://127.0.0.1:9"):
        server = start_server(settings | {"CHINWAG_OIDC_ISSUER": wrong})
        async with nobody(server) as client:
            assert (await client.get("/openid/start")).headers["location"] == FAILED


async def test_the_form_leads_to_the_provider_and_back(open_page: Open, issuer: str) -> None:
    page = await open_page("/people")
    link = page.get_by_role("link", name="Continue with Example")
    await expect(link).to_be_visible()
    await no_finding(page)
    # The page of the provider is not ours to be complained about.
    target = await link.get_attribute("href")
    assert target == "/api/v1/openid/start?next=%2Fpeople"
    page = await open_page("/sign-in?problem=openid_failed")
    await expect(page.get_by_role("alert")).to_contain_text("You could not be signed in this way.")


async def test_no_secret_is_in_the_log(server: Server) -> None:
    async with nobody(server) as client:
        url = await consent(await begin(client), "logged")
        await client.get(url)
        await client.get(url)
    log = Path(server.log).read_text()
    for secret in (SECRET, query_of(url)["code"], query_of(url)["state"]):
        assert secret not in log


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ann", "ann"),
        ("Ann.Onym@example.com", "ann.onym"),
        ("Éve Müller", "evemuller"),
        ("..x..", "x"),
        ("石", "person"),
        ("", "person"),
        ("x" * 100, "x" * 28),
    ],
)
def test_a_username_resembles_what_the_provider_says(said: str, name: str) -> None:
    assert username_like(said) == name


def test_the_address_of_the_test_is_of_this_computer(issuer: str) -> None:
    assert urlsplit(issuer).hostname == "127.0.0.1"
