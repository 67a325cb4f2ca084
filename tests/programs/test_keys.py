"""Programs sign in with the keys of bot accounts, over HTTP and WebSockets."""

import json
import re

import httpx
import msgspec
import pytest

from chinwag.chat.keys import Keys
from chinwag.chat.sessions import hash_of
from chinwag.db.pool import Connection, open_pool
from chinwag.settings import Settings
from tests.support.cases import refused
from tests.support.client import open_list, open_thread
from tests.support.people import PASSWORD, cookie_of, nobody, sign_in
from tests.support.process import Server, ServerStarter
from tests.support.programs import bearer, make_bot, make_key, with_key

FOR_ADMINISTRATORS = [
    ("POST", "/bots", {"username": "another"}),
    ("GET", "/bots", None),
    ("POST", "/bots/{bot}/keys", {"name": "another"}),
    ("GET", "/bots/{bot}/keys", None),
    ("DELETE", "/bots/{bot}/keys/1", None),
    ("POST", "/invitations", {}),
    ("GET", "/invitations", None),
    ("DELETE", "/invitations/1", None),
    ("POST", "/sign-in-links", {"username": "bob"}),
    ("PATCH", "/accounts/bob", {"admin": True}),
    ("DELETE", "/accounts/bob", None),
]
FOR_PERSONS = [
    ("PUT", "/account/password", {"new": "another password"}),
    ("DELETE", "/session", None),
    ("GET", "/sessions", None),
    ("DELETE", "/sessions/1", None),
    ("PATCH", "/account", {"username": "another"}),
    ("POST", "/account/deletion", {"password": PASSWORD}),
    *FOR_ADMINISTRATORS,
]


async def test_a_program_reads_and_writes_with_a_key(
    server: Server, ada: httpx.AsyncClient, thread: int
) -> None:
    added = await ada.post("/bots", json={"username": "builder", "display_name": "The Builder"})
    assert added.status_code == 201
    key = await make_key(ada, "builder")
    async with with_key(server, key) as program, open_list(server, additional_headers=bearer(key)):
        account = (await program.get("/account")).json()
        assert (account["username"], account["display_name"]) == ("builder", "The Builder")
        assert account["id"] == added.json()["id"] and account["session"] is None
        async with open_thread(server, thread, additional_headers=bearer(key)) as client:
            await client.frame("ready")
            posted = await program.post(f"/threads/{thread}/messages", json={"content": "over HTTP"})
            assert posted.status_code == 201
            await client.send("over a WebSocket")
            await client.until_seq(2)
    read = (await ada.get(f"/threads/{thread}/messages")).json()
    assert [message["content"] for message in read] == ["over HTTP", "over a WebSocket"]


async def test_a_secret_is_shown_once_and_stored_nowhere(
    server: Server, ada: httpx.AsyncClient, db: Connection
) -> None:
    bot = await make_bot(ada)
    made = (await ada.post(f"/bots/{bot}/keys", json={"name": "nightly"})).json()
    assert re.fullmatch("chinwag_key_[0-9a-f]{64}", made["secret"])
    async with with_key(server, made["secret"]) as program:
        assert (await program.get("/threads")).status_code == 200
        assert (await program.post(f"/threads/{made['secret']}/messages")).status_code in {400, 404, 415}
    [listed] = (await ada.get(f"/bots/{bot}/keys")).json()
    assert listed == {name: made[name] for name in ("id", "name", "created_at", "used_at")}
    [row] = await db.fetch("select * from account_key where id = $1", made["id"])
    assert row["key_hash"] == hash_of(made["secret"])
    assert made["secret"] not in json.dumps([dict(row)], default=str)
    assert made["secret"] not in server.log.read_text()
    bots = (await ada.get("/bots")).json()
    assert bot in {one["username"] for one in bots}


@pytest.mark.parametrize(("method", "path", "body"), FOR_ADMINISTRATORS)
async def test_only_administrators_manage_keys(
    ada: httpx.AsyncClient, bob: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    bot = await make_bot(ada)
    for name in (bot, "nobody", "bob"):  # what is not there is refused in the same way
        answer = await bob.request(method, path.format(bot=name), json=body)
        refused(answer, 403, "not_allowed")


@pytest.mark.parametrize("admin", [False, True])
@pytest.mark.parametrize(("method", "path", "body"), FOR_PERSONS)
async def test_a_key_does_nothing_that_needs_a_person(
    server: Server, ada: httpx.AsyncClient, db: Connection, admin: bool, method: str, path: str, body: object
) -> None:
    bot = await make_bot(ada)
    await db.execute("update account set admin = $2 where username = $1", bot, admin)
    key = await make_key(ada, bot)
    async with with_key(server, key) as program:
        refused(await program.request(method, path.format(bot=bot), json=body), 403, "not_allowed")
        assert (await program.get("/account")).status_code == 200


async def test_an_administrator_who_is_none_any_more_is_refused_at_once(
    ada: httpx.AsyncClient, db: Connection
) -> None:
    await db.execute("update account set admin = false where username = 'ada'")
    try:
        refused(await ada.get("/bots"), 403, "not_allowed")
    finally:
        await db.execute("update account set admin = true where username = 'ada'")


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer x",
        "bearer chinwag_key_" + "0" * 64,
        "Bearer chinwag_key_",
        "BEARER  chinwag_key_%00",
        "Bearer {session}",
        "Bearer {key}0",
        "Bearer {key} {key}",
        "Bearer {KEY}",
    ],
)
async def test_a_wrong_key_is_refused_whoever_sends_it(
    server: Server, ada: httpx.AsyncClient, thread: int, authorization: str
) -> None:
    key = await make_key(ada)
    session = ada.cookies["chinwag"]
    headers = {"Authorization": authorization.format(key=key, KEY=key.upper(), session=session)}
    # The cookie of a person does not help.
    refused(await ada.get("/account", headers=headers), 401, "wrong_key")
    password = {"username": "bob", "password": PASSWORD}
    refused(await ada.post("/session", json=password, headers=headers), 401, "wrong_key")
    async with open_thread(server, thread, additional_headers=headers | cookie_of(ada)) as client:
        assert await client.closed() == 4001
        assert client.frames == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_key_counts_more_than_a_cookie(
    server: Server, ada: httpx.AsyncClient, db: Connection, scheme: str
) -> None:
    bot = await make_bot(ada)
    headers = {"Authorization": f"{scheme} {await make_key(ada, bot)}"}
    assert (await ada.get("/account", headers=headers)).json()["username"] == bot
    refused(await ada.get("/bots", headers=headers), 403, "not_allowed")
    assert (await ada.get("/account")).json()["username"] == "ada"


