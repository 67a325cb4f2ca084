"""What is used now and then is loaded when it is; who is quick or offline loses nothing by it."""

import asyncio
from urllib.parse import urljoin

import httpx
from playwright.async_api import Route, expect

from tests.support.page import Open, field, item


async def test_what_is_typed_before_the_finder_is_there_is_searched(
    open_page: Open, http: httpx.AsyncClient
) -> None:
    await http.post("/threads", json={"title": "Haystack"})
    page = await open_page("/")
    asked, may_come = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await may_come.wait()
        await route.continue_()

    await page.route("**/chat-finder.js", hold)
    await page.keyboard.press("Control+k")
    await asked.wait()
    await page.keyboard.type("haystack")
    may_come.set()
    await expect(page.get_by_role("option")).to_have_text(["Haystack"])
    await page.keyboard.press("Escape")
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


async def test_without_the_server_it_says_so_and_comes_later(open_page: Open, thread: int) -> None:
    page = await open_page("/static/favicon.svg")
    await page.route("**/thread-actions.js", lambda route: route.abort("connectionfailed"))
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await item(page, thread).focus()
    await page.keyboard.press("F2")
    await expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    await expect(field(page)).to_be_visible()
    await page.unroute("**/thread-actions.js")
    await page.keyboard.press("F2")
    await expect(page.get_by_role("textbox", name="Title of the chat")).to_be_focused()
