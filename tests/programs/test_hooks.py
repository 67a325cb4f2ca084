"""Programs send messages to webhooks as they send them to Slack's, until the webhooks are revoked."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from urllib.parse import urlsplit

import httpx
import pytest

from chinwag.chat.sessions import hash_of
from chinwag.db.pool import Connection
from tests.support.cases import MAX_CONTENT, refused
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.http import http_client
from tests.support.people import cookie_of, signed_in
from tests.support.process import Server, ServerStarter
from tests.support.programs import make_bot, make_key, with_key

NUMBERS = count(1)

Ending = Callable[[httpx.AsyncClient, Connection, int, dict[str, str]], Awaitable[object]]


@pytest.fixture(scope="module")
def strict_server(start_server: ServerStarter) -> Server:
    """A server that takes one message a second, and four at once."""
    return start_server({"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "1"})


@pytest.fixture
async def program() -> AsyncIterator[httpx.AsyncClient]:
    """A program that knows nothing but the address of a webhook. Each has an address of its own."""
    headers = {"X-Forwarded-For": f"192.0.2.{next(NUMBERS)}"}
    async with http_client(headers=headers) as client:
        yield client


async def make_webhook(admin: httpx.AsyncClient, thread: int, bot: str | None = None) -> dict[str, str]:
    answer = await admin.post(f"/threads/{thread}/hooks", json={"name": "Build", "bot": bot})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def said(answer: httpx.Response, status: int, text: str) -> None:
    """Check that an answer is plain text, as Slack's are."""
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_what_a_program_sends_is_a_message(
    server: Server, ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient
) -> None:
    webhook = await make_webhook(ada, thread)
    async with open_thread(server, thread, additional_headers=cookie_of(ada)) as client:
        await client.frame("ready")
        said(await program.post(webhook["url"], json={"text": "as JSON"}), 200, "ok")
        form = {"payload": json.dumps({"text": "as a form", "username": "ignored"})}
        said(await program.post(webhook["url"], data=form), 200, "ok")
        await client.until_seq(2)
    assert [message["content"] for message in client.messages] == ["as JSON", "as a form"]


async def test_its_address_is_the_one_by_which_the_server_is_reached(
    start_server: ServerStarter, persons: dict[str, int], thread: int
) -> None:
    server = start_server({"CHINWAG_BOT": "none", "CHINWAG_PUBLIC_URL": "https://chat.example"})
    async with signed_in(server, "ada") as ada:
        assert (await make_webhook(ada, thread))["url"].startswith("https://chat.example/api/v1/hooks/")


async def test_a_webhook_is_listed_without_its_address(
    ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient, db: Connection
) -> None:
    made = await make_webhook(ada, thread)
    secret = made["url"].rpartition("/")[2]
    assert made["url"].endswith(f"/api/v1/hooks/{secret}")
    [listed] = (await ada.get(f"/threads/{thread}/hooks")).json()
    assert listed == {name: made[name] for name in ("id", "name", "bot", "created_at", "used_at")}
    assert listed["used_at"] is None
    await program.post(made["url"], json={"text": "x"})
    [listed] = (await ada.get(f"/threads/{thread}/hooks")).json()
    assert listed["used_at"] is not None
    row = await db.fetchrow("select * from webhook where id = $1", made["id"])
    assert row is not None and row["secret_hash"] == hash_of(secret)
    assert secret not in json.dumps(dict(row), default=str)
    # A bot of its own is the author, so that people see the name of the webhook.
    author = await db.fetchrow("select * from account where id = $1", row["account_id"])
    assert author is not None and (author["display_name"], author["is_bot"]) == ("Build", True)


async def test_a_webhook_may_have_a_bot_that_is_there(ada: httpx.AsyncClient, thread: int) -> None:
    bot = await make_bot(ada)
    assert (await make_webhook(ada, thread, bot))["bot"] == bot
    for name in ("ada", "nobody"):
        answer = await ada.post(f"/threads/{thread}/hooks", json={"name": "x", "bot": name})
        refused(answer, 400, "bad_request")


