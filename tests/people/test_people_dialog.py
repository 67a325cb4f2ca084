"""People are added to a chat, removed, and found for a direct one, by keyboard."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.page import Open, item
from tests.support.people import open_as, signed_in
from tests.support.process import Server


@pytest.fixture(autouse=True)
async def no_threads(db: Connection) -> None:
    await db.execute("delete from thread")


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(server, "ann") as client:
        yield client


async def new_thread(client: httpx.AsyncClient, **fields: object) -> int:
    id: int = (await client.post("/threads", json={"title": "Group"} | fields)).json()["id"]
    return id


def lines(dialog: Locator) -> Locator:
    return dialog.get_by_role("list", name="People").get_by_role("listitem")


async def open_members(page: Page) -> Locator:
    await expect(page.locator("chat-people button")).to_be_visible()
    await page.locator("chat-people button").press("Enter")
    dialog = page.get_by_role("dialog", name="People of this chat")
    await expect(dialog).to_be_visible()
    return dialog


async def test_somebody_is_added_and_removed(open_page: Open, server: Server, ann: httpx.AsyncClient) -> None:
    thread = await new_thread(ann)
    page = await open_as(open_page, server, "ann", f"/threads/{thread}", reduced_motion="reduce")
    bob = await open_as(open_page, server, "bob")
    await expect(page.get_by_role("button", name="Add people to this chat")).to_be_visible()
    dialog = await open_members(page)
    field = dialog.get_by_role("combobox", name="Add somebody")
    await expect(field).to_be_focused()
    await page.keyboard.type("bo")
    await expect(dialog.get_by_role("option")).to_have_count(1)
    await expect(field).to_have_attribute("aria-expanded", "true")
    await no_finding(page)
    await page.keyboard.press("Enter")
    await expect(lines(dialog)).to_have_count(2)
    await expect(dialog.get_by_role("status")).to_have_text("bob is in.")
    await expect(item(bob, thread)).to_be_visible()
    await expect(page.locator(".message.system")).to_contain_text("ann added bob.")
    await dialog.get_by_role("button", name="Remove bob").press("Enter")
    await expect(lines(dialog)).to_have_count(1)
    await expect(item(bob, thread)).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.locator("chat-people button")).to_be_focused()


async def test_escape_closes_the_list_before_the_dialog(
    open_page: Open, server: Server, ann: httpx.AsyncClient
) -> None:
    page = await open_as(open_page, server, "ann", f"/threads/{await new_thread(ann)}")
    dialog = await open_members(page)
    await page.keyboard.type("nobody of this name")
    await expect(dialog.get_by_role("status")).to_have_text("There is nobody of this name.")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("cy")
    await expect(dialog.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(dialog.get_by_role("option")).to_have_count(0)
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_who_leaves_a_chat_sees_it_no_more(
    open_page: Open, server: Server, ann: httpx.AsyncClient
) -> None:
    thread = await new_thread(ann, members=["bob"])
    page = await open_as(open_page, server, "bob", f"/threads/{thread}")
    dialog = await open_members(page)
    await expect(dialog.get_by_role("button", name="Remove")).to_have_count(0)  # he is not the owner
    await expect(dialog.get_by_role("switch")).to_be_hidden()
    await dialog.get_by_role("button", name="Leave the chat").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("toast-line")).to_contain_text("You have left “Group”")
    await expect(item(page, thread)).to_have_count(0)
    members = (await ann.get(f"/threads/{thread}/members")).json()
    assert "bob" not in [member["account"]["username"] for member in members]


async def test_an_owner_opens_and_closes_a_chat(
    open_page: Open, server: Server, ann: httpx.AsyncClient
) -> None:
    thread = await new_thread(ann)
    page = await open_as(open_page, server, "ann", f"/threads/{thread}")
    bob = await open_as(open_page, server, "bob")
    dialog = await open_members(page)
    await dialog.get_by_role("switch", name="Everybody may see and join it").check()
    await expect(item(bob, thread)).to_be_visible()
    await expect(dialog).to_contain_text("Everybody on this server sees this chat.")
    await dialog.get_by_role("switch").uncheck()
    await expect(item(bob, thread)).to_have_count(0)


async def test_a_refusal_is_told_in_the_dialog(
    open_page: Open, server: Server, ann: httpx.AsyncClient
) -> None:
    path = f"/threads/{await new_thread(ann)}"
    page = await open_as(open_page, server, "ann", path, reduced_motion="reduce")
    dialog = await open_members(page)
    await page.route("**/members/bob", lambda route: route.fulfill(
        status=409, content_type="application/problem+json", body='{"code": "members_are_fixed"}'
    ))  # fmt: skip
    await page.keyboard.type("bob")
    await dialog.get_by_role("option").click()
    await expect(dialog.get_by_role("status")).to_have_text("The people of this chat cannot be changed.")
    await no_finding(page)


async def test_there_is_one_direct_chat_for_each_set_of_people(open_page: Open, server: Server) -> None:
    page = await open_as(open_page, server, "ann", reduced_motion="reduce")
    ids = []
    for _ in range(2):
        await expect(page.get_by_role("button", name="New chat with people")).to_be_visible()
        await page.get_by_role("button", name="New chat with people").press("Enter")
        dialog = page.get_by_role("dialog", name="New chat with people")
        await expect(dialog.get_by_role("option").first).to_be_visible()
        await no_finding(page)
        await page.keyboard.type("bob")
        await expect(dialog.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(lines(dialog)).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_role("heading", level=1)).to_have_text("bob")
        await page.wait_for_url(re.compile(r"/threads/\d+$"))
        ids.append(int(page.url.rpartition("/")[2]))
    assert ids[0] == ids[1]
    bob = await open_as(open_page, server, "bob", f"/threads/{ids[0]}")
    await expect(bob.get_by_role("heading", level=1)).to_have_text("ann")
    await expect(bob).to_have_title("ann · Chinwag")
    dialog = await open_members(bob)
    await expect(lines(dialog)).to_have_count(2)
    await expect(dialog.get_by_role("combobox")).to_be_hidden()
    await expect(dialog.get_by_role("button", name="Leave the chat")).to_be_hidden()
    await bob.keyboard.press("Escape")
    await bob.get_by_role("button", name="What to do with this chat").click()
    await expect(bob.locator(".menu .rename")).to_be_hidden()
    await expect(bob.locator(".menu .delete")).to_be_hidden()


async def test_with_a_title_it_is_a_group(open_page: Open, server: Server, ann: httpx.AsyncClient) -> None:
    page = await open_as(open_page, server, "ann")
    await page.get_by_role("button", name="New chat with people").click()
    dialog = page.get_by_role("dialog", name="New chat with people")
    for name in ("bob", "cy"):
        await dialog.get_by_role("combobox").fill(name)
        await expect(dialog.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
    await expect(lines(dialog)).to_have_count(2)
    await dialog.get_by_label("Title, for a group").fill("Release")
    await dialog.get_by_role("button", name="Start").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Release")
    (thread,) = (await ann.get("/threads")).json()
    assert (thread["title"], thread["direct"], thread["open"]) == ("Release", None, False)
