"""A page that was cut off, restarted or asleep comes back by itself, in its time, and misses nothing."""

import asyncio
import re
from urllib.parse import urljoin

import pytest
from playwright.async_api import WebSocketRoute, expect

from chinwag.db.pool import Connection
from tests.storm.faults import TERMINATE
from tests.support.page import (
    DICE_AT_LEAST,
    DICE_AT_MOST,
    SOON,
    Open,
    contents,
    is_sent,
    item,
    open_live,
    states,
    write,
)
from tests.support.process import ServerStarter


async def test_what_was_missed_while_offline_comes(open_page: Open, db: Connection, thread: int) -> None:
    page = await open_live(open_page, f"/threads/{thread}")
    await page.context.set_offline(True)
    await expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=15_000)
    await db.execute("insert into message (thread_id, content) values ($1, 'meanwhile')", thread)
    await page.context.set_offline(False)
    await expect(contents(page)).to_have_text(["before", "meanwhile"], timeout=15_000)
    await expect(page.get_by_text("Reconnecting…")).to_be_hidden(timeout=15_000)


async def test_a_gap_is_fetched_and_a_repeat_dropped(open_page: Open, db: Connection, thread: int) -> None:
    def meddle(browser: WebSocketRoute) -> None:
        def pass_on(frame: str | bytes) -> None:
            if '"seq":2,' not in str(frame):
                browser.send(frame)
                browser.send(frame)

        browser.connect_to_server().on_message(pass_on)

    page = await open_page("/static/favicon.svg")
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), meddle)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    for content in ("one", "two", "three", "four"):
        await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, content)
    await expect(contents(page)).to_have_text(["one", "two", "three", "four"])


async def test_messages_that_a_failover_has_lost_are_taken_back(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    insert = "insert into message (thread_id, seq, content) values ($1, $2, $3)"
    await write(page, "kept")
    await expect(page.get_by_role("article")).to_contain_text("Sent")  # so it is live
    for seq, content in enumerate(["lost", "lost too"], 2):
        await db.execute(insert, thread, seq, content)
    await expect(contents(page)).to_have_text(["kept", "lost", "lost too"])
    async with db.transaction():
        # Without triggers, and so without a word: it has happened on a standby, before its promotion.
        await db.execute("set local session_replication_role = replica")
        await db.execute("delete from message where thread_id = $1 and seq > 1", thread)
        for seq in (2, 3, 4):
            await db.execute(insert, thread, seq, "new")
        await db.execute("update thread set last_seq = 4 where id = $1", thread)
    await db.execute(TERMINATE, "chinwag listener")
    await expect(contents(page)).to_have_text(["kept", "new", "new", "new"])


async def test_after_five_tries_the_person_is_asked(open_page: Open, thread: int) -> None:
    tries, is_broken = 0, True
    is_listed = asyncio.Event()

    async def break_off(browser: WebSocketRoute) -> None:
        nonlocal tries
        tries += 1
        await is_listed.wait()  # when the list gets its connection, the thread gets its tries anew
        if is_broken:
            await browser.close()
        else:
            browser.connect_to_server()

    page = await open_page("/static/favicon.svg")
    await page.add_init_script(DICE_AT_LEAST)
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), break_off)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await expect(item(page, thread)).to_be_visible()
    await write(page, "unsent")  # first: to send begins the tries anew when they are used up
    is_listed.set()
    await expect(page.get_by_text("Not connected")).to_be_visible()
    await expect(page.get_by_role("article")).to_contain_text("Waiting for the connection")
    assert tries == 6
    is_broken = False
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("Not connected")).to_be_hidden()
    await expect(page.get_by_role("article")).to_contain_text("Sent")


async def test_planned_restarts_use_up_no_tries(open_page: Open, thread: int) -> None:
    restarts, restarted = 0, asyncio.Event()

    async def restart(browser: WebSocketRoute) -> None:
        nonlocal restarts
        server = browser.connect_to_server()

        async def pass_on(text: str | bytes) -> None:
            nonlocal restarts
            browser.send(text)
            if '"ready"' in str(text) and restarts < 8:
                restarts += 1
                await browser.close(code=1012)
                if restarts == 8:
                    restarted.set()

        server.on_message(pass_on)

    page = await open_page("/static/favicon.svg")
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), restart)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await write(page, "in the end")
    await asyncio.wait_for(restarted.wait(), 30)
    await expect(page.get_by_role("article")).to_contain_text("Sent")
    await expect(page.get_by_text("Not connected")).to_be_hidden()


async def test_a_page_that_slept_misses_nothing(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_live(open_page, f"{server.url}/threads/{thread}")
    chromium = await page.context.new_cdp_session(page)
    await chromium.send("Page.setWebLifecycleState", {"state": "frozen"})
    slept_through = [f"n {i}" for i in range(180)]
    insert = "insert into message (thread_id, content) select $1, unnest($2::text[])"
    await db.execute(insert, thread, slept_through[:90])
    server.kill()
    await db.execute(insert, thread, slept_through[90:])
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
    await is_sent(page)
    await page.clock.pause_at(await page.evaluate("Date.now() + 1_000"))
    await routes[0].close(code=code)
    await expect(page.locator("connection-status")).to_have_attribute("data-state", "reconnecting")
    await page.clock.run_for(ms - 100)
    await page.evaluate("null")  # what the page did before, is known here now
    assert len(routes) == 1
    await page.clock.run_for(100)
    await page.evaluate("null")
    assert len(routes) == 2
