"""What somebody with an ordinary account may try, and what comes of it."""

import json
import re
import secrets
from uuid import uuid4

from chinwag.db.pool import Connection
from tests.support.people import add_person, nobody
from tests.support.person import Person
from tests.support.process import Server
from tests.support.programs import bearer, make_bot, make_key, with_key

MISSING = 999_999_999

FORBIDDEN_FIELDS: list[tuple[str, str, dict[str, object], dict[str, object]]] = [
    ("POST", "/threads/{thread}/messages", {"content": "x"}, {
        "author": 1, "role": "system", "event": "removed", "subject": 1, "written_by": "postgres", "seq": 9,
        "id": 9, "reply_to": 1, "created_at": "2020-01-01T00:00:00Z", "asks_for_reply": True, "thread_id": 1,
        "webhook": 1,
    }),
    ("POST", "/threads", {"title": "x"}, {
        "owner": 1, "is_open": True, "direct_key": "1,2", "persons": 0, "has_bot": True, "last_seq": 5,
        "id": 9, "pinned": True,
    }),
    ("PATCH", "/threads/{thread}", {"title": "x"}, {
        "owner": 1, "is_open": True, "direct": ["ada"], "direct_key": "1,2", "members": ["eve"],
        "last_seq": 5,
    }),
    ("PUT", "/threads/{thread}/read", {"seq": 1}, {"account_id": 1, "account": "ada", "level": "nothing"}),
    ("PUT", "/threads/{thread}/level", {"level": "nothing"}, {"account_id": 1, "read_seq": 0}),
    ("PATCH", "/account", {"display_name": "Bob"}, {
        "admin": True, "superuser": True, "active": True, "is_bot": True, "answers": True, "id": 1,
        "password": "x", "email": "x@example.org",
    }),
    ("POST", "/session", {"username": "bob", "password": "x"}, {"admin": True, "account_id": 1}),
    ("POST", "/join", {"secret": "x", "username": "x", "password": "a good password"}, {
        "admin": True, "kind": "set_up", "is_bot": True,
    }),
]  # fmt: skip


async def test_no_body_sets_what_is_not_the_senders(people: tuple[Person, ...], db: Connection) -> None:
    _, bob, _ = people
    thread = await bob.new_thread()
    everything = (
        "select (select to_json(a)::text from account a where id = $1), (select count(*) from message)"
    )
    before = await db.fetchrow(everything, bob.id)
    for method, path, body, fields in FORBIDDEN_FIELDS:
        for name, value in fields.items():
            answer = await bob.http.request(
                method, path.replace("{thread}", str(thread)), json=body | {name: value}
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), (path, name)
            assert name in answer.json()["detail"]
    async with bob.thread(thread) as client:
        await client.frame("ready")
        for name, value in FORBIDDEN_FIELDS[0][3].items():
            seen = len(client.frames)
            await client.connection.send(json.dumps({"content": "x", name: value}))
            await client.until(lambda frames, seen=seen: len(frames) > seen)
            assert client.frames[-1]["data"]["code"] == "bad_message", name
    assert await db.fetchrow(everything, bob.id) == before


async def test_nobody_makes_themselves_an_administrator(people: tuple[Person, ...]) -> None:
    _, bob, _ = people
    for method, path, body in (
        ("PATCH", "/accounts/bob", {"admin": True}),
        ("PATCH", "/accounts/ada", {"active": False}),
        ("DELETE", "/accounts/ada", None),
        ("POST", "/sign-in-links", {"username": "ada"}),
        ("POST", "/invitations", {}),
    ):
        answer = await bob.http.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), path
    assert (await bob.http.get("/account")).json()["admin"] is False