async def test_the_authorization_of_another_scheme_is_not_for_us(ada: httpx.AsyncClient) -> None:
    headers = {"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}
    assert (await ada.get("/account", headers=headers)).json()["username"] == "ada"


async def test_a_key_in_a_cookie_is_none(server: Server, ada: httpx.AsyncClient) -> None:
    key = await make_key(ada)
    async with with_key(server, key) as program:
        assert (await program.get("/account")).status_code == 200  # now it is remembered
    async with nobody(server, headers={"Cookie": f"chinwag={key}"}) as client:
        refused(await client.get("/account"), 401, "not_signed_in")


async def test_a_page_of_another_site_cannot_use_a_key(server: Server, ada: httpx.AsyncClient) -> None:
    async with with_key(server, await make_key(ada)) as program:
        answer = await program.get("/account", headers={"Origin": "https://elsewhere.example"})
        refused(answer, 403, "origin_not_allowed")


async def test_a_key_counts_where_everybody_is_the_same_person(
    start_server: ServerStarter, ada: httpx.AsyncClient
) -> None:
    bot = await make_bot(ada)
    key = await make_key(ada, bot)
    server = start_server({"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "anyone"})
    async with with_key(server, key) as program, nobody(server) as anyone:
        assert (await program.get("/account")).json()["username"] == bot
        assert (await anyone.get("/account")).json()["username"] == "me"
        refused(await anyone.get("/account", headers=bearer(key + "0")), 401, "wrong_key")


async def test_a_key_of_a_person_does_not_work(
    server: Server, db: Connection, persons: dict[str, int]
) -> None:
    await db.execute(
        """insert into account_key (account_id, name, key_hash)
           select id, 'made in SQL', $1 from account where username = 'ada'""",
        hash_of("chinwag_key_of_ada"),
    )
    async with with_key(server, "chinwag_key_of_ada") as program:
        refused(await program.get("/account"), 401, "wrong_key")


async def test_a_bot_does_not_sign_in_with_a_password(
    server: Server, ada: httpx.AsyncClient, db: Connection
) -> None:
    bot = await make_bot(ada)
    await db.execute(
        "update account set password = (select password from account where username = 'ada') "
        "where username = $1",
        bot,
    )
    async with nobody(server) as client:
        refused(await sign_in(client, bot), 401, "wrong_password")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_request"),
        ({"name": ""}, "bad_request"),
        ({"name": " "}, "bad_request"),
        ({"name": "x" * 101}, "bad_request"),
        ({"name": "a\0b"}, "bad_request"),
        ({"name": "x", "secret": "mine"}, "bad_request"),
    ],
)
async def test_a_key_needs_a_name(ada: httpx.AsyncClient, body: object, code: str) -> None:
    bot = await make_bot(ada)
    refused(await ada.post(f"/bots/{bot}/keys", json=body), 400, code)


async def test_what_is_not_there_is_404(ada: httpx.AsyncClient) -> None:
    bot, other = await make_bot(ada), await make_bot(ada)
    await make_key(ada, other)
    [key] = (await ada.get(f"/bots/{other}/keys")).json()
    for name in ("bob", "nobody", "a%20b"):
        refused(await ada.post(f"/bots/{name}/keys", json={"name": "x"}), 404, "no_such_account")
        refused(await ada.get(f"/bots/{name}/keys"), 404, "no_such_account")
    refused(await ada.delete(f"/bots/{bot}/keys/{key['id']}"), 404, "no_such_key")
    refused(await ada.post("/bots", json={"username": other}), 409, "account_exists")
    refused(await ada.post("/bots", json={"username": "bob"}), 409, "account_exists")
    refused(await ada.post("/bots", json={"username": "No Name"}), 400, "username_refused")


async def test_it_is_noted_when_a_key_was_used(
    ada: httpx.AsyncClient, db: Connection, database_url: str
) -> None:
    bot = await make_bot(ada)
    await make_key(ada, bot)
    await make_key(ada, bot)
    first, second = (await ada.get(f"/bots/{bot}/keys")).json()
    async with open_pool(msgspec.structs.replace(Settings(), database_url=database_url, pool_size=2)) as pool:
        await Keys(pool).note_used([first["id"]])
    used, unused = (await ada.get(f"/bots/{bot}/keys")).json()
    assert used["used_at"] is not None and unused == second
