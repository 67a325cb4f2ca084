"""All tabs of a browser show and send the same."""

from urllib.parse import urljoin

import httpx
from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.page import (
    SOON,
    WAITING,
    Line,
    Open,
    all_is_stored,
    contents,
    item,
    open_cut_off,
    states,
    stored,
    write,
)


async def test_windows_share_what_waits(open_page: Open, db: Connection, thread: int) -> None:
    one, line = await open_cut_off(open_page, thread)
    other = await one.context.new_page()
    await other.goto(one.url)
    await write(one, "of one")
    await expect(contents(other)).to_have_text(["of one"])
    await write(other, "of the other")
    await write(one, "to be discarded")
    for page in (one, other):
        await expect(contents(page)).to_have_text(["of one", "of the other", "to be discarded"])
    discarded = other.get_by_role("article").filter(has_text="to be discarded")
    await discarded.get_by_role("button", name="Discard").click()
    for page in (other, one):
        await expect(contents(page)).to_have_text(["of one", "of the other"], timeout=SOON)
    line.is_cut = False
    for page in (one, other):
        await expect(states(page)).to_have_count(0, timeout=SOON)
        await expect(contents(page)).to_have_text(["of one", "of the other"], timeout=SOON)
    assert await stored(db, thread) == ["of one", "of the other"]


async def test_windows_show_each_message_once_while_both_write(
    open_page: Open, db: Connection, thread: int
) -> None:
    one = await open_page(f"/threads/{thread}")
    other = await one.context.new_page()
    await other.goto(one.url)
    said: list[str] = []
    for _ in range(10):
        for page in (one, other):
            said.append(f"n {len(said)}")
            await write(page, said[-1])
            await expect(contents(one)).to_have_text(said)
            await expect(contents(other)).to_have_text(said)
    await all_is_stored(one, db, thread, said)


async def test_another_window_delivers_what_a_closed_one_left(
    open_page: Open, db: Connection, http: httpx.AsyncClient, thread: int
) -> None:
    elsewhere = (await http.post("/threads", json={})).json()["id"]
    other = await open_page(f"/threads/{elsewhere}")
    await expect(item(other, thread)).to_be_visible()
    page = await other.context.new_page()
    line = Line()
    line.is_cut = True
    await line.lay(page)
    await page.goto(urljoin(other.url, f"/threads/{thread}"))
    for content in ("one", "two"):
        await write(page, content)
    await expect(states(page)).to_have_text([WAITING] * 2)
    await page.close()
    await expect(item(other, thread).get_by_text("unread")).to_be_visible(timeout=SOON)
    await item(other, thread).click()
    await expect(contents(other)).to_have_text(["one", "two"])
    await expect(states(other)).to_have_count(0)
    assert await stored(db, thread) == ["one", "two"]
