"""A browser loses nothing that its person has sent: not by a reload, and not without a connection."""

import asyncio
import re
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.page import (
    REFUSED,
    SOON,
    WAITING,
    Open,
    all_is_stored,
    contents,
    is_sent,
    item,
    kept,
    open_cut_off,
    open_live,
    states,
    stored,
    write,
)
from tests.support.process import ServerStarter
from tests.support.sql import until

RUBBISH = {
    "chinwag.outbox.": "{}",
    "chinwag.outbox.1": "not JSON",
    "chinwag.outbox.2": "null",
    "chinwag.outbox.3": '{"client_id": "3", "thread_id": 1, "content": "of another version"}',
}

FORBIDDEN = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("It is forbidden", "SecurityError"); }
})"""

FULL = """Storage.prototype.setItem = () => { throw new DOMException("It is full", "QuotaExceededError"); }"""


async def test_what_waits_outlives_a_reload(open_page: Open, db: Connection, thread: int) -> None:
    page, line = await open_cut_off(open_page, thread)
    said = ["one", "two", "three"]
    for content in said:
        await write(page, content)
    for _ in range(2):
        await expect(contents(page)).to_have_text(said)
        await expect(states(page)).to_have_text([WAITING] * 3)
        await page.reload()
    line.is_cut = False
    await expect(contents(page)).to_have_text(said)  # or a page that shows nothing yet would have no states
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await page.reload()
    await expect(contents(page)).to_have_text(said)
    assert await stored(db, thread) == said
    assert await kept(page) == []


async def test_what_waits_outlives_its_window_while_the_server_is_away(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_live(open_page, f"{server.url}/threads/{thread}")
    server.kill()
    said = ["before", "one", "two"]
    for content in said[1:]:
        await write(page, content)
    await expect(states(page)).to_have_text([WAITING] * 2)
    with pytest.raises(PlaywrightError, match="ERR_CONNECTION_REFUSED"):
        await page.reload()
    await page.close()
    start_server(settings, port=server.port)
    page = await page.context.new_page()
    await page.goto(f"{server.url}/threads/{thread}")
    await expect(contents(page)).to_have_text(said)
    await all_is_stored(page, db, thread, said)


async def test_what_was_sent_while_the_server_was_away_is_stored_once(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_live(open_page, f"{server.url}/threads/{thread}")
    server.kill()
    await write(page, "while it is away")
    await expect(contents(page)).to_have_text(["before", "while it is away"])
    start_server(settings, port=server.port)
    await all_is_stored(page, db, thread, ["before", "while it is away"])


async def test_what_was_sent_offline_goes_when_the_network_returns(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_live(open_page, f"/threads/{thread}")
    await page.context.set_offline(True)
    said = ["before", "one", "two", "three"]
    await write(page, "one")
    await expect(states(page)).to_have_text([WAITING], timeout=SOON)
    for content in said[2:]:
        await write(page, content)
    await expect(states(page)).to_have_text([WAITING] * 3)
    await page.context.set_offline(False)
    await all_is_stored(page, db, thread, said)


async def test_the_server_is_killed_between_storing_and_answering(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_page(f"{server.url}/threads/{thread}")
    async with db.transaction():
        # The INSERT waits for the thread, and its backend does not notice that its server is dead.
        await db.execute("select from thread where id = $1 for update", thread)
        await write(page, "one")
        await until(db, "select exists (select from pg_locks where not granted)")
        server.kill()
    await write(page, "two")
    async with asyncio.timeout(5):
        while await stored(db, thread) != ["one"]:
            await asyncio.sleep(0.005)
    start_server(settings, port=server.port)
    await all_is_stored(page, db, thread, ["one", "two"])


async def test_rubbish_in_local_storage_is_removed(open_page: Open, thread: int) -> None:
    page = await open_page("/static/favicon.svg")
    others = {"another's": "not JSON"}
    await page.evaluate("items => Object.assign(localStorage, items)", RUBBISH | others)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await write(page, "hello")
    await is_sent(page)
    await expect(contents(page)).to_have_text(["hello"])
    assert await kept(page) == []
    assert await page.evaluate("localStorage.getItem(`another's`)") == "not JSON"


@pytest.mark.parametrize("storage", [FORBIDDEN, FULL], ids=["forbidden", "full"])
async def test_without_local_storage_it_waits_in_memory(
    open_page: Open, db: Connection, thread: int, storage: str
) -> None:
    page, line = await open_cut_off(open_page, thread, storage)
    await write(page, "one")
    await write(page, "two")
    await expect(states(page)).to_have_text([WAITING] * 2)
    line.is_cut = False
    await all_is_stored(page, db, thread, ["one", "two"])


async def test_a_line_tells_what_waits_in_any_thread_until_the_server_is_back(
    open_page: Open,
    db: Connection,
    http: httpx.AsyncClient,
    start_server: ServerStarter,
    settings: dict[str, str],
    thread: int,
) -> None:
    elsewhere = (await http.post("/threads", json={})).json()["id"]
    server = start_server(settings)
    one = await open_live(open_page, f"{server.url}/threads/{thread}")
    other = await one.context.new_page()
    await other.goto(f"{server.url}/threads/{elsewhere}")
    await write(other, "before")
    await is_sent(other)
    await one.evaluate('import("/static/bundle/app/net/delivery.js")')  # before its server is gone
    server.kill()
    for page in (one, other):
        for content in ("one", "two"):
            await write(page, content)
    for page in (one, other):
        await expect(page.get_by_text("4 messages wait for the connection")).to_be_visible()
    marks = """async thread => {
        const { threadMarks } = await import("/static/bundle/app/net/delivery.js");
        return threadMarks.marksOf(thread);
    }"""
    assert await one.evaluate(marks, elsewhere) == {"draft": False, "unsent": 2, "failed": 0}
    start_server(settings, port=server.port)
    for page, id in ((one, thread), (other, elsewhere)):
        await all_is_stored(page, db, id, ["before", "one", "two"])
    for page in (one, other):
        await expect(page.locator("unsent-messages")).to_have_text(re.compile(r"^\s*Show\s*$"), timeout=SOON)
    assert await kept(one) == []
    assert await one.evaluate(marks, elsewhere) == {"draft": False, "unsent": 0, "failed": 0}


async def test_the_line_leads_to_what_could_not_be_sent(
    open_page: Open, http: httpx.AsyncClient, thread: int
) -> None:
    elsewhere = (await http.post("/threads", json={})).json()["id"]
    page = await open_page(f"/threads/{thread}")
    await write(page, REFUSED)
    line = page.locator("unsent-messages")
    await expect(line).to_contain_text("1 message could not be sent")
    await item(page, elsewhere).click()
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    await page.reload()
    await expect(line).to_contain_text("1 message could not be sent")
    await line.get_by_role("button", name="Show").click()
    failed = page.get_by_role("article").filter(has_text="Not sent")
    await expect(failed).to_be_in_viewport()
    await failed.get_by_role("button", name="Discard").click()
    await expect(line.get_by_role("status")).to_be_empty()
