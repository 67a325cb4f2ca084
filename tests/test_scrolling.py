"""What is read in a long conversation does not move."""

import pytest
from playwright.async_api import expect

from app.database import Connection
from tests.page import Open, contents

pytestmark = pytest.mark.anyio

INSERT_NUMBERED = """
    insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, $2) i
"""
TOP = "element => element.getBoundingClientRect().top"


async def test_older_messages_come_without_moving_what_is_read(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(INSERT_NUMBERED, thread, 300)
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).last).to_be_in_viewport()
    while (count := await contents(page).count()) < 300:
        oldest = await contents(page).first.element_handle()
        assert oldest
        await page.locator(".scroller").evaluate("scroller => (scroller.scrollTop = 0)")
        top = await oldest.evaluate(TOP)
        await expect(contents(page)).not_to_have_count(count)
        assert abs(await oldest.evaluate(TOP) - top) < 1  # px
    assert await contents(page).all_text_contents() == [f"n {i}" for i in range(1, 301)]


async def test_who_reads_older_messages_is_not_moved_by_new_ones(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(INSERT_NUMBERED, thread, 40)
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
