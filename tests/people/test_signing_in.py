"""Signing in and out: passwords, cookies, limits, and what nobody may find out."""

import asyncio
import json
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from argon2.exceptions import VerifyMismatchError
from piccolo.apps.user.tables import BaseUser

from chinwag.chat.attempts import OF_ACCOUNT, OF_ADDRESS
from chinwag.chat.sessions import MOST_SESSIONS
from chinwag.db.pool import Connection
from chinwag.web.access import OPEN_TO_NOBODY, READABLE_BY_NOBODY
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.people import PASSWORD, add_person, cookie_of, nobody, sign_in, signed_in
from tests.support.process import Server


@pytest.fixture(autouse=True)
async def no_attempts(db: Connection) -> None:
    """The tests of the limits leave nobody locked out."""
    await db.execute("delete from sign_in_attempt")


async def test_who_signs_in_is_that_person(server: Server) -> None:
    async with signed_in(server, "ann") as ann:
        account = (await ann.get("/account")).json()
        assert (account["username"], account["display_name"]) == ("ann", "ann")
        [session] = (await ann.get("/sessions")).json()
        assert session["is_this"] and session["id"] == account["session"]
        assert "httpx" in session["device"]
        await ann.delete("/session")


@pytest.mark.parametrize("username", ["ann", "nobody", "", "\0", "x" * 100])
async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(server: Server, username: str) -> None:
    async with nobody(server) as client:
        answer = await sign_in(client, username, "a wrong password")
    assert answer.status_code == 401
    assert answer.json() == {
        "status": 401,
        "code": "wrong_password",
        "title": "Unauthorized",
        "detail": "There is no account with this name and this password.",
    }
    assert "set-cookie" not in answer.headers


async def test_an_unknown_name_costs_a_hash_too(server: Server, db: Connection) -> None:
    """Its time is the same: the stand-in is verified, with the same parameters as any password."""
    from chinwag.chat import passwords

    assert passwords.HASHER.check_needs_rehash(passwords.STAND_IN) is False
    assert passwords._verify(b"x", passwords.NO_PASSWORD) == passwords.Verdict(matches=False)
    # One that could not be read would be refused at once.
    with pytest.raises(VerifyMismatchError):
        passwords.HASHER.verify(passwords.STAND_IN, b"x")


async def test_a_disabled_account_does_not_sign_in(server: Server, db: Connection) -> None:
    await add_person(db, "dee")
    await db.execute("update account set active = false where username = 'dee'")
    async with nobody(server) as client:
        assert (await sign_in(client, "dee")).json()["code"] == "wrong_password"


async def test_the_password_of_piccolo_signs_in_and_is_hashed_anew(server: Server, db: Connection) -> None:
    id = await add_person(db, "old", BaseUser.hash_password(PASSWORD))
    async with nobody(server) as client:
        assert (await sign_in(client, "old", "a wrong password")).status_code == 401
    async with signed_in(server, "old"), signed_in(server, "old"):
        stored = await db.fetchval("select password from account where id = $1", id)
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert await db.fetchval("select count(*) from session where account_id = $1", id) == 2


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: Server) -> None:
    async with nobody(server) as client:
        fields = [part.strip() for part in (await sign_in(client, "bob")).headers["set-cookie"].split(";")]
    assert fields[0].startswith("chinwag=")
    assert {field.lower() for field in fields[1:]} >= {"httponly", "samesite=lax", "path=/"}
    assert not any(field.lower().startswith("domain") for field in fields)


async def test_behind_https_the_cookie_is_for_this_host_alone(server: Server) -> None:
    async with nobody(server, headers={"X-Forwarded-Proto": "https"}) as client:
        field = (await sign_in(client, "bob")).headers["set-cookie"]
    assert field.startswith("__Host-chinwag=") and "secure" in field.lower()


async def test_the_secret_of_a_session_is_not_stored(server: Server, db: Connection) -> None:
    async with signed_in(server, "ann") as ann:
        secret = ann.cookies["chinwag"]
        row = await db.fetchrow("select * from session order by id desc limit 1")
    assert row is not None and row["token_hash"] == sha256(secret.encode()).digest()
    assert secret not in str(tuple(row.values()))


