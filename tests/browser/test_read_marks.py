"""Up to where a person has read is known to the server, and so in every browser, and by the next visit."""

import asyncio
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Locator, Page, Request, expect

from chinwag.db.pool import Connection
from tests.support.page import HIDDEN, Open, contents, item, kept

INSERT = "insert into message (thread_id, content) values ($1, $2)"


@pytest.fixture(autouse=True)
async def nothing_is_unread(db: Connection) -> None:
    await db.execute("delete from thread")


@pytest.fixture
async def elsewhere(http: httpx.AsyncClient) -> int:
    """The id of another thread."""
    id: int = (await http.post("/threads", json={"title": "Elsewhere"})).json()["id"]
    return id


async def test_what_came_while_away_is_unread_until_some_browser_shows_it(
    open_page: Open, db: Connection, thread: int, elsewhere: int
) -> None:
    for content in ("one", "two"):
        await db.execute(INSERT, thread, content)
    one = await open_page(f"/threads/{elsewhere}")
    await expect(unread(one, thread)).to_have_text(", 2 unread")
    await expect(one).to_have_title("(1) Elsewhere · Chinwag")
    await expect(one.locator("link[rel=icon]")).to_have_attribute("href", "/static/favicon-unread.svg")
    await db.execute(INSERT, thread, "three")
    await expect(unread(one, thread)).to_have_text(", 3 unread")
    other = await open_page(f"/threads/{thread}")
    await expect(contents(other)).to_have_text(["one", "two", "three"])
    await expect(unread(one, thread)).to_be_hidden()
    await expect(one).to_have_title("Elsewhere · Chinwag")
    await expect(one.locator("link[rel=icon]")).to_have_attribute("href", "/static/favicon.svg")
    assert await mark(db, thread) == 3
    await one.reload()
    await expect(item(one, thread)).to_be_visible()
    await expect(unread(one, thread)).to_be_hidden()


async def test_a_tab_that_is_not_seen_reads_nothing(open_page: Open, db: Connection, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    await page.evaluate(HIDDEN)
    await db.execute(INSERT, thread, "hello")
    await expect(page).to_have_title("(1) Thread · Chinwag")
    assert await mark(db, thread) == 0
    await page.evaluate("isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page).to_have_title("Thread · Chinwag")


async def test_while_messages_stream_the_server_is_seldom_told(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    told: list[float] = []

    def note(request: Request) -> None:
        if is_mark(request):
            told.append(asyncio.get_running_loop().time())

    page.on("request", note)
    for number in range(1, 101):
        await db.execute(INSERT, thread, f"n {number}")
        await asyncio.sleep(0.03)  # a stream of three seconds
    await expect(contents(page).last).to_have_text("n 100")
    async with asyncio.timeout(10):
        while await mark(db, thread) < 100:
            await asyncio.sleep(0.05)
    assert len(told) <= (told[-1] - told[0]) / 1.9 + 1, "no more than one in two seconds"


async def test_who_leaves_the_page_has_told_before(open_page: Open, db: Connection, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    for number in range(1, 4):  # the first of them is told at once, and the next would be two seconds later
        await db.execute(INSERT, thread, f"n {number}")
        await expect(contents(page)).to_have_count(number)
    await page.goto("about:blank")
    async with asyncio.timeout(10):
        while await mark(db, thread) < 3:
            await asyncio.sleep(0.01)


async def test_what_an_earlier_version_has_kept_is_removed(open_page: Open) -> None:
    page = await open_page("/static/favicon.svg")
    earlier = {"chinwag.read.1": "0 1 5", "chinwag.read-before": "7", "chinwag.draft.new": "stays"}
    await page.evaluate("items => Object.assign(localStorage, items)", earlier)
    await page.evaluate("import('/static/model/read-marks.js').then(() => {})")
    assert await kept(page, "read") == []
    assert await page.evaluate("localStorage.getItem('chinwag.read-before')") is None
    assert await kept(page, "draft") == ["chinwag.draft.new"]


async def test_after_history_was_lost_nothing_later_counts_as_read(
    open_page: Open, db: Connection, thread: int, elsewhere: int
) -> None:
    """A failover can have lost messages, whose numbers are then given again."""
    for number in range(4):
        await db.execute(INSERT, thread, f"n {number}")
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page)).to_have_count(4)
    async with asyncio.timeout(10):
        while await mark(db, thread) < 4:
            await asyncio.sleep(0.01)
    await page.goto(urljoin(page.url, f"/threads/{elsewhere}"))
    await expect(item(page, thread)).to_be_visible()
    async with db.transaction():
        await db.execute("set local session_replication_role = replica")  # or it could not be changed
        await db.execute("delete from message where thread_id = $1 and seq > 2", thread)
        await db.execute("update thread set last_seq = 2 where id = $1", thread)
        await db.execute("update read_mark set read_seq = 2 where thread_id = $1", thread)
    await page.reload()
    await expect(item(page, thread)).to_be_visible()
    await db.execute(INSERT, thread, "another n 3")
    await expect(unread(page, thread)).to_have_text(", 1 unread")


async def mark(db: Connection, thread: int) -> int:
    """Up to where the only person has read a thread."""
    seq: int | None = await db.fetchval("select max(read_seq) from read_mark where thread_id = $1", thread)
    return seq or 0


def is_mark(request: Request) -> bool:
    return request.method == "PUT" and request.url.endswith("/read")


def unread(page: Page, thread: int) -> Locator:
    return item(page, thread).locator(".unread")
