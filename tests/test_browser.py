"""The page, as people use it: in a real Chromium, on a real server."""

import asyncio
import re
from urllib.parse import urljoin
from uuid import uuid4

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, WebSocketRoute, expect

from app.database import Connection
from tests.page import Open, contents, field, item, write
from tests.process import ServerStarter
from tests.storm.faults import TERMINATE

pytestmark = pytest.mark.anyio

SCRIPT = '<img src=x onerror="document.title=`broken`"><script>document.title="broken"</script>'

TOP = "element => element.getBoundingClientRect().top"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": "1000"}


async def test_two_people_see_each_message_once_and_in_order(open_page: Open, thread: int) -> None:
    one, other = await open_page(f"/threads/{thread}"), await open_page(f"/threads/{thread}")
    said: list[str] = []
    for i in range(5):
        for page in (one, other):
            said.append(f"n {len(said)} in round {i}")
            await write(page, said[-1])
            await expect(contents(one)).to_have_text(said)
            await expect(contents(other)).to_have_text(said)


async def test_what_is_inserted_by_sql_shows(open_page: Open, db: Connection, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    await db.execute("insert into message (thread_id, content) values ($1, 'psql')", thread)
    await expect(contents(page)).to_have_text(["psql"])
    await expect(page.get_by_text("Nothing here yet")).to_be_hidden()


async def test_a_newcomer_types_and_a_chat_begins(open_page: Open) -> None:
    page = await open_page("/")
    await page.get_by_role("button", name="New chat").first.click()
    await write(page, "hello")
    await expect(contents(page)).to_have_text(["hello"])
    await expect(page).to_have_url(re.compile(r"/threads/\d+$"))
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    await page.reload()
    await expect(contents(page)).to_have_text(["hello"])


async def test_a_line_is_ended_with_shift(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await field(page).press_sequentially("one")
    await field(page).press("Shift+Enter")
    await field(page).press_sequentially("two")
    await field(page).press("Enter")
    await expect(contents(page)).to_have_text(["one\ntwo"])
    await expect(field(page)).to_have_value("")


async def test_what_was_missed_while_offline_comes(open_page: Open, db: Connection, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await write(page, "before")
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    await page.context.set_offline(True)
    await expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=15_000)
    await db.execute("insert into message (thread_id, content) values ($1, 'meanwhile')", thread)
    await page.context.set_offline(False)
    await expect(contents(page)).to_have_text(["before", "meanwhile"], timeout=15_000)
    await expect(page.get_by_text("Reconnecting…")).to_be_hidden(timeout=15_000)


async def test_what_was_sent_while_the_server_was_away_is_stored_once(
    open_page: Open, db: Connection, start_server: ServerStarter, settings: dict[str, str], thread: int
) -> None:
    server = start_server(settings)
    page = await open_page(f"{server.url}/threads/{thread}")
    await write(page, "before")
    await expect(page.locator(".message .state")).to_have_text(["Sent"])
    server.kill()
    await write(page, "while it is away")
    await expect(contents(page)).to_have_text(["before", "while it is away"])
    start_server(settings, port=server.port)
    await expect(page.locator("[data-state]:is(.message)")).to_have_count(0, timeout=15_000)
    await expect(contents(page)).to_have_text(["before", "while it is away"])
    assert await db.fetchval("select count(*) from message where thread_id = $1", thread) == 2


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

    async def break_off(browser: WebSocketRoute) -> None:
        nonlocal tries
        tries += 1
        if is_broken:
            await browser.close()
        else:
            browser.connect_to_server()

    page = await open_page("/static/favicon.svg")
    await page.clock.install()
    await page.route_web_socket(re.compile(r"/ws/threads/\d"), break_off)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await write(page, "unsent")
    await expect(item(page, thread)).to_be_visible()  # or the clock would run out on the list's connection
    async with asyncio.timeout(20):
        while not await page.get_by_text("Not connected").is_visible():
            await page.clock.run_for(1_000)
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


async def test_another_page_can_import_the_service(open_page: Open, thread: int) -> None:
    page = await open_page("/static/favicon.svg")
    said = await page.evaluate(
        """async thread => {
            const { WebSocketService } = await import("/static/websocket-service.js");
            const service = WebSocketService.getInstance();
            const got = [];
            await service.connect(thread, message => got.push(message.content));
            const { seq } = await service.sendMessage({ content: "one" });
            const code = await service.sendMessage({ content: "x".repeat(1001) }).catch(error => error.code);
            await service.sendMessage({ content: "two" });
            await service.disconnect();
            const gone = await service.connect(999999, () => {}).catch(() => "gone");
            return [got, seq, code, gone, service.state];
        }""",
        thread,
    )
    assert said == [["one", "two"], 1, "content_too_long", "gone", "disconnected"]


async def test_a_refused_message_stays_with_its_reason_and_can_be_discarded(
    open_page: Open, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await write(page, "x" * 1001)
    failed = page.get_by_role("article").filter(has_text="Not sent")
    await expect(failed).to_contain_text("this server takes up to 1000")
    await failed.get_by_role("button", name="Retry").click()
    await expect(failed).to_contain_text("Not sent")
    await failed.get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("article")).to_have_count(0)


async def test_hostile_content_is_text(open_page: Open, http: httpx.AsyncClient) -> None:
    thread = (await http.post("/threads", json={"title": SCRIPT})).json()["id"]
    await http.post(f"/threads/{thread}/messages", json={"content": SCRIPT})
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page)).to_have_text([SCRIPT])
    await expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    await expect(page).to_have_title(f"{SCRIPT} · Chinwag")


