"""The system notifies of what arrives while no tab is seen: once, however many tabs there are."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from chinwag.db.pool import Connection
from tests.support.page import HIDDEN, Open, item
from tests.support.people import PASSWORD, signed_in
from tests.support.process import Server

# A notification is the system's, which nobody can look at: what it is told to show is noted. A Chromium
# without a window allows none.
NOTE = """window.noted = [];
const { Notification: Shown } = window;
window.Notification = class extends Shown {
  constructor(title, options) {
    super(title, options);
    noted.push({ title, body: options.body, tag: options.tag, shown: this });
  }
  static get permission() {
    return window.allowed;
  }
};"""

# So many tabs are ready: each of them wants to be the one that notifies.
STARTED = """tabs => new Promise(resolve => {
    const look = async () => {
        const { held, pending } = await navigator.locks.query();
        if ([...held, ...pending].filter(({ name }) => name.endsWith("notifier")).length === tabs) resolve();
        else setTimeout(look, 10);
    };
    look();
})"""

TOLD = "noted.map(({ title, body }) => [title, body])"


@pytest.fixture(autouse=True)
async def no_threads(db: Connection) -> None:
    await db.execute("delete from thread")


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(server, "ann") as client:
        yield client


@pytest.fixture
async def thread(ann: httpx.AsyncClient) -> int:
    id: int = (await ann.post("/threads", json={"title": "Group", "members": ["bob"]})).json()["id"]
    return id


@pytest.fixture
async def bob(open_page: Open, server: Server) -> BrowserContext:
    """A browser in which Bob is signed in, and wants to be notified."""
    page = await open_page("/static/favicon.svg")
    await page.context.add_init_script(f"{NOTE} window.allowed = 'granted';")
    answer = await page.request.post(
        f"{server.url}/api/v1/session", data={"username": "bob", "password": PASSWORD}
    )
    assert answer.status == 201
    await page.close()
    return page.context


async def open_tab(bob: BrowserContext, server: Server, path: str = "/") -> Page:
    page = await bob.new_page()
    await page.goto(f"{server.url}{path}")
    await page.evaluate(STARTED, len(bob.pages))
    return page


async def hide(page: Page) -> None:
    await page.evaluate(f"{HIDDEN}; document.dispatchEvent(new Event('visibilitychange'))")


async def say(client: httpx.AsyncClient, thread: int, content: str) -> None:
    answer = await client.post(f"/threads/{thread}/messages", json={"content": content})
    assert answer.status_code == 201, answer.text


async def all_told(tabs: list[Page], count: int) -> list[list[str]]:
    """Wait until the tabs of a browser have shown so many notifications."""
    async with asyncio.timeout(20):
        while True:
            told = [one for tab in tabs for one in await tab.evaluate(TOLD)]
            if len(told) >= count:
                return told
            await asyncio.sleep(0.02)


async def test_one_of_the_hidden_tabs_notifies_and_leads_there(
    bob: BrowserContext, server: Server, ann: httpx.AsyncClient, thread: int
) -> None:
    tabs = [await open_tab(bob, server) for _ in range(3)]
    for tab in tabs:
        await expect(item(tab, thread)).to_be_visible()
        await hide(tab)
    await say(ann, thread, "Hello **Bob**")
    assert await all_told(tabs, 1) == [["Group", "ann: Hello Bob"]]
    await say(ann, thread, "Are you there?")
    assert len(await all_told(tabs, 2)) == 2
    for tab in tabs:
        if await tab.evaluate("noted.length"):
            await tab.evaluate("history.pushState(null, '', '/?elsewhere')")
            await tab.evaluate("noted[0].shown.dispatchEvent(new Event('click'))")
            await tab.wait_for_url(f"**/threads/{thread}")


async def test_who_sees_the_page_is_not_notified(
    bob: BrowserContext, server: Server, ann: httpx.AsyncClient, thread: int
) -> None:
    hidden, seen = await open_tab(bob, server), await open_tab(bob, server)
    await hide(hidden)
    await say(ann, thread, "while one tab is seen")
    await expect(item(seen, thread)).to_contain_text("while one tab is seen")
    await hide(seen)
    await say(ann, thread, "while none is")
    assert await all_told([hidden, seen], 1) == [["Group", "ann: while none is"]]


async def test_the_level_of_a_chat_decides(
    bob: BrowserContext, server: Server, ann: httpx.AsyncClient, thread: int
) -> None:
    page = await open_tab(bob, server)
    await expect(item(page, thread)).to_be_visible()
    async with signed_in(server, "bob") as own:
        await own.put(f"/threads/{thread}/level", json={"level": "mentions"})
        direct = (await ann.post("/threads", json={"direct": ["bob"]})).json()["id"]
        await expect(item(page, direct)).to_be_visible()
        await hide(page)
        await say(ann, thread, "to nobody")
        await expect(item(page, thread)).to_contain_text("to nobody")
        await say(ann, thread, "to @bob")
        assert await all_told([page], 1) == [["Group", "ann: to @bob"]]
        await own.put(f"/threads/{thread}/level", json={"level": "nothing"})
        await say(ann, thread, "again to @bob")
        await say(own, direct, "from his other device")
        await say(ann, direct, "in private")
        assert await all_told([page], 2) == [["Group", "ann: to @bob"], ["ann", "in private"]]


async def test_nobody_is_asked_unless_they_want_to_be(open_page: Open, server: Server) -> None:
    page = await open_page("/static/favicon.svg")
    await page.context.add_init_script(
        f"{NOTE}; window.asked = 0; window.allowed = 'default';"
        "Notification.requestPermission = async () => { asked += 1; return (window.allowed = 'denied'); };"
    )
    await page.close()
    page = await page.context.new_page()
    await page.goto(f"{server.url}/static/favicon.svg")
    await page.request.post(f"{server.url}/api/v1/session", data={"username": "bob", "password": PASSWORD})
    await page.goto(server.url)
    button = page.get_by_role("button", name="Notify me of new messages")
    await expect(button).to_be_visible()
    assert await page.evaluate("asked") == 0
    await button.click()
    await expect(button).to_be_hidden()
    assert await page.evaluate("asked") == 1