async def test_nobody_comes_into_a_thread_by_themselves(people: tuple[Person, ...], db: Connection) -> None:
    ada, bob, eve = people
    thread = await ada.new_thread()
    direct = (await ada.http.post("/threads", json={"direct": ["bob"]})).json()["id"]
    for id in (thread, direct, MISSING):
        for name in ("eve", "ada", "nobody-at-all"):
            answer = await eve.http.put(f"/threads/{id}/members/{name}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_thread")
    # A direct chat with the same people and oneself is another one.
    other = (await eve.http.post("/threads", json={"direct": ["ada", "bob"]})).json()["id"]
    assert other not in (thread, direct)
    assert (
        await db.fetchval(
            "select count(*) from member where account_id = $1 and thread_id = $2", eve.id, direct
        )
        == 0
    )
    answers = [
        await bob.http.request(method, f"/threads/{direct}{path}", json=body)
        for method, path, body in (
            ("PATCH", "", {"open": True}), ("DELETE", "", None), ("PUT", "/members/eve", None),
            ("DELETE", "/members/bob", None), ("DELETE", "/members/ada", None),
        )
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [403, 403, 409, 409, 409]
    opened = await ada.http.patch(f"/threads/{direct}", json={"open": True})
    assert (opened.status_code, opened.json()["code"]) == (409, "members_are_fixed")
    assert await db.fetchval("select is_open from thread where id = $1", direct) is False


async def test_nobody_reaches_who_is_disabled(people: tuple[Person, ...], db: Connection) -> None:
    _, bob, _ = people
    gone = await add_person(db, "gone")
    await db.execute("update account set active = false where id = $1", gone)
    thread = await bob.new_thread()
    answers = [
        await bob.http.post("/threads", json={"direct": ["gone"]}),
        await bob.http.post("/threads", json={"members": ["gone"]}),
        await bob.http.put(f"/threads/{thread}/members/gone"),
    ]
    assert [answer.json()["code"] for answer in answers] == 3 * ["no_such_account"]
    assert await db.fetchval("select count(*) from member where account_id = $1", gone) == 0
    await bob.says(thread, "@gone: look")
    assert await db.fetchval("select count(*) from mention where account_id = $1", gone) == 0


async def test_a_mention_tells_nobody_of_a_thread_that_they_do_not_see(
    people: tuple[Person, ...], db: Connection
) -> None:
    ada, _, eve = people
    async with eve.list() as eves:
        thread = await ada.new_thread(title="@eve")
        await ada.says(thread, "@eve: a secret")
        await ada.http.patch(f"/threads/{thread}", json={"title": "again @eve"})
        seen = await ada.new_thread(members=["eve"])
        await ada.says(seen, "@eve: hello")
        await eves.frame("thread.read", lambda data: data["thread_id"] == seen and data["mentions"] == 1)
        told = {one["data"].get("thread_id", one["data"].get("id")) for one in eves.frames}
        assert seen in told and thread not in told
    assert await db.fetchval("select count(*) from mention where thread_id = $1", thread) == 0


async def test_lists_and_searches_have_nothing_of_other_threads(
    people: tuple[Person, ...], db: Connection
) -> None:
    ada, bob, eve = people
    thread = await ada.new_thread(title="Zeppelin", members=["bob", "eve"])
    await ada.says(thread, "a zeppelin @eve")
    await ada.http.patch(f"/threads/{thread}", json={"pinned": True})
    await ada.removes(thread, "eve")
    paths = ("/threads", "/threads?q=zeppelin", "/threads?pinned=true", "/search?q=zeppelin")
    for person, sees in ((bob, True), (eve, False)):
        for path in paths:
            found = (await person.http.get(path)).json()
            assert (thread in {one.get("thread_id", one.get("id")) for one in found}) is sees, path


async def test_a_deleted_thread_is_told_only_to_who_saw_it(
    people: tuple[Person, ...], db: Connection
) -> None:
    ada, bob, eve = people
    # Two without a member, and one with more members than one notification can name.
    empty, large = [
        await db.fetchval("insert into thread (owner, is_open) values ($1, false) returning id", ada.id)
        for _ in range(2)
    ]
    await db.execute("delete from member where thread_id = $1", empty)
    await db.execute(
        """with crowd as (
             insert into account (username, password, email, active)
             select 'crowd-' || n, 'x', 'crowd-' || n, true from generate_series(1, 1100) as n returning id
           )
           insert into member (thread_id, account_id) select $1, id from crowd""",
        large,
    )
    await bob.http.get("/account")
    await ada.adds(large, "bob")
    async with bob.list() as bobs, eve.list() as eves, ada.list() as adas:
        await db.execute("delete from thread where id = any ($1::bigint[])", [empty, large])
        await bobs.frame("thread.deleted", lambda data: data["id"] == large)
        await adas.frame("thread.deleted", lambda data: data["id"] == large)
        await eve.new_thread(title="Seen")
        await eves.frame("thread.created", lambda data: data["title"] == "Seen")
        assert not [one for one in eves.frames if one["type"] == "thread.deleted"]


async def test_ids_of_other_things_tell_nothing(people: tuple[Person, ...], db: Connection) -> None:
    ada, _, eve = people
    adas_session = (await ada.http.get("/sessions")).json()[0]["id"]
    own, others = await ada.new_thread(members=["eve"]), await ada.new_thread(members=["eve"])
    hook = (await ada.http.post(f"/threads/{others}/hooks", json={"name": "x"})).json()["id"]
    bot, other_bot = await make_bot(ada.http), await make_bot(ada.http)
    await make_key(ada.http, other_bot)
    key = (await ada.http.get(f"/bots/{other_bot}/keys")).json()[0]["id"]
    link = await db.fetchval(
        """insert into link (kind, secret_hash, uses_left, expires_at, account_id)
           values ('sign_in', $1, 1, now() + interval '1 day', $2) returning id""",
        secrets.token_bytes(32), eve.id,
    )  # fmt: skip
    for person, path, id in (
        (eve, "/sessions/", adas_session), (ada, f"/threads/{own}/hooks/", hook),
        (eve, f"/threads/{own}/hooks/", hook),
        (ada, f"/bots/{bot}/keys/", key), (eve, f"/bots/{bot}/keys/", key), (ada, "/invitations/", link),
    ):  # fmt: skip
        hidden, missing = [await person.http.delete(f"{path}{one}") for one in (id, MISSING)]
        assert hidden.status_code == missing.status_code in {403, 404}, path
        assert re.sub(rf" {id}\b", " N", hidden.text) == re.sub(rf" {MISSING}\b", " N", missing.text)
    assert (await ada.http.get("/account")).status_code == 200


async def test_a_key_is_no_cookie_and_a_webhook_is_of_one_thread(
    people: tuple[Person, ...], server: Server, db: Connection
) -> None:
    ada, _, _ = people
    thread, other = await ada.new_thread(), await ada.new_thread()
    bot = await make_bot(ada.http)
    key = await make_key(ada.http, bot)
    made = (await ada.http.post(f"/threads/{thread}/hooks", json={"name": "x", "bot": bot})).json()
    secret = made["url"].rpartition("/")[2]
    async with nobody(server, headers={"Cookie": f"chinwag={key}"}) as client:
        assert (await client.get("/threads")).status_code == 401
    async with nobody(server, headers={"Cookie": f"chinwag={secret}"}) as client:
        assert (await client.get("/threads")).status_code == 401
    async with nobody(server, headers=bearer(secret)) as client:
        assert (await client.get("/threads")).status_code == 401
    async with nobody(server) as client:
        for body in ({"text": "x", "channel": str(other)}, {"text": "x", "thread_id": other}):
            assert (await client.post(f"/hooks/{secret}", json=body)).text == "ok"
        assert (await client.post(f"/hooks/{key}", json={"text": "x"})).status_code == 404
    count = "select count(*) from message where thread_id = $1"
    assert (await db.fetchval(count, thread), await db.fetchval(count, other)) == (2, 0)
    # The key of the bot opens the thread as little as if it had no webhook there.
    async with with_key(server, key) as program:
        for id in (thread, other, MISSING):
            answer = await program.post(f"/threads/{id}/messages", json={"content": "by key"})
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_thread")
            assert (await program.get(f"/threads/{id}/messages")).status_code == 404


async def test_the_client_id_of_another_opens_nothing(people: tuple[Person, ...]) -> None:
    ada, _, eve = people
    thread = await ada.new_thread()
    client_id = str(uuid4())
    body = {"content": "a secret", "client_id": client_id}
    assert (await ada.http.post(f"/threads/{thread}/messages", json=body)).status_code == 201
    answers = [
        await eve.http.post(f"/threads/{id}/messages", json=body | {"content": "x"})
        for id in (thread, MISSING)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(str(thread), "N") == answers[1].text.replace(str(MISSING), "N")