async def test_threads_are_live_in_every_window(open_page: Open, db: Connection) -> None:
    one, other = await open_page("/"), await open_page("/")
    await one.get_by_role("button", name="New chat").first.click()
    await write(one, "hello")
    await expect(contents(one)).to_have_text(["hello"])
    id = int(one.url.rpartition("/")[2])
    await expect(item(other, id)).to_be_visible()
    title = f"Plan {uuid4().hex[:6]}"
    await act(one, "Rename…")
    await one.get_by_role("textbox", name="Rename chat").fill(title)
    await one.get_by_role("button", name="Rename", exact=True).click()
    await expect(one.get_by_role("heading", level=1)).to_have_text(title)
    await expect(item(other, id)).to_have_text(re.compile(title))

    younger = await db.fetchval("insert into thread (title) values ('younger') returning id")
    await expect(other.locator("thread-list li").first).to_have_attribute("data-id", str(younger))
    await db.execute("insert into message (thread_id, content) values ($1, 'activity')", id)
    await expect(other.locator("thread-list li").first).to_have_attribute("data-id", str(id))
    await expect(item(other, id).get_by_text("unread")).to_be_visible()

    await item(other, id).click()
    await act(one, "Delete…")
    await one.get_by_role("button", name="Delete", exact=True).click()
    await expect(item(one, id)).to_have_count(0)
    await expect(item(other, id)).to_have_count(0)
    await expect(other.get_by_text("This chat is gone")).to_be_visible()


async def test_older_messages_come_without_moving_what_is_read(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(
        "insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, 300) i", thread
    )
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).last).to_be_in_viewport()
    while (count := await contents(page).count()) < 300:
        oldest = await contents(page).first.element_handle()
        assert oldest
        await page.locator(".scroller").evaluate("scroller => (scroller.scrollTop = 0)")
        top = await oldest.evaluate(TOP)
        await expect(contents(page)).not_to_have_count(count)
        assert abs(await oldest.evaluate(TOP) - top) < 1  # px
    assert await contents(page).all_text_contents() == [f"n {i}" for i in range(1, 301)]


async def test_who_reads_older_messages_is_not_moved_by_new_ones(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(
        "insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, 40) i", thread
    )
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).last).to_be_in_viewport()
    await db.execute("insert into message (thread_id, content) values ($1, 'followed')", thread)
    await expect(contents(page).last).to_have_text("followed")
    await expect(contents(page).last).to_be_in_viewport()

    await page.get_by_role("region", name="Conversation").hover()
    await page.mouse.wheel(0, -400)
    await expect(contents(page).last).not_to_be_in_viewport()
    top = await page.locator(".scroller").evaluate("scroller => scroller.scrollTop")
    await db.execute("insert into message (thread_id, content) values ($1, 'not followed')", thread)
    jump = page.get_by_role("button", name="1 new message")
    await expect(jump).to_be_visible()
    assert await page.locator(".scroller").evaluate("scroller => scroller.scrollTop") == top
    await jump.click()
    await expect(contents(page).last).to_be_in_viewport()


async def test_the_bot_is_seen_typing(open_page: Open, start_server: ServerStarter, thread: int) -> None:
    server = start_server({"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0.6"})
    page = await open_page(f"{server.url}/threads/{thread}")
    await write(page, "are you there?")
    await expect(page.locator(".typing")).to_be_visible()
    await expect(contents(page)).to_have_text(["are you there?", "are you there?"])
    await expect(page.locator(".typing")).to_be_hidden()
    await asyncio.to_thread(server.stop)


async def test_everything_can_be_done_with_the_keyboard(open_page: Open) -> None:
    page = await open_page("/")
    await page.get_by_role("button", name="New chat").first.press("Enter")
    await expect(field(page)).to_be_focused()
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Enter")
    await expect(contents(page)).to_have_text(["by keyboard"])
    await page.get_by_role("button", name="Rename or delete this chat").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Rename…")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("Renamed")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Renamed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_axe_finds_nothing(
    open_page: Open, db: Connection, thread: int, scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 720}
    await db.execute("insert into message (thread_id, content) values ($1, 'one')", thread)
    await db.execute("insert into message (thread_id, role, content) values ($1, 'assistant', 'two')", thread)
    look = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = await open_page(f"/threads/{thread}", **look)
    await expect(contents(page)).to_have_text(["one", "two"])
    await write(page, "x" * 1001)
    await expect(page.get_by_text("Not sent")).to_be_visible()
    await no_finding(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 720:
        await page.get_by_role("button", name="Chats").click()
        await expect(item(page, thread)).to_be_visible()
        await no_finding(page)
        await page.keyboard.press("Escape")
    await act(page, "Delete…")
    await no_finding(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.goto(page.url.replace(f"/{thread}", "/999999"))
    await expect(page.get_by_text("This chat is gone")).to_be_visible()
    await no_finding(page)


async def no_finding(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


async def act(page: Page, name: str) -> None:
    """Choose from the menu of the open thread."""
    await page.get_by_role("button", name="Rename or delete this chat").click()
    await page.get_by_role("button", name=name).click()
