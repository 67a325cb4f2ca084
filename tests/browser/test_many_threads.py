"""A page stays quick and small while other people begin and write to very many chats."""

import asyncio
import re
from urllib.parse import urljoin

import pytest
from playwright.async_api import Page, Request, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, field, item, kept

MANY = 600
IN_THE_DOCUMENT = 200

COUNT_CHANGES = """async () => {
    const { threads } = await import("/static/model/threads.js");
    window.changes = [];
    threads.addEventListener("change", () => changes.push(performance.now()));
}"""
UNTIL_QUIET = """count => new Promise(async resolve => {
    const { threads } = await import("/static/model/threads.js");
    const look = () => (threads.list.length >= count ? resolve() : setTimeout(look, 50));
    look();
})"""


@pytest.fixture
async def page(open_page: Open, db: Connection) -> Page:
    """A tab on the only thread, which has one message."""
    await db.execute("delete from thread")
    thread = await db.fetchval("insert into thread (title) values ('Mine') returning id")
    await db.execute("insert into message (thread_id, content) values ($1, 'hello')", thread)
    page = await open_page(f"/threads/{thread}")
    await expect(item(page, thread)).to_be_visible()
    await expect(contents(page)).to_have_text(["hello"])
    return page


async def test_many_new_threads_are_told_together_and_bounded_in_the_document(
    page: Page, db: Connection
) -> None:
    await page.evaluate(COUNT_CHANGES)
    for number in range(MANY):
        await db.execute("insert into thread (title) values ($1)", f"Chat {number}")
    await page.evaluate(UNTIL_QUIET, MANY + 1)
    await expect(page.locator("thread-list li").first).to_contain_text(f"Chat {MANY - 1}")
    assert await page.locator("thread-list li").count() <= IN_THE_DOCUMENT
    changes: list[float] = await page.evaluate("changes")
    assert len(changes) <= (changes[-1] - changes[0]) / 50 + 2, "no more than one in 50 ms"
    await field(page).press_sequentially("quick")
    await expect(field(page)).to_have_value("quick")


async def test_the_others_come_as_one_scrolls(page: Page, db: Connection) -> None:
    await db.execute("insert into thread (title) select 'Chat ' || n from generate_series(1, 250) n")
    await page.evaluate(UNTIL_QUIET, 251)
    mine = page.locator("thread-list li").filter(has_text="Mine")
    end = page.locator("thread-list .end")
    async with asyncio.timeout(60):
        while not await mine.count():
            await end.scroll_into_view_if_needed()
    await expect(page.locator("thread-list li")).to_have_count(251)


async def test_threads_that_were_never_opened_have_no_mark(page: Page, db: Connection) -> None:
    await db.execute("insert into thread (title) select 'Chat ' || n from generate_series(1, 100) n")
    await db.execute(
        "insert into message (thread_id, content) select id, 'hello' from thread where title like 'Chat%'"
    )
    await expect(page).to_have_title("(100) Mine · Chinwag")
    await page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert len(await kept(page, "read")) == 1
    await page.reload()
    await expect(page).to_have_title(re.compile(r"^\(\d+\) Mine"))


async def test_the_places_that_were_reached_first_are_forgotten_and_stay_read(
    page: Page, db: Connection
) -> None:
    rows = await db.fetch(
        "insert into thread (title) select 'Chat ' || n from generate_series(1, 50) n returning id"
    )
    ids = [row["id"] for row in rows]
    await db.execute("insert into message (thread_id, content) select unnest($1::bigint[]), 'hello'", ids)
    now = await page.evaluate("Date.now()")
    marks = {f"chinwag.read.{id}": f"0 1 {now + number}" for number, id in enumerate(ids)}
    marks |= {f"chinwag.read.{1_000_000 + number}": f"0 1 {now + 1000}" for number in range(260)}
    await page.evaluate("marks => Object.assign(localStorage, marks)", marks)
    await page.goto(urljoin(page.url, f"/threads/{ids[-1]}"))
    await db.execute("insert into message (thread_id, content) values ($1, 'new')", ids[-1])
    await expect(contents(page).last).to_have_text("new")
    await page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert len(await kept(page, "read")) <= 300
    assert f"chinwag.read.{ids[0]}" not in await kept(page, "read")
    assert f"chinwag.read.{ids[-1]}" in await kept(page, "read")
    await page.reload()
    await expect(item(page, ids[-1])).to_be_visible()
    await page.locator("thread-list .end").scroll_into_view_if_needed()  # the list is read on from there
    await expect(item(page, ids[0])).to_be_visible()
    await expect(item(page, ids[0]).get_by_text("unread")).to_be_hidden()


async def test_unknown_threads_are_not_asked_for_one_by_one(page: Page, db: Connection) -> None:
    await db.execute(
        "insert into thread (title, updated_at) select 'Old ' || n, '2020-01-01'"
        " from generate_series(1, $1::int) n",
        MANY,
    )
    await page.reload()
    await expect(contents(page)).to_have_text(["hello"])
    await page.evaluate(UNTIL_QUIET, 40)
    asked: list[str] = []

    def note(request: Request) -> None:
        if re.search(r"/api/v1/threads(/\d+$|\?)", request.url):
            asked.append(request.url)

    page.on("request", note)
    await db.execute(
        "insert into message (thread_id, content) select id, 'hello' from thread where title like 'Old%'"
    )
    await expect(page.locator("thread-list li").first).to_contain_text("Old")
    await expect(page).to_have_title(re.compile(r"^\(\d+\) Mine"))
    assert len(asked) < 20, asked
