"""The directory of accounts: who sees what, and who may change what."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, open_list
from tests.support.people import PASSWORD, add_person, cookie_of, nobody, sign_in, signed_in
from tests.support.process import Server


@pytest.fixture(autouse=True)
async def admin(db: Connection, persons: dict[str, int]) -> int:
    """The only administrator. The other one is the pre-configured account, if some test has had it made."""
    await db.execute("delete from sign_in_attempt; delete from account where username in ('ada', 'zoe')")
    await add_person(db, "zoe")
    return await add_person(db, "ada", admin=True)


@pytest.fixture
async def ada(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(server, "ada") as client:
        yield client


@pytest.fixture
async def zoe(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """An ordinary member."""
    async with signed_in(server, "zoe") as client:
        yield client


async def names(client: httpx.AsyncClient, **query: str | int) -> list[str]:
    answer = await client.get("/accounts", params=query)
    assert answer.status_code == 200, answer.text
    return [one["username"] for one in answer.json()]


async def test_everybody_sees_who_is_there_and_no_more(
    zoe: httpx.AsyncClient, db: Connection, persons: dict[str, int], admin: int
) -> None:
    await db.execute("update account set display_name = 'Robert Tables' where username = 'bob'")
    people = (await zoe.get("/accounts")).json()
    assert people[0] == {
        "id": admin,
        "username": "ada",
        "display_name": "ada",
        "is_bot": False,
        "admin": True,
        "active": True,
        "answers": False,
    }
    assert [one["username"] for one in people] == ["ada", "ann", "bob", "cy", "zoe"]
    assert await names(zoe, limit=2) == ["ada", "ann"]
    assert await names(zoe, limit=2, after="ann") == ["bob", "cy"]
    assert await names(zoe, q="A") == ["ada", "ann"]
    assert await names(zoe, q="tab") == ["bob"]
    assert await names(zoe, q="obert") == []
    assert await names(zoe, q="%") == []
    assert await names(zoe, ids=f"{persons['cy']},{admin},9999999999") == ["ada", "cy"]
    for wrong in ({"ids": "x"}, {"ids": ""}, {"limit": 0}, {"q": "\0"}):
        assert (await zoe.get("/accounts", params=wrong)).json()["code"] == "bad_request"


async def test_a_member_changes_nobody_else(zoe: httpx.AsyncClient) -> None:
    for username in ("ada", "zoe", "ann", "no-one"):
        for answer in (
            await zoe.patch(f"/accounts/{username}", json={"admin": True}),
            await zoe.patch(f"/accounts/{username}", json={"active": False}),
            await zoe.delete(f"/accounts/{username}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    account = (await zoe.get("/account")).json()
    assert account["admin"] is False


@pytest.mark.parametrize(
    "change", [{"admin": True}, {"id": 1}, {"password": "x" * 10}, {"active": True}, {"superuser": True}]
)
async def test_nobody_makes_themselves_more_than_they_are(
    zoe: httpx.AsyncClient, db: Connection, change: dict[str, object]
) -> None:
    refused = await zoe.patch("/account", json={"display_name": "Zoë"} | change)
    assert refused.json()["code"] == "bad_request"
    row = await db.fetchrow("select admin, superuser, display_name from account where username = 'zoe'")
    assert row is not None and tuple(row) == (False, False, None)


async def test_who_is_made_an_administrator_is_one_at_once_and_only_as_long(
    ada: httpx.AsyncClient, zoe: httpx.AsyncClient
) -> None:
    assert (await ada.patch("/accounts/zoe", json={"admin": True})).json()["admin"] is True
    assert (await zoe.get("/invitations")).status_code == 200
    assert (await ada.patch("/accounts/zoe", json={"admin": False})).json()["admin"] is False
    assert (await zoe.get("/invitations")).status_code == 403


@pytest.mark.parametrize("flag", [1, "no", None, "true"])
async def test_a_flag_is_true_or_false(ada: httpx.AsyncClient, flag: object) -> None:
    for name in ("admin", "active"):
        assert (await ada.patch("/accounts/zoe", json={name: flag})).json()["code"] == "bad_request"


async def test_who_is_disabled_is_out_at_once(
    server: Server, ada: httpx.AsyncClient, zoe: httpx.AsyncClient
) -> None:
    async with open_list(server, additional_headers=cookie_of(zoe)) as socket:
        assert (await ada.patch("/accounts/zoe", json={"active": False})).status_code == 200
        assert await socket.closed() == 4001
    assert (await zoe.get("/account")).status_code == 401
    assert (await sign_in(zoe, "zoe")).status_code == 401
    assert (await ada.patch("/accounts/zoe", json={"active": True})).json()["active"] is True
    assert (await zoe.get("/account")).status_code == 401  # the session does not come back
    assert (await sign_in(zoe, "zoe")).status_code == 201


async def test_there_is_always_an_administrator(ada: httpx.AsyncClient) -> None:
    for refused in (
        await ada.patch("/accounts/ada", json={"admin": False}),
        await ada.patch("/accounts/ada", json={"active": False}),
        await ada.post("/account/deletion", json={"password": PASSWORD}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    assert (await ada.get("/account")).json()["admin"] is True


async def test_two_administrators_who_demote_each_other_at_once_leave_one(
    server: Server, db: Connection, ada: httpx.AsyncClient, zoe: httpx.AsyncClient
) -> None:
    for _ in range(10):
        await db.execute("update account set admin = true where username in ('ada', 'zoe')")
        await asyncio.gather(
            ada.patch("/accounts/zoe", json={"admin": False}),
            zoe.patch("/accounts/ada", json={"active": True, "admin": False}),
        )
        assert await db.fetchval("select count(*) from account where admin and active and not is_bot") == 1


async def test_a_person_takes_another_name(
    server: Server, zoe: httpx.AsyncClient, db: Connection
) -> None:
    changed = await zoe.patch("/account", json={"username": "zoe2", "display_name": "Zoë"})
    assert (changed.json()["username"], changed.json()["display_name"]) == ("zoe2", "Zoë")
    assert (await zoe.get("/account")).json() == changed.json()
    async with nobody(server) as client:
        assert (await sign_in(client, "zoe")).status_code == 401
        assert (await sign_in(client, "zoe2")).status_code == 201
    await add_person(db, "zoe")  # the former name is free
    taken = await zoe.patch("/account", json={"username": "ann"})
    assert (taken.status_code, taken.json()["code"]) == (409, "account_exists")
    for name in ("Ann", "аnn", "", "a b", "x" * 33):  # the second begins with a Cyrillic а
        assert (await zoe.patch("/account", json={"username": name})).json()["code"] == "username_refused"
    shown = await zoe.patch("/account", json={"display_name": "\u202eeoz"})
    assert shown.json()["code"] == "display_name_refused"
    await db.execute("delete from account where username = 'zoe2'")


async def test_two_who_want_one_name_do_not_both_get_it(
    server: Server, db: Connection, ada: httpx.AsyncClient, zoe: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(
        *(client.patch("/account", json={"username": "wanted"}) for client in (ada, zoe))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    await db.execute("delete from account where username = 'wanted'")


async def test_what_is_deleted_is_out_and_its_chats_stay(
    server: Server, ada: httpx.AsyncClient, zoe: httpx.AsyncClient, persons: dict[str, int]
) -> None:
    thread = (await zoe.post("/threads", json={"title": "Of Zoë", "open": True})).json()["id"]
    await zoe.post(f"/threads/{thread}/messages", json={"content": "It stays."})
    async with open_list(server, additional_headers=cookie_of(zoe)) as socket:
        assert (await ada.delete("/accounts/zoe")).status_code == 204
        assert await socket.closed() == 4001
    assert (await zoe.get("/account")).status_code == 401
    assert (await sign_in(zoe, "zoe")).status_code == 401
    assert "zoe" not in await names(ada)
    assert (await ada.delete("/accounts/zoe")).json()["code"] == "no_such_account"
    found = (await ada.get(f"/threads/{thread}/messages")).json()
    assert [message["content"] for message in found] == ["It stays.", "zoe was removed."]


async def test_a_person_deletes_their_own_account_with_the_password(
    server: Server, ada: httpx.AsyncClient, zoe: httpx.AsyncClient
) -> None:
    wrong = await zoe.post("/account/deletion", json={"password": "a wrong password"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")
    assert (await zoe.post("/account/deletion", json={"password": PASSWORD})).status_code == 204
    async with asyncio.timeout(LIMIT_SECONDS):
        while (await zoe.get("/account")).status_code != 401:
            pass
    assert "zoe" not in await names(ada)
    own = await ada.delete("/accounts/ada")  # a stolen session is not enough
    assert (own.status_code, own.json()["code"]) == (409, "password_needed")


async def test_a_person_gets_all_that_is_stored_about_them(
    db: Connection, zoe: httpx.AsyncClient, ada: httpx.AsyncClient
) -> None:
    thread = (await zoe.post("/threads", json={"title": "Of Zoë"})).json()["id"]
    said = [f"number {n}" for n in range(450)]
    insert = """
        insert into message (thread_id, content, author)
        select $1, unnest($2::text[]), (select id from account where username = $3)
    """
    await db.execute(insert, thread, said, "zoe")
    await db.execute(insert, thread, ["of another"], "ada")
    await db.execute("insert into message (thread_id, content) values ($1, 'of a role')", thread)
    exported = await zoe.get("/account/export")
    assert exported.headers["content-disposition"].startswith("attachment")
    everything = exported.json()
    assert everything["account"]["username"] == "zoe"
    assert [one["device"] for one in everything["sessions"]] == [zoe.headers["user-agent"]]
    assert [message["content"] for message in everything["messages"]] == said
    assert "password" not in everything["account"] and "hash" not in exported.text
    assert (await ada.get("/account/export")).json()["messages"] == []
