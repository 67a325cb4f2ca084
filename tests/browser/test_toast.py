"""The line that says what has happened covers nothing that is read or written."""

import pytest
from playwright.async_api import Locator, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, act, contents, field

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
INSERT = "insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, 60) i"


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
async def test_it_has_a_place_of_its_own(open_page: Open, db: Connection, width: int) -> None:
    await db.execute("delete from thread")
    new_thread = "insert into thread (title) values ($1) returning id"
    below = await db.fetchval(new_thread, "below")
    deleted = await db.fetchval(new_thread, "a title that takes more than one line of a phone " * 2)
    await db.execute(INSERT, below)
    page = await open_page(
        f"/threads/{deleted}", viewport={"width": width, "height": 640}, reduced_motion="reduce"
    )
    await field(page).fill("one\ntwo\nthree\nfour")
    await act(page, "Delete")
    toast = page.locator("toast-line")
    await expect(toast).to_be_visible()
    await expect(contents(page).last).to_have_text("n 60")
    await expect(contents(page).last).to_be_in_viewport()
    for text in ("one", "one\ntwo\nthree"):
        await field(page).fill(text)
        await page.evaluate(TWO_FRAMES)  # what is followed is scrolled to its end in the frame after
        top, bottom = await edges(toast)
        assert (await edges(contents(page).last))[1] <= top
        assert (await edges(page.locator(".scroller")))[1] <= top
        assert bottom <= (await edges(page.locator("chat-composer form")))[0]
    await toast.get_by_role("button", name="Dismiss").click()
    await expect(toast).to_be_hidden()
    scroller, composer = page.locator(".scroller"), page.locator("chat-composer")
    await expect(composer).to_have_css("margin-top", "0px")
    await page.evaluate(TWO_FRAMES)
    assert (await edges(scroller))[1] == (await edges(composer))[0]


async def test_it_is_seen_where_there_is_no_composer(open_page: Open) -> None:
    page = await open_page("/threads/999999")
    await expect(page.get_by_text("This chat is gone")).to_be_visible()
    await page.locator("toast-line").evaluate("line => line.say('Something has happened.')")
    await expect(page.locator("toast-line")).to_be_in_viewport(ratio=1)


async def edges(element: Locator) -> tuple[float, float]:
    """Return the top and the bottom of an element in px."""
    box = await element.bounding_box()
    assert box
    return box["y"], box["y"] + box["height"]
