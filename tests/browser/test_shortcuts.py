"""Every action has a key, the page tells it, and the keys of one character can be turned off."""

import httpx
from playwright.async_api import Page, expect

from tests.support.axe import no_finding
from tests.support.page import Open, field

HEAR = """for (const type of ["act", "jump"]) addEventListener(type, (event) => {
  (window.heard ??= []).push(event.detail);
  event.stopPropagation(); // nothing is done, so that the focus stays for the next key
}, { capture: true })"""


async def test_keys_do_what_they_say(open_page: Open, thread: int) -> None:
    page = await open_on(open_page, thread)
    await page.evaluate(HEAR)
    await leave_the_field(page)
    for key in ("F2", "p", "e", "Control+Shift+Backspace", "Control+z", "Home", "End", "g", "z", "Delete"):
        await page.keyboard.press(key)
    expected = ["rename", "pin", "export", "delete", "undo", "first", "newest", "newest"]
    assert await page.evaluate("window.heard") == expected


async def test_neighbours_in_the_list_and_a_new_chat(open_page: Open, http: httpx.AsyncClient) -> None:
    older, newer = [(await http.post("/threads", json={})).json()["id"] for _ in range(2)]
    page = await open_on(open_page, newer)
    await expect(page.locator("thread-list li").nth(1)).to_have_attribute("data-id", str(older))
    await page.keyboard.press("Alt+ArrowDown")
    await page.wait_for_url(f"**/threads/{older}")
    await page.keyboard.press("Alt+ArrowUp")
    await page.wait_for_url(f"**/threads/{newer}")
    await leave_the_field(page)
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", level=1)).to_have_text("New chat")
    await expect(field(page)).to_be_focused()
    await expect(field(page)).to_have_value("")


async def test_a_field_keeps_its_characters_and_is_returned_to(open_page: Open, thread: int) -> None:
    page = await open_on(open_page, thread)
    await page.keyboard.type("n?pz/")
    await expect(field(page)).to_have_value("n?pz/")
    for key in ("/", "Escape"):
        await leave_the_field(page)
        await page.keyboard.press(key)
        await expect(field(page)).to_be_focused()
    await expect(field(page)).to_have_value("n?pz/")


async def test_the_keys_are_shown_and_those_of_one_character_can_be_turned_off(
    open_page: Open, thread: int
) -> None:
    page = await open_on(open_page, thread)
    await leave_the_field(page)
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog.get_by_text("Previous chat")).to_be_visible()
    await no_finding(page)
    await dialog.get_by_role("switch").uncheck()
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(field(page)).to_be_focused()
    await leave_the_field(page)
    await page.keyboard.press("?")
    await page.keyboard.press("n")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog", name="Find")).to_be_visible()
    await expect(dialog).to_be_hidden()
    await page.keyboard.press("Escape")
    await page.wait_for_url(f"**/threads/{thread}")
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await expect(dialog.get_by_role("switch")).not_to_be_checked()


async def open_on(open_page: Open, thread: int) -> Page:
    page = await open_page(f"/threads/{thread}")
    await expect(page.locator("main")).to_have_attribute("data-view", "open")
    await expect(field(page)).to_be_focused()
    return page


async def leave_the_field(page: Page) -> None:
    await page.get_by_role("link").nth(1).focus()


async def test_the_documentation_of_the_api_is_a_link_away(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    link = page.get_by_role("dialog").get_by_role("link", name="API documentation")
    await expect(link).to_have_attribute("href", "/docs")
