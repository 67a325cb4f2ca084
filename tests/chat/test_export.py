"""A thread can be taken away as a file, however long it is."""

from urllib.parse import unquote

import httpx
import pytest

from chinwag.chat.export import file_name
from chinwag.db.pool import Connection
from tests.support.cases import refused
from tests.support.process import Server


@pytest.fixture
async def long_thread(db: Connection, thread: int) -> int:
    await db.execute("update thread set title = 'Größe: \"5/6\"' where id = $1", thread)
    await db.execute(
        """insert into message (thread_id, role, content, author)
           select $1, (array['user', 'assistant'])[1 + i % 2], 'n ' || i || E'\n# "é"',
                  (array[$2, -1, null]::integer[])[1 + i % 3]
           from generate_series(1, 450) i""",
        thread,
        await db.fetchval("select id from account where username = 'me'"),
    )
    return thread


async def test_as_json_it_is_what_the_api_says(http: httpx.AsyncClient, long_thread: int) -> None:
    answer = await http.get(f"/threads/{long_thread}/export", params={"format": "json"})
    assert answer.headers["content-type"] == "application/json"
    file = answer.json()
    assert file["thread"] == (await http.get(f"/threads/{long_thread}")).json()
    assert [message["seq"] for message in file["messages"]] == list(range(1, 451))
    newest = (await http.get(f"/threads/{long_thread}/messages", params={"limit": 1})).json()
    assert file["messages"][-1:] == newest


async def test_as_markdown_it_can_be_read(
    http: httpx.AsyncClient, db: Connection, long_thread: int
) -> None:
    answer = await http.get(f"/threads/{long_thread}/export")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"Gr__e 5 6.md\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%205%206.md"
    )
    title, *entries = answer.text.split("\n\n**")
    assert title == '# Größe: "5/6"'
    assert len(entries) == 450
    assert entries[2].startswith("me**, 20") and entries[2].endswith(' UTC\n\nn 3\n# "é"')
    assert entries[3].startswith("deleted account**, 20")
    assert entries[4].startswith(f"{await db.fetchval('select session_user')}**, 20")


async def test_an_empty_thread_is_a_file_too(http: httpx.AsyncClient, thread: int) -> None:
    answer = await http.get(f"/threads/{thread}/export", params={"format": "json"})
    assert answer.json()["messages"] == []
    assert (await http.get(f"/threads/{thread}/export")).text == "# Thread\n"


async def test_what_is_not_there_is_no_file(http: httpx.AsyncClient, thread: int) -> None:
    refused(await http.get("/threads/999999/export"), 404, "no_such_thread")
    refused(await http.get(f"/threads/{thread}/export", params={"format": "pdf"}), 400, "bad_request")


async def test_a_file_that_is_not_whole_does_not_seem_so(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await db.execute(
        "insert into message (thread_id, content) select $1, $2 from generate_series(1, 1000)",
        thread,
        "x" * 100_000,
    )
    async with http.stream("GET", f"/threads/{thread}/export") as answer:
        assert answer.status_code == 200
        await db.execute("delete from thread where id = $1", thread)
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()


NAMES = {
    "a\u202egpj.exe": "a gpj.exe",  # it would be shown as aexe.jpg
    "a\u2066b\u2069c": "a b c",
    "a\u200b\ufeff\u00adb": "a b",
    "a\x01\x7f\x85\u2028b": "a b",
    "a\ud7ff\ue000\uffffb": "a b",
    "CON": "_CON",
    "con.txt": "_con.txt",
    "Nul . x": "_Nul . x",
    "COM1": "_COM1",
    "lpt\u00b9.a": "_lpt\u00b9.a",
    "CONIN$": "_CONIN$",
    "Contract": "Contract",
    "COM10": "COM10",
    "...": "chat",
    "\u202e": "chat",
    " .a. ": "a",
    "../../etc/passwd": "etc passwd",
    "C:\\x": "C x",
    "x" * 200: "x" * 180,
    "\u00e9" * 200: "\u00e9" * 90,
    "\U0001f642" * 200: "\U0001f642" * 45,
    "a" + "\U0001f642" * 199: "a" + "\U0001f642" * 44,
    "x" * 179 + " .y": "x" * 179,
}


@pytest.mark.parametrize("title", NAMES)
def test_the_name_of_the_file_is_one_that_every_system_takes(title: str) -> None:
    assert file_name(title) == NAMES[title]


async def test_the_name_of_the_file_comes_with_it(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    for title in NAMES:
        await db.execute("update thread set title = $2 where id = $1", thread, title)
        answer = await http.get(f"/threads/{thread}/export")
        sent = answer.headers["content-disposition"].rpartition("UTF-8''")[2]
        assert unquote(sent) == f"{NAMES[title]}.md"
