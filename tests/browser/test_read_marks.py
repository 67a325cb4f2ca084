"""Up to where a person has read is known in every tab, and by the next visit."""

from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from chinwag.db.pool import Connection
from tests.support.page import HIDDEN, Open, contents, item, kept

INSERT = "insert into message (thread_id, content) values ($1, $2)"

IMPORT = "import('/static/model/read-marks.js').then(({ readMarks }) => (window.marks = readMarks))"

UNTIL = """seq => new Promise(resolve => {
    const look = () => (marks.get(1) === seq ? resolve() : setTimeout(look, 5));
    look();
})"""


@pytest.fixture
async def elsewhere(http: httpx.AsyncClient) -> int:
    """The id of another thread."""
    id: int = (await http.post("/threads", json={"title": "Thread"})).json()["id"]
    return id


async def test_what_came_while_away_is_unread_until_some_window_shows_it(
    open_page: Open, db: Connection, thread: int, elsewhere: int
) -> None:
    await db.execute(INSERT, thread, "before the first visit")
    one = await open_page(f"/threads/{elsewhere}")
    await expect(item(one, thread)).to_be_visible()
    await expect(unread(one, thread)).to_be_hidden()
    address = one.url
    await one.goto("about:blank")
    await db.execute(INSERT, thread, "meanwhile")
    await one.goto(address)
    await expect(unread(one, thread)).to_be_visible()
    await expect(one).to_have_title("(1) Thread · Chinwag")
    await expect(one.locator("link[rel=icon]")).to_have_attribute("href", "/static/favicon-unread.svg")
    other = await one.context.new_page()
    await other.goto(urljoin(address, f"/threads/{thread}"))
    await expect(contents(other)).to_have_text(["before the first visit", "meanwhile"])
    await expect(unread(one, thread)).to_be_hidden()
    await expect(one).to_have_title("Thread · Chinwag")
    await expect(one.locator("link[rel=icon]")).to_have_attribute("href", "/static/favicon.svg")


async def test_a_window_that_is_not_seen_reads_nothing(open_page: Open, db: Connection, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    await page.evaluate(HIDDEN)
    await db.execute(INSERT, thread, "hello")
    await expect(page).to_have_title("(1) Thread · Chinwag")
    await page.evaluate("isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page).to_have_title("Thread · Chinwag")


async def test_a_mark_goes_back_only_when_history_was_lost(open_page: Open) -> None:
    one = await open_page("/static/favicon.svg")
    rubbish = {"chinwag.read.": "0 1", "chinwag.read.x": "0 1", "chinwag.read.2": "-1", "chinwag.read.3": "7"}
    await one.evaluate("items => Object.assign(localStorage, items)", rubbish)
    other = await one.context.new_page()
    await other.goto(one.url)
    for page in (one, other):
        await page.evaluate(IMPORT)
    assert await kept(one, "read") == []
    await one.evaluate("marks.set(1, 9); marks.set(1, 4)")
    assert await one.evaluate("marks.get(1)") == 9
    await other.evaluate(UNTIL, 9)
    await other.evaluate("marks.reset(1, 3)")
    await one.evaluate(UNTIL, 3)
    await one.evaluate("marks.set(1, 5)")
    await other.evaluate(UNTIL, 5)
    await one.reload()
    await one.evaluate(IMPORT)
    assert await one.evaluate("marks.get(1)") == 5
    await other.evaluate("marks.forget(1)")
    assert await kept(other, "read") == []


async def test_while_messages_stream_little_is_written(open_page: Open) -> None:
    page = await open_page("/static/favicon.svg")
    await page.clock.install()
    written = await page.evaluate(
        """async () => {
            const { readMarks } = await import("/static/model/read-marks.js");
            let writes = 0;
            const { setItem } = Storage.prototype;
            Storage.prototype.setItem = function (...item) { writes += 1; setItem.apply(this, item); };
            for (let seq = 1; seq <= 1000; seq++) readMarks.set(1, seq);
            const before = writes;
            dispatchEvent(new Event("pagehide"));
            return [before, writes, localStorage.getItem("chinwag.read.1")];
        }"""
    )
    assert written[:2] == [0, 1]
    assert written[2].startswith("0 1000 ")


def unread(page: Page, thread: int) -> Locator:
    return item(page, thread).get_by_text("unread")
