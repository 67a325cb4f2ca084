"""Several bots: each with its own account, chosen for a chat or mentioned; and the titles that they give."""

from collections.abc import AsyncIterator

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.named_bots import write_bots
from tests.support.process import Server, ServerStarter
from tests.support.sql import until


@pytest.fixture(scope="module")
def server(start_server: ServerStarter, tmp_path_factory: pytest.TempPathFactory) -> Server:
    folder = write_bots(tmp_path_factory.mktemp("bots"))
    return start_server({"CHINWAG_POSTS_PER_SECOND": "0"}, directory=folder)


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(f"{server.url}/api/v1") as client:
        yield client


async def new_thread(http: httpx.AsyncClient, **fields: object) -> int:
    answer = await http.post("/threads", json=fields)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def answer_to(server: Server, thread: int, content: str) -> str:
    """Write a message, and return the reply to it."""
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await reader.send(content)
        await reader.until(lambda _: any(message["role"] == "assistant" for message in reader.messages))
        return str(reader.messages[-1]["content"])


async def test_a_chat_has_the_bot_that_was_chosen_for_it(server: Server, http: httpx.AsyncClient) -> None:
    assert await answer_to(server, await new_thread(http), "x") == "first"
    assert await answer_to(server, await new_thread(http, bot="second"), "x") == "second"


async def test_the_bot_that_is_mentioned_answers(server: Server, http: httpx.AsyncClient) -> None:
    thread = await new_thread(http)
    await http.put(f"/threads/{thread}/members/second")
    assert await answer_to(server, thread, "x") == "first"
    assert await answer_to(server, thread, "and you, @second?") == "second"
    assert await answer_to(server, thread, "@second, not @first") == "second"
    assert await answer_to(server, thread, "@first, not @second") == "first"


async def test_who_is_no_bot_cannot_be_chosen(http: httpx.AsyncClient) -> None:
    for name in ("me", "nobody"):
        answer = await http.post("/threads", json={"bot": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_account"), name
    for wrong in ("", "second\0", 1, ["second"]):
        assert (await http.post("/threads", json={"bot": wrong})).status_code == 400


async def test_an_account_is_told_of_the_bots_with_the_default_one_first(http: httpx.AsyncClient) -> None:
    await http.post("/bots", json={"username": "program"})
    assert (await http.get("/account")).json()["bots"] == [
        {"username": "first", "display_name": "The First"},
        {"username": "second", "display_name": "Second"},
    ]


async def test_the_bots_that_answer_are_told_from_others(http: httpx.AsyncClient) -> None:
    await http.post("/bots", json={"username": "program"})
    accounts = (await http.get("/accounts")).json()
    answers = {account["username"]: account["answers"] for account in accounts}
    assert answers == {"first": True, "second": True, "program": False, "me": False}
    names = {account["username"]: account["display_name"] for account in accounts}
    assert (names["first"], names["second"]) == ("The First", "Second")


async def test_a_bot_gives_a_title_and_nothing_is_said_about_it(
    server: Server, http: httpx.AsyncClient, db: Connection
) -> None:
    thread = await new_thread(http)
    assert await answer_to(server, thread, "elephants") == "first"
    await until(db, "select title = 'About elephants' from thread where id = $1", thread)
    assert await answer_to(server, thread, "and mice") == "first"
    row = await db.fetchrow("select title, last_seq from thread where id = $1", thread)
    assert tuple(row or ()) == ("About elephants", 4)


async def test_the_title_that_somebody_has_given_stays(
    server: Server, http: httpx.AsyncClient, db: Connection
) -> None:
    thread, other = await new_thread(http, title="Mine"), await new_thread(http)
    assert await answer_to(server, thread, "elephants") == "first"
    assert await answer_to(server, other, "mice") == "first"
    await until(db, "select title = 'About mice' from thread where id = $1", other)
    assert await db.fetchval("select title from thread where id = $1", thread) == "Mine"
