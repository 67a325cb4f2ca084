"""A page stays quick and small while other people begin and write to very many chats."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Request, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, field, item

MANY = 600
IN_THE_DOCUMENT = 200

COUNT_CHANGES = """async () => {
    const { threads } = await import("/static/bundle/app/model/threads.js");
    window.changes = [];
    threads.addEventListener("change", () => changes.push(performance.now()));
}"""
UNTIL_QUIET = """count => new Promise(async resolve => {
    const { threads } = await import("/static/bundle/app/model/threads.js");
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


async def test_a_message_in_each_of_many_threads_is_told(page: Page, db: Connection) -> None:
    await db.execute("insert into thread (title) select 'Chat ' || n from generate_series(1, 100) n")
    await db.execute(
        "insert into message (thread_id, content) select id, 'hello' from thread where title like 'Chat%'"
    )
    await expect(page).to_have_title("(100) Mine · Chinwag")


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
