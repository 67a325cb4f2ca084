"""What has been written is not lost before it is sent: by no reload, crash, switch or deletion."""

import asyncio
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, field, is_kept, is_sent, item, kept, write


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": "1000"}


@pytest.fixture
async def elsewhere(http: httpx.AsyncClient) -> int:
    """The id of another thread."""
    id: int = (await http.post("/threads", json={})).json()["id"]
    return id


async def test_each_thread_and_the_new_chat_has_its_own(open_page: Open, thread: int, elsewhere: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await field(page).fill("to one")
    await item(page, elsewhere).click()
    await expect(field(page)).to_have_value("")
    await field(page).fill("to the other")
    await page.get_by_role("button", name="New chat").first.click()
    await expect(field(page)).to_have_value("")
    await field(page).fill("to nobody yet")
    await page.reload()
    await expect(field(page)).to_have_value("to nobody yet")
    await item(page, thread).click()
    await expect(field(page)).to_have_value("to one")
    await item(page, elsewhere).click()
    await expect(field(page)).to_have_value("to the other")


async def test_a_crash_finds_it_kept(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await field(page).press_sequentially("almost done")
    await is_kept(page, f"draft.{thread}", "almost done")


async def test_windows_share_it_but_who_types_is_not_disturbed(open_page: Open, thread: int) -> None:
    one, other = await two_windows(open_page, thread)
    await leave(other)
    await field(one).fill("from one")
    await expect(field(other)).to_have_value("from one")
    await field(other).press_sequentially(", and on")
    await is_kept(one, f"draft.{thread}", "from one, and on")
    await field(one).fill("at the same time")
    await is_kept(other, f"draft.{thread}", "at the same time")
    await expect(field(other)).to_have_value("from one, and on")


async def test_sending_clears_it_in_every_window(open_page: Open, thread: int) -> None:
    one, other = await two_windows(open_page, thread)
    await leave(other)
    await field(one).fill("hello")
    await expect(field(other)).to_have_value("hello")
    await field(one).press("Enter")
    for page in (one, other):
        await expect(contents(page)).to_have_text(["hello"])
        await expect(field(page)).to_have_value("")
        assert await kept(page, "draft") == []
    await other.reload()
    await expect(contents(other)).to_have_text(["hello"])
    await expect(field(other)).to_have_value("")


async def test_what_is_written_while_a_chat_begins_stays(open_page: Open) -> None:
    asked: asyncio.Future[Route] = asyncio.get_running_loop().create_future()

    async def hold(route: Route) -> None:
        if route.request.method == "POST":
            asked.set_result(route)
        else:
            await route.continue_()

    page = await open_page("/static/favicon.svg")
    await page.route("**/api/v1/threads", hold)
    await page.goto(urljoin(page.url, "/"))
    await page.get_by_role("button", name="New chat").first.click()
    await write(page, "hello")
    route = await asyncio.wait_for(asked, 10)
    await field(page).press_sequentially(" and more")
    await route.continue_()
    await expect(contents(page)).to_have_text(["hello"])
    await expect(field(page)).to_have_value("and more")
    assert await kept(page, "draft") == [f"chinwag.draft.{page.url.rpartition('/')[2]}"]


async def test_the_draft_of_a_chat_that_is_deleted_goes_on_in_the_new_chat(
    open_page: Open, http: httpx.AsyncClient, thread: int, elsewhere: int
) -> None:
    page = await open_page(f"/threads/{elsewhere}")
    await field(page).fill("in a chat that is not open")
    await item(page, thread).click()
    await field(page).fill("in the open one")
    await http.delete(f"/threads/{elsewhere}")
    await expect(item(page, elsewhere)).to_have_count(0)
    await http.delete(f"/threads/{thread}")
    await expect(page.get_by_text("What you have written is kept")).to_be_visible()
    assert await kept(page, "draft") == ["chinwag.draft.new"]
    await page.reload()
    await page.get_by_role("button", name="New chat").last.click()
    await expect(field(page)).to_have_value("in a chat that is not open\n\nin the open one")


async def test_that_a_chat_was_deleted_meanwhile_is_learned(
    open_page: Open, http: httpx.AsyncClient, thread: int, elsewhere: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await field(page).fill("to be gone")
    await page.goto("about:blank")
    await http.delete(f"/threads/{thread}")
    await page.goto(urljoin(str(http.base_url), f"/threads/{elsewhere}"))
    await is_kept(page, "draft.new", "to be gone")
    assert await kept(page, "draft") == ["chinwag.draft.new"]


async def test_rubbish_is_removed(open_page: Open, thread: int) -> None:
    page = await open_page("/static/favicon.svg")
    rubbish = {
        "chinwag.draft.": "x",
        "chinwag.draft.one": "x",
        "chinwag.draft.1.5": "x",
        "chinwag.draft.7": " ",
    }
    await page.evaluate("items => Object.assign(localStorage, items)", rubbish)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(field(page)).to_have_value("")
    assert await kept(page, "draft") == []


async def test_arrow_keys_bring_back_the_last_message_and_take_it_away(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await write(page, "hello\nworld")
    await is_sent(page)
    await db.execute("insert into message (thread_id, role, content) values ($1, 'assistant', 'hi')", thread)
    await expect(contents(page)).to_have_count(2)
    for away in ("ArrowDown", "Escape"):
        await field(page).press("ArrowUp")
        await expect(field(page)).to_have_value("hello\nworld")
        await field(page).press(away)
        await expect(field(page)).to_have_value("")
    await field(page).press("ArrowUp")
    await field(page).press_sequentially("!")
    await field(page).press("Escape")
    await expect(field(page)).to_have_value("hello\nworld!")


async def test_the_limit_is_told_before_it_is_hit_and_the_text_stays(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await field(page).fill("x" * 899)
    await expect(page.locator(".count")).to_be_hidden()
    await field(page).fill("x" * 900)
    await expect(field(page)).to_have_accessible_description("100 characters left")
    await field(page).fill("🙂" * 1001)
    await expect(field(page)).to_have_accessible_description("1 character too many")
    await field(page).press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("up to 1,000 characters")
    await expect(field(page)).to_have_value("🙂" * 1001)
    await field(page).press("Backspace")
    await expect(page.get_by_role("alert")).to_be_hidden()
    await field(page).press("Enter")
    await expect(contents(page)).to_have_text(["🙂" * 1000])


async def two_windows(open_page: Open, thread: int) -> tuple[Page, Page]:
    one = await open_page(f"/threads/{thread}")
    other = await one.context.new_page()
    await other.goto(one.url)
    for page in (one, other):
        await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    return one, other


async def leave(page: Page) -> None:
    """Leave the page, as when another tab is clicked: under Playwright each tab believes that it has the
    focus."""
    await field(page).blur()
