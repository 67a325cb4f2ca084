"""What is read in a long conversation does not move."""

from urllib.parse import urljoin

from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, write

INSERT_NUMBERED = """
    insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, $2) i
"""
MOST_IN_DOCUMENT = 200
TO_EDGE = {
    False: "document.querySelector('.scroller').scrollTop = 0",
    True: "document.querySelector('.scroller').scrollTop = 1e9",
}
TOP = "element => element.getBoundingClientRect().top"


async def test_a_long_conversation_is_read_to_its_beginning_and_back(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(INSERT_NUMBERED, thread, 500)
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).last).to_be_in_viewport()
    await scroll_to_the_edge(page, "n 1", end=False)
    await expect(contents(page).first).to_have_text("n 1")
    await scroll_to_the_edge(page, "n 500", end=True)
    await expect(contents(page).last).to_have_text("n 500")


async def scroll_to_the_edge(page: Page, text: str, *, end: bool) -> None:
    """Scroll as far as there is something; what is read stays in its place when more is added."""
    scroller = page.locator(".scroller")
    while text not in (shown := await contents(page).all_text_contents()):
        numbers = [int(text.removeprefix("n ")) for text in shown]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert len(numbers) <= MOST_IN_DOCUMENT
        edge = contents(page).nth(-1 if end else 0)
        read = await edge.element_handle()
        assert read
        top = await read.evaluate(f"(element) => {{ {TO_EDGE[end]}; return ({TOP})(element); }}")
        await expect(contents(page).nth(-1 if end else 0)).not_to_have_text(shown[-1 if end else 0])
        assert abs(await read.evaluate(TOP) - top) < 1  # px
    await scroller.evaluate(f"(element) => {{ {TO_EDGE[end]} }}")


async def test_the_beginning_is_a_jump_away(open_page: Open, db: Connection, thread: int) -> None:
    await db.execute(INSERT_NUMBERED, thread, 500)
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).last).to_be_in_viewport()
    await page.locator("message-list").evaluate(
        "list => list.dispatchEvent(new CustomEvent('jump', { detail: 'first' }))"
    )
    await expect(page.get_by_text("n 1", exact=True)).to_be_in_viewport()
    await db.execute("insert into message (thread_id, content) values ($1, 'far away')", thread)
    await page.get_by_role("button", name="1 new message").click()
    await expect(contents(page).last).to_have_text("far away")
    await expect(contents(page).last).to_be_in_viewport()
    await db.execute("insert into message (thread_id, content) values ($1, 'followed')", thread)
    await expect(contents(page).last).to_have_text("followed")
    await expect(contents(page).last).to_be_in_viewport()


async def test_what_is_sent_from_afar_is_seen(open_page: Open, db: Connection, thread: int) -> None:
    await db.execute(INSERT_NUMBERED, thread, 500)
    page = await open_page(f"/threads/{thread}/1")
    await expect(page.get_by_text("n 1", exact=True)).to_be_in_viewport()
    await write(page, "mine")
    await expect(contents(page).last).to_have_text("mine")
    await expect(contents(page).last).to_be_in_viewport()


async def test_a_link_leads_up_a_short_thread_too(open_page: Open, db: Connection, thread: int) -> None:
    await db.execute(INSERT_NUMBERED, thread, 45)
    await db.execute("update read_mark set read_seq = 45 where thread_id = $1", thread)
    page = await open_page(f"/threads/{thread}/5")
    await expect(page.locator(".pointed")).to_have_count(0)  # whatever was to be scrolled is scrolled
    await expect(page.get_by_text("n 5", exact=True)).to_be_in_viewport()
    await db.execute("insert into message (thread_id, content) values ($1, 'not followed')", thread)
    await expect(page.get_by_role("button", name="1 new message")).to_be_visible()
    await expect(page.get_by_text("n 5", exact=True)).to_be_in_viewport()


async def test_a_link_leads_to_its_message(open_page: Open, db: Connection, thread: int) -> None:
    await db.execute(INSERT_NUMBERED, thread, 500)
    page = await open_page(f"/threads/{thread}/250")
    linked = page.get_by_role("article").filter(has=page.get_by_text("n 250", exact=True))
    await expect(linked).to_be_in_viewport()
    await expect(linked).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.get_by_role("article").filter(has_text="n 249").get_by_role("link").click()
    assert page.url.endswith(f"/threads/{thread}/249")
    await page.reload()
    await expect(page.get_by_text("n 249", exact=True)).to_be_in_viewport()


async def test_a_thread_opens_where_reading_was_left_off(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(INSERT_NUMBERED, thread, 100)
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).last).to_be_in_viewport()
    await page.goto(urljoin(page.url, "/threads/999999"))
    await db.execute(INSERT_NUMBERED, thread, 300)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(page.locator(".unread-from:visible")).to_be_in_viewport()
    first = page.locator(".entry", has=page.locator(".unread-from:visible"))
    await expect(first.locator(".content")).to_have_text("n 1")
    await expect(first).to_have_attribute("data-seq", "101")
    await page.get_by_role("button", name="new message").click()
    await expect(contents(page).last).to_have_text("n 300")
    await expect(contents(page).last).to_be_in_viewport()


async def test_who_reads_older_messages_is_not_moved_by_new_ones(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(INSERT_NUMBERED, thread, 40)
    await db.execute("update read_mark set read_seq = 40 where thread_id = $1", thread)
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).last).to_be_in_viewport()
    await db.execute("insert into message (thread_id, content) values ($1, 'followed')", thread)
    await expect(contents(page).last).to_have_text("followed")
    await expect(contents(page).last).to_be_in_viewport()

    await page.get_by_role("region", name="Conversation").hover()
    await page.mouse.wheel(0, -400)
    await expect(contents(page).last).not_to_be_in_viewport()
    top = await page.locator(".scroller").evaluate("scroller => scroller.scrollTop")
    await db.execute("insert into message (thread_id, content) values ($1, 'not followed')", thread)
    jump = page.get_by_role("button", name="1 new message")
    await expect(jump).to_be_visible()
    assert await page.locator(".scroller").evaluate("scroller => scroller.scrollTop") == top
    await jump.click()
    await expect(contents(page).last).to_be_in_viewport()
