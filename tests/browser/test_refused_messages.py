"""What cannot be sent stays on the page with its reason, until its person discards it."""

import httpx
import pytest
from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.page import (
    REFUSED,
    SOON,
    WAITING,
    Open,
    contents,
    kept,
    open_cut_off,
    states,
    stored,
    write,
)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": "1000"}


async def test_a_refused_message_stays_with_its_reason_and_can_be_discarded(
    open_page: Open, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await write(page, REFUSED)
    failed = page.get_by_role("article").filter(has_text="Not sent")
    await expect(failed).to_contain_text("a NUL character")
    await failed.get_by_role("button", name="Retry").click()
    await expect(failed).to_contain_text("Not sent")
    await failed.get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("article")).to_have_count(0)


async def test_what_is_refused_outlives_a_reload_with_its_reason(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await write(page, REFUSED)
    failed = page.get_by_role("article").filter(has_text="Not sent")
    await expect(failed).to_contain_text("a NUL character")
    await page.reload()
    await expect(failed).to_contain_text("a NUL character")
    await write(page, "the next one is not held up")
    await expect(states(page)).to_have_count(1)
    await failed.get_by_role("button", name="Retry").click()
    await expect(failed).to_contain_text("a NUL character")
    await failed.get_by_role("button", name="Discard").click()
    await expect(contents(page)).to_have_text(["the next one is not held up"])
    await page.reload()
    await expect(contents(page)).to_have_text(["the next one is not held up"])
    assert await kept(page) == []
    assert await stored(db, thread) == ["the next one is not held up"]


async def test_what_was_written_to_a_chat_that_is_gone_can_still_be_read(
    open_page: Open, http: httpx.AsyncClient, thread: int
) -> None:
    page, line = await open_cut_off(open_page, thread)
    await write(page, "too late")
    await expect(states(page)).to_have_text([WAITING])
    await http.delete(f"/threads/{thread}")
    line.is_cut = False
    await expect(page.get_by_text("This chat is gone")).to_be_visible(timeout=SOON)
    failed = page.get_by_role("article").filter(has_text="too late")
    await expect(failed).to_contain_text("Not sent", timeout=SOON)
    await expect(failed).to_be_visible()
    await page.reload()
    await expect(failed).to_be_visible()
    await failed.get_by_role("button", name="Discard").click()
    await expect(failed).to_be_hidden()
    assert await kept(page) == []