async def test_what_is_sent_wrongly_is_refused_in_slacks_words(
    ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient
) -> None:
    url = (await make_webhook(ada, thread))["url"]
    said(await program.post(url, content=b"{"), 400, "invalid_payload")
    said(await program.post(url, json={"text": " \n"}), 400, "no_text")
    long = await program.post(url, json={"text": "x" * (MAX_CONTENT + 1)})
    reason = f"the content has {MAX_CONTENT + 1} characters; this server takes up to {MAX_CONTENT}"
    said(long, 400, f"msg_too_long: {reason}")
    assert (await program.get(url)).status_code == 405
    assert (await ada.get(f"/threads/{thread}/messages")).json() == []


async def test_a_text_that_is_too_big_for_any_message_is_not_read(
    ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient
) -> None:
    url = (await make_webhook(ada, thread))["url"]
    assert (await program.post(url, content=b"x" * 20 * MAX_CONTENT)).status_code == 413
    said(await program.post(url, json={"text": "a\0b"}), 400, said_of_nul())


def said_of_nul() -> str:
    return "bad_message: the content has a NUL character, which PostgreSQL cannot store"


@pytest.mark.parametrize(
    "secret",
    ["x", "chinwag_hook_", f"chinwag_hook_{'0' * 64}", "{secret}0", "{SECRET}", "%00", "{secret}%00"],
)
async def test_no_other_secret_works(
    server: Server, ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient, secret: str
) -> None:
    made = await make_webhook(ada, thread)
    right = made["url"].rpartition("/")[2]
    url = f"{server.url}/api/v1/hooks/{secret.format(secret=right, SECRET=right.upper())}"
    said(await program.post(url, json={"text": "x"}), 404, "no_service")


