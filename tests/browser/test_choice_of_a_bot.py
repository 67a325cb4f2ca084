"""Where a server has several bots, one is chosen for a new chat; the others are added to it and mentioned."""

import asyncio
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.named_bots import write_bots
from tests.support.page import Open, contents, field, item, write
from tests.support.people import add_person, open_as
from tests.support.process import Server, ServerStarter

BOTH = "Bots of this chat: Second and The First"


@pytest.fixture(scope="module")
def server(start_server: ServerStarter, tmp_path_factory: pytest.TempPathFactory) -> Server:
    folder = write_bots(tmp_path_factory.mktemp("bots"))
    return start_server({"CHINWAG_POSTS_PER_SECOND": "0"}, directory=folder)


@pytest.fixture
def with_one_bot(start_server: ServerStarter) -> Server:
    """A server on the same database, which has one bot."""
    return start_server({"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0"})


@pytest.fixture(autouse=True)
async def no_threads(db: Connection, server: Server) -> None:
    await db.execute("delete from thread")


async def test_a_bot_is_chosen_and_is_remembered_for_the_next_chat(
    open_page: Open, http: httpx.AsyncClient
) -> None:
    page = await open_page("/", reduced_motion="reduce")
    await expect(choice(page).locator("option")).to_have_text(["The First", "Second", "No bot"])
    await expect(choice(page)).to_have_value("first")
    await no_finding(page)
    await choice(page).select_option("Second")
    await write(page, "Who are you?")
    await expect(contents(page)).to_have_text(["Who are you?", "second"])
    await expect(choice(page)).to_be_hidden()
    await page.reload()
    await page.get_by_role("button", name="New chat", exact=True).click()
    await expect(choice(page)).to_have_value("second")
    await choice(page).select_option("No bot")
    await write(page, "Nobody?")
    await page.wait_for_url("**/threads/*")
    assert await bots_of(http, page) == []
    await page.get_by_role("button", name="New chat", exact=True).click()
    await choice(page).select_option("The First")
    await write(page, "And you?")
    await expect(contents(page)).to_have_text(["And you?", "first"])
    assert await bots_of(http, page) == ["first"]


async def test_who_is_quick_has_the_bot_that_was_chosen_before(open_page: Open) -> None:
    """It is not known yet which bots there are."""
    page = await open_page("/")
    await choice(page).select_option("Second")
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/api/v1/account", lambda route: held.put_nowait(route))
    await page.reload()
    await expect(page.get_by_text("What’s on your mind?")).to_be_visible()
    await expect(choice(page)).to_be_hidden()
    await write(page, "Who are you?")
    await expect(field(page)).to_have_value("Who are you?")
    await (await held.get()).continue_()
    await expect(contents(page)).to_have_text(["Who are you?", "second"])


async def test_a_bot_that_is_there_no_more_is_not_chosen(open_page: Open) -> None:
    page = await open_page("/static/favicon.svg")
    await page.evaluate("localStorage.setItem('chinwag.bot.new', 'former')")
    await page.goto(urljoin(page.url, "/"))
    await expect(choice(page)).to_have_value("first")
    await write(page, "Who are you?")
    await expect(contents(page)).to_have_text(["Who are you?", "first"])


async def test_with_one_bot_nothing_is_shown_or_loaded(open_page: Open, with_one_bot: Server) -> None:
    page = await open_page("/static/favicon.svg")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(urljoin(with_one_bot.url, "/"), wait_until="networkidle")
    await expect(page.get_by_text("What’s on your mind?")).to_be_visible()
    assert any(url.endswith("/account") for url in asked)
    assert not [url for url in asked if "bot-choice" in url or "chat-people" in url]


async def test_a_thread_that_is_open_loads_no_choice(open_page: Open, http: httpx.AsyncClient) -> None:
    thread = (await http.post("/threads", json={})).json()["id"]
    page = await open_page("/static/favicon.svg")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(urljoin(page.url, f"/threads/{thread}"), wait_until="networkidle")
    await expect(page.get_by_role("button", name="Bots of this chat: The First")).to_be_visible()
    assert not [url for url in asked if "bot-choice" in url]


async def test_who_is_alone_adds_another_bot_and_mentions_it(
    open_page: Open, http: httpx.AsyncClient
) -> None:
    thread = (await http.post("/threads", json={"title": "Bots"})).json()["id"]
    page = await open_page(f"/threads/{thread}", reduced_motion="reduce")
    await expect(page.get_by_role("button", name="New chat with people")).to_be_hidden()
    await page.get_by_role("button", name="Bots of this chat").press("Enter")
    dialog = page.get_by_role("dialog", name="People of this chat")
    await expect(dialog.get_by_role("option").first).to_be_visible()  # before anything is typed
    await page.keyboard.type("sec")
    await expect(dialog.get_by_role("option")).to_contain_text(["@second · bot"])
    await no_finding(page)
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("status")).to_have_text("Second is in.")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name=BOTH)).to_be_visible()
    await write(page, "Who are you?")
    await expect(contents(page).last).to_have_text("first")
    await expect(page.locator(".entries")).not_to_have_class("shared")
    await field(page).press_sequentially("And you, @se")
    await expect(page.locator("mention-list [role=option]")).to_contain_text(["@second"])
    await page.keyboard.press("Enter")
    await expect(field(page)).to_have_value("And you, @second ")
    await page.keyboard.press("Enter")
    await expect(contents(page).last).to_have_text("second")
    # With two bots, one has to see who says what.
    await expect(page.locator(".assistant .author:visible")).to_have_text(["The First", "Second"])


async def test_a_bot_is_found_in_the_dialog_of_people(
    open_page: Open, server: Server, db: Connection, http: httpx.AsyncClient
) -> None:
    await add_person(db, "ann")
    page = await open_as(open_page, server, "ann")
    await choice(page).select_option("No bot")
    await write(page, "Hello")
    await page.get_by_role("button", name="Add people to this chat").click()
    dialog = page.get_by_role("dialog", name="People of this chat")
    await expect(dialog).to_be_visible()
    await page.keyboard.type("fir")
    await dialog.get_by_role("option").click()
    await expect(dialog.get_by_role("status")).to_have_text("The First is in.")
    await page.keyboard.press("Escape")
    await field(page).press_sequentially("@")
    await expect(page.locator("mention-list [role=option]")).to_contain_text(["@first"])
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(contents(page).last).to_have_text("first")
    await expect(item(page, int(page.url.rpartition("/")[2]))).to_be_visible()


def choice(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Bot")


async def bots_of(http: httpx.AsyncClient, page: Page) -> list[str]:
    """The bots of the chat that a page shows."""
    members = (await http.get(f"/threads/{page.url.rpartition('/')[2]}/members")).json()
    return [one["account"]["username"] for one in members if one["account"]["is_bot"]]
