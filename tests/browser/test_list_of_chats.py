"""What the list of chats shows of each chat, and where it is."""

from datetime import datetime, timedelta
from urllib.parse import urljoin

import pytest
from playwright.async_api import Locator, Page, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, field, item
from tests.support.sql import INSERT

AT_NOON = "insert into thread (title, updated_at) values ($1, $2) returning id"


@pytest.fixture(autouse=True)
async def no_threads(db: Connection) -> None:
    await db.execute("delete from thread")


async def new_thread(db: Connection, title: str, days_ago: int = 0) -> int:
    """A thread with the last activity at noon of a day, in the time zone of this computer and its browser."""
    id: int = await db.fetchval(AT_NOON, title, noon(days_ago))
    return id


def noon(days_ago: int) -> datetime:
    today = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


async def test_the_newest_message_is_shown_without_marks(open_page: Open, db: Connection) -> None:
    thread = await new_thread(db, "Marks")
    page = await open_page(f"/threads/{thread}")
    await expect(preview(page, thread)).to_have_text("No messages yet")
    for content, shown in [
        ("It is **red** again, see `log`", "It is red again, see log"),
        ("# Plan\n\n- one\n- two", "Plan one two"),
        ("```sh\nmake test\n```\nafter", "make test after"),
        ("[the log](https://a.example) <b>x</b>", "the log <b>x</b>"),
        ("word " * 3000, ("word " * 24).strip()),  # too long for NOTIFY
    ]:
        await db.execute(INSERT, thread, content)
        await expect(preview(page, thread)).to_have_text(shown)
    await page.reload()
    await expect(preview(page, thread)).to_have_text(("word " * 24).strip())


async def test_each_chat_has_the_time_of_its_last_activity(open_page: Open, db: Connection) -> None:
    today, thursday = await new_thread(db, "today"), await new_thread(db, "this week", 5)
    old = await new_thread(db, "old", 800)
    page = await open_page(f"/threads/{today}")
    await expect(time_of(page, today)).to_have_text("12:00 PM")
    await expect(time_of(page, thursday)).to_have_text(noon(5).strftime("%a"))
    year = noon(800).strftime("%Y")
    await expect(time_of(page, old)).to_contain_text(year)
    title = await time_of(page, old).get_attribute("title")
    assert title and year in title and "12:00" in title
    moment = await db.fetchval("select wire_time(updated_at) from thread where id = $1", old)
    shown = await time_of(page, old).get_attribute("datetime")
    assert shown and shown.removesuffix("Z") in moment


async def test_the_time_of_a_new_message_is_shown_at_once(open_page: Open, db: Connection) -> None:
    other, thread = await new_thread(db, "open"), await new_thread(db, "quiet", 3)
    page = await open_page(f"/threads/{other}")
    await expect(headings(page)).to_have_text(["Today", "Last 7 days"])
    await db.execute(INSERT, thread, "not any more")
    await expect(headings(page)).to_have_text(["Today"])
    [moment] = await db.fetch("select wire_time(created_at) from message where thread_id = $1", thread)
    await expect(time_of(page, thread)).to_have_attribute("datetime", moment[0])


async def test_chats_are_grouped_by_time_and_pinned_ones_come_first(open_page: Open, db: Connection) -> None:
    days = [0, 0, 1, 3, 6, 400, 401]
    ids = [await new_thread(db, f"{age} days", age) for age in days]
    await db.execute("update thread set pinned = true where id = $1", ids[3])
    page = await open_page(f"/threads/{ids[0]}")
    month = noon(400).strftime("%B %Y")
    before = noon(401).strftime("%B %Y")
    months = [month] if month == before else [month, before]
    await expect(headings(page)).to_have_text(["Pinned", "Today", "Yesterday", "Last 7 days", *months])
    first = page.locator("thread-list li", has=page.get_by_role("heading", name="Yesterday"))
    await expect(first.locator(".title")).to_have_text("1 days")


async def test_the_open_chat_is_scrolled_into_view(open_page: Open, db: Connection) -> None:
    ids = [await new_thread(db, f"chat {i}", i) for i in range(30)]
    page = await open_page(f"/threads/{ids[25]}")
    await expect(item(page, ids[25])).to_be_in_viewport()
    await expect(field(page)).to_be_focused()
    # Who scrolls the list is left where they are, whatever is written.
    await page.locator("thread-list").hover()
    await page.mouse.wheel(0, -10_000)
    await expect(item(page, ids[0])).to_be_in_viewport()
    await db.execute(INSERT, ids[3], "something")
    await expect(preview(page, ids[3])).to_have_text("something")
    await expect(item(page, ids[25])).not_to_be_in_viewport()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(item(page, ids[26])).to_be_in_viewport()


async def test_the_open_chat_is_in_view_when_the_list_is_opened_on_a_phone(
    open_page: Open, db: Connection
) -> None:
    ids = [await new_thread(db, f"chat {i}", i) for i in range(30)]
    page = await open_page(f"/threads/{ids[25]}", viewport={"width": 360, "height": 640})
    await expect(field(page)).to_be_visible()
    await page.get_by_role("button", name="Chats").click()
    await expect(item(page, ids[25])).to_be_in_viewport()


async def test_nothing_moves_when_a_preview_comes(open_page: Open, db: Connection) -> None:
    above, below = await new_thread(db, "above", 1), await new_thread(db, "below", 2)
    page = await open_page(f"/threads/{above}")
    await expect(preview(page, above)).to_have_text("No messages yet")
    top = await item(page, below).evaluate("it => it.getBoundingClientRect().top")
    height = await item(page, above).evaluate("it => it.getBoundingClientRect().height")
    await db.execute(INSERT, above, "שלום \u202eabc " + "very " * 30)
    await expect(preview(page, above)).to_contain_text("very")
    assert await item(page, above).evaluate("it => it.getBoundingClientRect().height") == height
    assert await item(page, below).evaluate("it => it.getBoundingClientRect().top") == top


async def test_the_address_without_a_chat_leads_to_the_last_one(open_page: Open, db: Connection) -> None:
    ids = [await new_thread(db, f"chat {i}", i) for i in range(60)]
    page = await open_page(f"/threads/{ids[50]}")  # further down than the list is read
    await expect(page.get_by_role("heading", level=1)).to_have_text("chat 50")
    root = urljoin(page.url, "/")
    await page.goto(root)
    await expect(page).to_have_url(f"{root}threads/{ids[50]}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("chat 50")
    await db.execute("delete from thread where id = $1", ids[50])
    await page.goto(root)
    await expect(page).to_have_url(f"{root}threads/{ids[0]}")
    await page.go_back()
    assert page.url != root, "the address is replaced"
    await db.execute("delete from thread")
    await page.goto(root)
    await expect(page.get_by_text("What’s on your mind?")).to_be_visible()
    await expect(contents(page)).to_have_count(0)


def preview(page: Page, thread: int) -> Locator:
    return item(page, thread).locator(".preview")


def time_of(page: Page, thread: int) -> Locator:
    return item(page, thread).locator("time")


def headings(page: Page) -> Locator:
    return page.locator("thread-list").get_by_role("heading")