async def test_a_session_that_somebody_brings_is_not_taken_over(server: Server) -> None:
    """Fixation: who plants a cookie in another's browser does not share the session that begins there."""
    async with nobody(server, cookies={"chinwag": "planted"}) as client:
        await sign_in(client, "ann")
        assert client.cookies.get("chinwag", domain="127.0.0.1") != "planted"
    async with nobody(server, cookies={"chinwag": "planted"}) as client:
        assert (await client.get("/account")).status_code == 401


async def test_a_sign_in_ends_the_session_that_it_replaces(server: Server) -> None:
    async with signed_in(server, "ann") as ann:
        before = cookie_of(ann)
        assert (await sign_in(ann, "bob")).status_code == 201
        assert (await ann.get("/account")).json()["username"] == "bob"
    async with nobody(server, headers=before) as client:
        assert (await client.get("/account")).status_code == 401


async def test_an_account_has_no_more_sessions_than_it_may(server: Server, db: Connection) -> None:
    id = await add_person(db, "max")
    await db.execute(
        """insert into session (account_id, token_hash, expires_at, idle_days)
           select $1, sha256(n::text::bytea), now() + interval '1 day', 1 from generate_series(1, $2) n""",
        id,
        MOST_SESSIONS + 20,
    )
    async with signed_in(server, "max") as client:
        assert len((await client.get("/sessions")).json()) == MOST_SESSIONS
        assert (await client.get("/account")).status_code == 200


async def test_each_sign_in_has_a_secret_of_its_own(server: Server) -> None:
    async with signed_in(server, "ann") as one, signed_in(server, "ann") as other:
        assert one.cookies["chinwag"] != other.cookies["chinwag"]


async def test_who_signs_out_is_out_everywhere_with_this_cookie(server: Server, thread_of_ann: int) -> None:
    async with signed_in(server, "ann") as ann:
        cookie = cookie_of(ann)
        assert (await ann.delete("/session")).status_code == 204
    async with nobody(server, headers=cookie) as client:
        for path in ("/account", "/threads", f"/threads/{thread_of_ann}/messages", "/search?q=x"):
            assert (await client.get(path)).json()["code"] == "not_signed_in"


@pytest.fixture(scope="module")
async def thread_of_ann(server: Server) -> int:
    async with signed_in(server, "ann") as ann:
        id: int = (await ann.post("/threads", json={"title": "Thread", "open": True})).json()["id"]
    return id


async def test_nobody_is_refused_everything_but_to_sign_in(server: Server, thread_of_ann: int) -> None:
    async with nobody(server) as client:
        paths = (await client.get(f"{server.url}/docs/openapi.json")).json()["paths"]
        for path, methods in paths.items():
            # Whoever knows the address of a webhook may use it.
            by_itself = OPEN_TO_NOBODY | READABLE_BY_NOBODY | {"/api/v1/hooks/{secret}"}
            if not path.startswith("/api/v1") or path in by_itself:
                continue
            url = server.url + path.format_map(defaultdict(lambda: 1, thread_id=thread_of_ann))
            for method in methods:
                answer = await client.request(method, url, json={})
                assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), (method, path)


async def test_a_socket_of_nobody_is_closed_and_told_to_sign_in(server: Server, thread_of_ann: int) -> None:
    async with open_thread(server, thread_of_ann) as client:
        assert await client.closed() == 4001
        assert client.frames == []
    async with open_thread(server, 10**9) as client:
        assert await client.closed() == 4001  # and not 4004, which would tell whether there is such a thread


async def test_many_wrong_passwords_lock_the_account_for_a_while(server: Server, db: Connection) -> None:
    async with nobody(server) as client:
        for _ in range(OF_ACCOUNT):
            assert (await sign_in(client, "cy", "a wrong password")).status_code == 401
        refused = await sign_in(client, "cy")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sign_ins")
        assert (await sign_in(client, "CY")).status_code == 429
        assert (await sign_in(client, "bob")).status_code == 201
        await db.execute("update sign_in_attempt set attempted_at = now() - interval '16 minutes'")
        assert (await sign_in(client, "cy")).status_code == 201


async def test_guesses_that_come_at_once_are_counted_each(server: Server) -> None:
    async with nobody(server) as client:
        guesses = [sign_in(client, "cy", "a wrong password") for _ in range(2 * OF_ACCOUNT)]
        codes = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert codes.count(401) == OF_ACCOUNT


