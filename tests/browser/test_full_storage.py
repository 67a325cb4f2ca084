"""What is yet to be sent finds room in a browser whose local storage is full."""

from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.page import SOON, WAITING, Open, contents, kept, open_cut_off, states, stored, write

MARKS = """() => {
    for (let id = 1; id <= 100; id++) localStorage.setItem(`chinwag.read.${1_000_000 + id}`, `0 ${id}`);
}"""
FILL = """() => {
    for (let size = 2 ** 22, number = 0; size >= 1; ) {
        try {
            localStorage.setItem(`another's ${number++}`, "x".repeat(size));
        } catch {
            size = Math.floor(size / 2);
        }
    }
}"""
REFUSES = """() => {
    try {
        localStorage.setItem("another's", "x".repeat(100));
        return false;
    } catch {
        return true;
    }
}"""


async def test_marks_make_room_for_what_is_yet_to_be_sent(
    open_page: Open, db: Connection, thread: int
) -> None:
    page, line = await open_cut_off(open_page, thread)
    await page.evaluate(MARKS)
    await page.evaluate(FILL)
    assert await page.evaluate(REFUSES)
    await page.reload()
    await write(page, "unsent, and kept")
    await expect(states(page)).to_have_text([WAITING])
    assert len(await kept(page)) == 1
    await page.reload()
    await expect(contents(page)).to_have_text(["unsent, and kept"])
    line.is_cut = False
    await expect(states(page)).to_have_count(0, timeout=SOON)
    assert await stored(db, thread) == ["unsent, and kept"]


async def test_the_room_of_a_draft_is_taken_by_the_message_that_it_becomes(
    open_page: Open, thread: int
) -> None:
    page, _ = await open_cut_off(open_page, thread)
    content = "x" * 2_000
    await page.clock.install()
    await page.get_by_role("textbox", name="Message").fill(content)
    await page.clock.run_for(1_000)
    assert len(await kept(page, "draft")) == 1
    await page.evaluate("localStorage.setItem('spare', 'x'.repeat(500))")
    await page.evaluate(FILL)
    await page.evaluate("localStorage.removeItem('spare')")  # room for its fields, and not for its content
    await page.keyboard.press("Enter")
    await expect(states(page)).to_have_text([WAITING])
    assert await kept(page) == []
    await page.clock.run_for(10_000)
    assert len(await kept(page)) == 1
    assert await kept(page, "draft") == []
