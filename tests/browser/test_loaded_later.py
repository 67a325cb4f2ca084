"""What is used now and then is loaded when it is; who is quick or offline loses nothing by it."""

import asyncio
from urllib.parse import urljoin

import httpx
from playwright.async_api import Page, Route, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, field, item
from tests.support.sql import until


async def test_what_is_typed_before_the_finder_is_there_is_searched(
    open_page: Open, http: httpx.AsyncClient
) -> None:
    await http.post("/threads", json={"title": "Haystack"})
    page = await open_page("/")
    held = await Held.of(page)
    await page.keyboard.press("Control+k")
    await held.asked.wait()
    await page.keyboard.type("haystack")
    held.may_come.set()
    await expect(page.get_by_role("option")).to_have_text(["Haystack"])
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_have_value("")


async def test_a_chat_is_chosen_before_the_finder_is_there(
    open_page: Open, http: httpx.AsyncClient
) -> None:
    chosen = (await http.post("/threads", json={"title": "Needle"})).json()["id"]
    await http.post("/threads", json={"title": "Hay"})
    page = await open_page("/")
    await expect(item(page, chosen)).to_be_visible()
    held = await Held.of(page)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("abandoned")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("needle")
    await page.keyboard.press("Enter")
    held.may_come.set()
    await page.wait_for_url(f"**/threads/{chosen}")
    await expect(page.get_by_role("dialog", name="Find")).to_be_hidden()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_have_value("")


async def test_a_finder_that_cannot_be_loaded_leaves_no_dialog_that_does_nothing(open_page: Open) -> None:
    page = await open_page("/")
    await page.route("**/chat-finder.js", lambda route: route.abort("connectionfailed"))
    await page.keyboard.press("Control+k")
    await expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    await expect(page.get_by_role("dialog", name="Find")).to_be_hidden()


async def test_the_messages_that_come_along_are_the_ones_that_are_asked_for(
    open_page: Open, thread: int
) -> None:
    page = await open_page("/static/favicon.svg")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/messages?" in request.url else None)
    await page.goto(urljoin(page.url, f"/threads/{thread}"), wait_until="networkidle")
    await expect(page.locator("main")).to_have_attribute("data-view", "open")
    assert len(asked) == 1, asked


async def test_a_title_is_typed_at_once(open_page: Open, thread: int) -> None:
    """F2 is the first key; a module that came only then would lose what is typed next."""
    page = await open_page(f"/threads/{thread}")
    await expect(item(page, thread)).to_be_visible()
    held = await Held.of(page)
    await page.keyboard.press("F2")
    await page.keyboard.type("typed at once")
    await page.keyboard.press("Enter")
    held.may_come.set()
    await expect(page.get_by_role("heading", level=1)).to_have_text("typed at once")
    await expect(field(page)).to_have_value("")


async def test_the_menu_takes_keys_at_once(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await page.get_by_role("button", name="What to do with this chat").focus()
    held = await Held.of(page)
    for key in ("Enter", "Tab", "Enter"):  # the menu, the second in it, which renames
        await page.keyboard.press(key)
    await page.keyboard.type("typed at once")
    await page.keyboard.press("Enter")
    held.may_come.set()
    await expect(page.get_by_role("heading", level=1)).to_have_text("typed at once")


async def test_the_keys_are_shown_at_once(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await item(page, thread).focus()  # out of the field
    held = await Held.of(page)
    await page.keyboard.press("?")
    await page.keyboard.press("Escape")
    await page.keyboard.type("/typed at once")
    held.may_come.set()
    await expect(field(page)).to_have_value("typed at once")


async def test_a_deletion_that_is_undone_at_once_is_none(
    open_page: Open, db: Connection, http: httpx.AsyncClient
) -> None:
    undone, deleted = [(await http.post("/threads", json={})).json()["id"] for _ in range(2)]
    page = await open_page(f"/threads/{undone}")
    await item(page, deleted).focus()  # out of the field
    held = await Held.of(page)
    await page.keyboard.press("Control+Shift+Backspace")
    await held.asked.wait()
    await page.keyboard.press("Control+z")
    held.may_come.set()
    await item(page, deleted).click()
    # Before it is open, the key has nothing to delete.
    await expect(page.locator("main")).to_have_attribute("data-view", "open")
    await item(page, deleted).focus()
    await page.keyboard.press("Control+Shift+Backspace")
    await expect(item(page, deleted)).to_have_count(0)
    await page.get_by_role("button", name="Dismiss").click()
    await until(db, "select not exists (select from thread where id = $1)", deleted)
    await expect(item(page, undone)).to_be_visible()
    assert await db.fetchval("select exists (select from thread where id = $1)", undone)


async def test_without_the_server_it_says_so_and_comes_later(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await page.route("**/deletions.js", lambda route: route.abort("connectionfailed"))
    await item(page, thread).focus()
    await page.keyboard.press("Control+Shift+Backspace")
    await expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    await expect(item(page, thread)).to_be_visible()
    await page.unroute("**/deletions.js")
    await page.keyboard.press("Control+Shift+Backspace")
    await expect(page.get_by_text("Deleted “Thread”")).to_be_visible()
    await expect(item(page, thread)).to_have_count(0)


class Held:
    """The modules that a page has not loaded yet: they are held until they may come."""

    def __init__(self) -> None:
        self.asked, self.may_come = asyncio.Event(), asyncio.Event()

    @classmethod
    async def of(cls, page: Page) -> "Held":
        held = cls()
        await page.route("**/static/**/*.js", held._hold)
        return held

    async def _hold(self, route: Route) -> None:
        self.asked.set()
        await self.may_come.wait()
        await route.continue_()