async def test_an_address_is_limited_over_all_accounts(server: Server, db: Connection) -> None:
    await db.execute(
        "insert into sign_in_attempt (key) select 'address 127.0.0.1' from generate_series(1, $1)", OF_ADDRESS
    )
    async with nobody(server) as client:
        assert (await sign_in(client, "bob")).json()["code"] == "too_many_sign_ins"
        # Behind a proxy on this computer, the address is the one that it names.
        body = {"username": "bob", "password": PASSWORD}
        elsewhere = await client.post("/session", json=body, headers={"X-Forwarded-For": "192.0.2.1"})
    assert elsewhere.status_code == 201


async def test_a_right_password_forgets_the_wrong_ones(server: Server, db: Connection) -> None:
    async with nobody(server) as client:
        for _ in range(OF_ACCOUNT - 1):
            await sign_in(client, "cy", "a wrong password")
        assert (await sign_in(client, "cy")).status_code == 201
    assert await db.fetchval("select count(*) from sign_in_attempt where key = 'account cy'") == 0


async def test_another_device_is_signed_out(server: Server) -> None:
    async with signed_in(server, "ann") as one, signed_in(server, "ann") as other:
        id = (await other.get("/account")).json()["session"]
        assert (await one.delete(f"/sessions/{id}")).status_code == 204
        assert (await one.delete(f"/sessions/{id}")).json()["code"] == "no_such_session"
        await _refused_soon(other)
        assert (await one.get("/account")).status_code == 200


async def test_nobody_sees_or_ends_the_sessions_of_another(server: Server) -> None:
    async with signed_in(server, "ann") as ann, signed_in(server, "bob") as bob:
        id = (await ann.get("/account")).json()["session"]
        answer = await bob.delete(f"/sessions/{id}")
        missing = await bob.delete("/sessions/999999999")
        assert (answer.status_code, answer.json()["code"]) == (404, missing.json()["code"])
        assert id not in [session["id"] for session in (await bob.get("/sessions")).json()]
        assert (await ann.get("/account")).status_code == 200


async def test_a_new_password_signs_out_everywhere_but_here(server: Server, db: Connection) -> None:
    await add_person(db, "eve")
    async with signed_in(server, "eve") as here, signed_in(server, "eve") as there:
        wrong = await here.put("/account/password", json={"current": "wrong", "new": "another password"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")
        weak = await here.put("/account/password", json={"current": PASSWORD, "new": "short"})
        assert (weak.status_code, weak.json()["code"]) == (400, "password_refused")
        changed = await here.put("/account/password", json={"current": PASSWORD, "new": "another password"})
        assert changed.status_code == 204
        await _refused_soon(there)
        assert (await here.get("/account")).status_code == 200
    async with nobody(server) as client:
        assert (await sign_in(client, "eve")).status_code == 401
        assert (await sign_in(client, "eve", "another password")).status_code == 201


async def test_a_session_that_is_not_used_ends(server: Server, db: Connection) -> None:
    async with signed_in(server, "bob") as bob:
        id = (await bob.get("/account")).json()["session"]
        cookie = cookie_of(bob)
    await db.execute("update session set used_at = now() - interval '31 days' where id = $1", id)
    assert await db.fetchval("select is_valid(session) from session where id = $1", id) is False
    await db.execute("update session set used_at = now(), expires_at = now() where id = $1", id)
    assert await db.fetchval("select is_valid(session) from session where id = $1", id) is False
    await db.execute("select notify_account_change(account_id, false) from session where id = $1", id)
    async with nobody(server, headers=cookie) as client:
        await _refused_soon(client)


async def test_a_password_is_in_no_log(server: Server, db: Connection) -> None:
    secret = "a password to look for"
    await add_person(db, "liv")
    async with nobody(server) as client:
        await sign_in(client, "liv", secret)
        await client.post("/session", content=json.dumps({"username": "liv", "password": secret})[:-1])
        await client.post("/session", json={"username": "liv", "password": secret, "more": 1})
        await client.post("/session", json={"username": "liv", "password": secret * 100})
    assert secret not in Path(server.log).read_text()


async def _refused_soon(client: httpx.AsyncClient) -> None:
    """Wait until a client is not signed in any more."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while (await client.get("/account")).status_code != 401:
            pass