async def test_a_key_is_no_webhook_and_a_webhook_no_key(
    server: Server, ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient
) -> None:
    key, url = await make_key(ada), (await make_webhook(ada, thread))["url"]
    said(await program.post(f"{server.url}/api/v1/hooks/{key}", json={"text": "x"}), 404, "no_service")
    async with with_key(server, url.rpartition("/")[2]) as client:
        refused(await client.get("/account"), 401, "wrong_key")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "elsewhere.example"}, 421),
        ({}, 200),
    ],
)
async def test_a_page_of_another_site_does_not_use_it(
    ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    url = (await make_webhook(ada, thread))["url"]
    assert (await program.post(url, json={"text": "x"}, headers=headers)).status_code == status


async def test_only_administrators_manage_webhooks(
    server: Server, ada: httpx.AsyncClient, bob: httpx.AsyncClient, thread: int
) -> None:
    made = await make_webhook(ada, thread)
    async with with_key(server, await make_key(ada)) as program:
        for client in (bob, program):
            for id in (thread, 999_999):  # a missing one is refused in the same way
                path = f"/threads/{id}/hooks"
                refused(await client.post(path, json={"name": "x"}), 403, "not_allowed")
                refused(await client.get(path), 403, "not_allowed")
                refused(await client.delete(f"{path}/{made['id']}"), 403, "not_allowed")


async def test_what_is_not_there_is_404(ada: httpx.AsyncClient, thread: int) -> None:
    made = await make_webhook(ada, thread)
    other = (await ada.post("/threads", json={"title": "Other"})).json()["id"]
    refused(await ada.delete(f"/threads/{other}/hooks/{made['id']}"), 404, "no_such_webhook")
    refused(await ada.post("/threads/999999/hooks", json={"name": "x"}), 404, "no_such_thread")
    refused(await ada.get("/threads/999999/hooks"), 404, "no_such_thread")
    for name in ("", " ", "x" * 101):
        refused(await ada.post(f"/threads/{thread}/hooks", json={"name": name}), 400, "bad_request")


async def revoke(ada: httpx.AsyncClient, db: Connection, thread: int, made: dict[str, str]) -> None:
    assert (await ada.delete(f"/threads/{thread}/hooks/{made['id']}")).status_code == 204


async def disable(ada: httpx.AsyncClient, db: Connection, thread: int, made: dict[str, str]) -> None:
    await db.execute("update account set active = false where username = $1", made["bot"])


async def delete_account(ada: httpx.AsyncClient, db: Connection, thread: int, made: dict[str, str]) -> None:
    await db.execute("delete from account where username = $1", made["bot"])


async def delete_thread(ada: httpx.AsyncClient, db: Connection, thread: int, made: dict[str, str]) -> None:
    assert (await ada.delete(f"/threads/{thread}")).status_code == 204


@pytest.mark.parametrize(
    "end", [revoke, disable, delete_account, delete_thread], ids=lambda end: end.__name__
)
async def test_what_ends_a_webhook(
    ada: httpx.AsyncClient, db: Connection, thread: int, program: httpx.AsyncClient, end: Ending
) -> None:
    made, other = await make_webhook(ada, thread), await make_webhook(ada, thread)
    said(await program.post(made["url"], json={"text": "before"}), 200, "ok")
    await end(ada, db, thread, made)
    said(await program.post(made["url"], json={"text": "after"}), 404, "no_service")
    if end is not delete_thread:
        said(await program.post(other["url"], json={"text": "another"}), 200, "ok")


async def test_a_webhook_has_a_limit_of_its_own(
    strict_server: Server, ada: httpx.AsyncClient, thread: int, program: httpx.AsyncClient
) -> None:
    flooded, other = [
        strict_server.url + urlsplit((await make_webhook(ada, thread))["url"]).path for _ in range(2)
    ]
    answers = [await program.post(flooded, json={"text": "x"}) for _ in range(20)]
    late = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(late) < len(answers)
    for answer in late:
        reason = "There are too many requests from this sender; try again in a second."
        said(answer, 429, f"rate_limited: {reason}")
        assert answer.headers["Retry-After"] == "1"
    said(await program.post(other, json={"text": "x"}), 200, "ok")


async def test_who_makes_up_secrets_is_refused_when_there_are_too_many(
    strict_server: Server, program: httpx.AsyncClient
) -> None:
    url, statuses = f"{strict_server.url}/api/v1/hooks/chinwag_hook_{'0' * 64}", set()
    async with asyncio.timeout(LIMIT_SECONDS):
        while 429 not in statuses:
            statuses |= {(await program.post(url, json={"text": "x"})).status_code for _ in range(20)}
    assert statuses == {404, 429}


async def test_the_database_is_away(
    ada: httpx.AsyncClient, db: Connection, thread: int, program: httpx.AsyncClient
) -> None:
    url = (await make_webhook(ada, thread))["url"]
    await db.execute("alter table webhook rename to gone")  # its queries fail
    try:
        answer = await program.post(url, json={"text": "x"})
        said(answer, 503, "database_unavailable: The database is unavailable; try again.")
        assert answer.headers["Retry-After"] == "1"
    finally:
        await db.execute("alter table gone rename to webhook")


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_log_has_the_secret(
    start_server: ServerStarter, ada: httpx.AsyncClient, db: Connection, thread: int, form: str
) -> None:
    server = start_server({"CHINWAG_BOT": "none", "CHINWAG_LOG_FORMAT": form})
    secret = (await make_webhook(ada, thread))["url"].rpartition("/")[2]
    url = f"{server.url}/api/v1/hooks/{secret}"
    async with http_client() as client:
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            await client.request(method, url, json={"text": "a secret text"})
        elsewhere = f"{server.url}/{secret}", f"{server.url}/api/v1/threads/{secret}"
        for path in (f"{url}/x", f"{url}?a=b", *elsewhere):
            await client.post(path, json={"text": "a secret text"})
        await client.post(url, headers={"Host": "elsewhere.example"})
        await client.post(url, content=b"{")
        await client.post(url, content=b"x" * 20 * MAX_CONTENT)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"POST {urlsplit(url).path} HTTP/1.1\r\nBad Field\r\n\r\n".encode())
        assert b"400" in await reader.readline()
        writer.close()
        await db.execute("alter table webhook rename to gone")
        try:
            assert (await client.post(url, json={"text": "x"})).status_code == 503
        finally:
            await db.execute("alter table gone rename to webhook")
    log = server.log.read_text()
    assert "database_unavailable" in log and "refused" in log
    assert secret not in log and "a secret text" not in log
