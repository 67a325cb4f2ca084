"""A browser loses nothing that its person has sent: not by a reload, not without a connection, not asleep."""

import asyncio
import json
import re
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from app.database import Connection
from tests.page import Line, Open, contents, field, item, write
from tests.process import ServerStarter

pytestmark = pytest.mark.anyio

SOON = 20_000
"""ms until a page is connected again, whatever the dice of its backoff say."""

WAITING = "Waiting for the connection"

RUBBISH = {
    "chinwag.outbox.": "{}",
    "chinwag.outbox.1": "not JSON",
    "chinwag.outbox.2": "null",
    "chinwag.outbox.3": '{"client_id": "3", "thread_id": 1, "content": "of another version"}',
}

FORBIDDEN = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("It is forbidden", "SecurityError"); }
})"""

FULL = """Storage.prototype.setItem = () => { throw new DOMException("It is full", "QuotaExceededError"); }"""

DICE_AT_MOST = "Math.random = () => 0.999"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": "1000"}


async def test_what_waits_outlives_a_reload(open_page: Open, db: Connection, thread: int) -> None:
    page, line = await open_cut_off(open_page, thread)
    said = ["one", "two", "three"]
    for content in said:
        await write(page, content)
    for _ in range(2):
        await expect(contents(page)).to_have_text(said)
        await expect(states(page)).to_have_text([WAITING] * 3)
        await page.reload()
    line.is_cut = False
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(said)
    await page.reload()
    await expect(contents(page)).to_have_text(said)
    assert await stored(db, thread) == said
    assert await kept(page) == []


async def test_what_waits_outlives_its_window_while_the_server_is_away(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_page(f"{server.url}/threads/{thread}")
    await write(page, "before")
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    server.kill()
    said = ["before", "one", "two"]
    for content in said[1:]:
        await write(page, content)
    await expect(states(page)).to_have_text([WAITING] * 2)
    with pytest.raises(PlaywrightError, match="ERR_CONNECTION_REFUSED"):
        await page.reload()
    await page.close()
    start_server(settings, port=server.port)
    page = await page.context.new_page()
    await page.goto(f"{server.url}/threads/{thread}")
    await expect(contents(page)).to_have_text(said)
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(said)
    assert await stored(db, thread) == said


async def test_what_was_sent_offline_goes_when_the_network_returns(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await write(page, "before")
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    await page.context.set_offline(True)
    said = ["before", "one", "two", "three"]
    await write(page, "one")
    await expect(states(page)).to_have_text([WAITING], timeout=SOON)
    for content in said[2:]:
        await write(page, content)
    await expect(states(page)).to_have_text([WAITING] * 3)
    await page.context.set_offline(False)
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(said)
    assert await stored(db, thread) == said


async def test_the_server_is_killed_between_storing_and_answering(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_page(f"{server.url}/threads/{thread}")
    async with db.transaction():
        # The INSERT waits for the thread, and its backend does not notice that its server is dead.
        await db.execute("select from thread where id = $1 for update", thread)
        await write(page, "one")
        async with asyncio.timeout(5):
            while not await db.fetchval("select exists (select from pg_locks where not granted)"):
                await asyncio.sleep(0.005)
        server.kill()
    await write(page, "two")
    async with asyncio.timeout(5):
        while await stored(db, thread) != ["one"]:
            await asyncio.sleep(0.005)
    start_server(settings, port=server.port)
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(["one", "two"])
    assert await stored(db, thread) == ["one", "two"]


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
    await expect(contents(one)).to_have_text(["of one", "of the other"])
    line.is_cut = False
    for page in (one, other):
        await expect(states(page)).to_have_count(0, timeout=SOON)
        await expect(contents(page)).to_have_text(["of one", "of the other"])
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
    assert await stored(db, thread) == said
    assert await kept(one) == []


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


async def test_what_is_refused_outlives_a_reload_with_its_reason(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await write(page, "x" * 1001)
    failed = page.get_by_role("article").filter(has_text="Not sent")
    await expect(failed).to_contain_text("this server takes up to 1000")
    await page.reload()
    await expect(failed).to_contain_text("this server takes up to 1000")
    await write(page, "the next one is not held up")
    await expect(states(page)).to_have_count(1)
    await failed.get_by_role("button", name="Retry").click()
    await expect(failed).to_contain_text("this server takes up to 1000")
    await failed.get_by_role("button", name="Discard").click()
    await expect(contents(page)).to_have_text(["the next one is not held up"])
    await page.reload()
    await expect(contents(page)).to_have_text(["the next one is not held up"])
    assert await kept(page) == []
    assert await stored(db, thread) == ["the next one is not held up"]


async def test_what_was_written_to_a_chat_that_is_gone_can_still_be_read(
    open_page: Open, http: httpx.AsyncClient, thread: int
) -> None:
    page, line = await open_cut_off(open_page, thread)
    await write(page, "too late")
    await expect(states(page)).to_have_text([WAITING])
    await http.delete(f"/threads/{thread}")
    line.is_cut = False
    await expect(page.get_by_text("This chat is gone")).to_be_visible(timeout=SOON)
    failed = page.get_by_role("article").filter(has_text="too late")
    await expect(failed).to_contain_text("Not sent", timeout=SOON)
    await expect(failed).to_be_visible()
    await page.reload()
    await expect(failed).to_be_visible()
    await failed.get_by_role("button", name="Discard").click()
    await expect(failed).to_be_hidden()
    assert await kept(page) == []


async def test_rubbish_in_local_storage_is_removed(open_page: Open, thread: int) -> None:
    page = await open_page("/static/favicon.svg")
    others = {"another's": "not JSON"}
    await page.evaluate("items => Object.assign(localStorage, items)", RUBBISH | others)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await write(page, "hello")
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    await expect(contents(page)).to_have_text(["hello"])
    assert await page.evaluate("({ ...localStorage })") == others


@pytest.mark.parametrize("storage", [FORBIDDEN, FULL], ids=["forbidden", "full"])
async def test_without_local_storage_it_waits_in_memory(
    open_page: Open, db: Connection, thread: int, storage: str
) -> None:
    page, line = await open_cut_off(open_page, thread, storage)
    await write(page, "one")
    await write(page, "two")
    await expect(states(page)).to_have_text([WAITING] * 2)
    line.is_cut = False
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(["one", "two"])
    assert await stored(db, thread) == ["one", "two"]


@pytest.mark.parametrize("is_given_up", [False, True], ids=["for a moment", "until it is given up"])
async def test_what_was_lost_on_its_way_is_sent_again(
    open_page: Open, db: Connection, thread: int, is_given_up: bool
) -> None:
    page, line = await open_losing_first(open_page, thread, then_cut=is_given_up)
    for content in ("one", "two"):
        await write(page, content)
    if is_given_up:
        async with asyncio.timeout(20):
            while not await page.get_by_text("Not connected").is_visible():
                await page.clock.run_for(1_000)
        await expect(states(page)).to_have_text([WAITING] * 2)
        line.is_cut = False
        await page.get_by_role("button", name="Try again").click()
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(["one", "two"])
    assert await stored(db, thread) == ["one", "two"]


async def test_what_was_lost_on_its_way_can_be_discarded(
    open_page: Open, db: Connection, thread: int
) -> None:
    page, line = await open_losing_first(open_page, thread, then_cut=True)
    await write(page, "one")
    await expect(states(page)).to_have_text([WAITING])
    await write(page, "two")
    discarded = page.get_by_role("article").filter(has_text="one")
    await discarded.get_by_role("button", name="Discard").click()
    line.is_cut = False
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(contents(page)).to_have_text(["two"])
    assert await stored(db, thread) == ["two"]


async def test_a_database_that_is_away_for_long_makes_nothing_fail(
    open_page: Open, db: Connection, thread: int
) -> None:
    refusals = 0

    def meddle(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            nonlocal refusals
            message = json.loads(frame)
            if "content" not in message or refusals == 12:
                return server.send(frame)
            refusals += 1
            error = {"code": "database_unavailable", "message": "", "client_id": message["client_id"]}
            browser.send(json.dumps({"type": "error", "data": error}))

        browser.on_message(pass_on)

    page = await open_page("/static/favicon.svg")
    await page.clock.install()
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), meddle)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(item(page, thread)).to_be_visible()
    said = ["one", "two"]
    for content in said:
        await write(page, content)
    async with asyncio.timeout(20):
        while await stored(db, thread) != said:
            assert await page.get_by_text("Not sent").count() == 0
            await page.clock.run_for(1_000)
    await expect(contents(page)).to_have_text(said)
    await expect(states(page)).to_have_count(0)


async def test_a_page_that_slept_misses_nothing(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_page(f"{server.url}/threads/{thread}")
    await write(page, "before")
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    chromium = await page.context.new_cdp_session(page)
    await chromium.send("Page.setWebLifecycleState", {"state": "frozen"})
    slept_through = [f"n {i}" for i in range(300)]
    insert = "insert into message (thread_id, content) select $1, unnest($2::text[])"
    await db.execute(insert, thread, slept_through[:150])
    server.kill()
    await db.execute(insert, thread, slept_through[150:])
    start_server(settings, port=server.port)
    await chromium.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(contents(page)).to_have_text(["before", *slept_through], timeout=SOON)
    await write(page, "after")
    await expect(contents(page)).to_have_text(["before", *slept_through, "after"])
    await expect(states(page)).to_have_count(0)


@pytest.mark.parametrize(("code", "ms"), [(1012, 1_000), (1011, 2_000)], ids=["restart", "unforeseen"])
async def test_a_lost_browser_takes_its_time(open_page: Open, thread: int, code: int, ms: int) -> None:
    routes: list[WebSocketRoute] = []
    page = await open_page("/static/favicon.svg")
    await page.clock.install()
    await page.add_init_script(DICE_AT_MOST)

    def note(browser: WebSocketRoute) -> None:
        routes.append(browser)
        browser.connect_to_server()

    await page.route_web_socket(re.compile(r"/ws/threads/\d"), note)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await write(page, "hello")
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    await page.clock.pause_at(await page.evaluate("Date.now() + 1_000"))
    await routes[0].close(code=code)
    await expect(page.locator("connection-status")).to_have_attribute("data-state", "reconnecting")
    await page.clock.run_for(ms - 100)
    await page.evaluate("null")  # what the page did before, is known here now
    assert len(routes) == 1
    await page.clock.run_for(100)
    await page.evaluate("null")
    assert len(routes) == 2


async def open_cut_off(open_page: Open, thread: int, script: str = "") -> tuple[Page, Line]:
    """A window on a thread, in which no WebSocket gets through."""
    line = Line()
    line.is_cut = True
    page = await open_page("/static/favicon.svg")
    await page.context.add_init_script(script)
    await line.lay(page.context)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(field(page)).to_be_visible()
    return page, line


async def open_losing_first(open_page: Open, thread: int, *, then_cut: bool) -> tuple[Page, Line]:
    """A window with a clock, whose first message is lost on its way, and its socket with it."""
    line = Line()
    losses: list[asyncio.Task[None]] = []

    async def lose_first(browser: WebSocketRoute) -> None:
        if line.is_cut:
            return await browser.close()
        server = browser.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            if losses or "content" not in str(frame):
                return server.send(frame)
            line.is_cut = then_cut
            losses.append(asyncio.create_task(browser.close()))

        browser.on_message(pass_on)

    page = await open_page("/static/favicon.svg")
    await page.clock.install()
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), lose_first)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(item(page, thread)).to_be_visible()  # or the clock would run out on the list's connection
    return page, line


def states(page: Page) -> Locator:
    """What is said of the messages that are not known to be stored."""
    return page.locator(".message[data-state] .state")


async def stored(db: Connection, thread: int) -> list[str]:
    rows = await db.fetch("select content from message where thread_id = $1 order by seq", thread)
    return [row["content"] for row in rows]


async def kept(page: Page) -> list[str]:
    keys: list[str] = await page.evaluate("Object.keys(localStorage)")
    return keys
