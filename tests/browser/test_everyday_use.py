"""The page, as people use it: in a real Chromium, on a real server."""

import asyncio
import re
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.page import Open, act, contents, field, is_sent, item, write
from tests.support.process import ServerStarter

SCRIPT = '<img src=x onerror="document.title=1"><script>document.title="broken"</script>'


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
    await is_sent(page)
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


async def test_another_page_can_import_the_service(open_page: Open, thread: int) -> None:
    page = await open_page("/static/favicon.svg")
    said = await page.evaluate(
        """async thread => {
            const { WebSocketService } = await import("/static/net/websocket-service.js");
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


async def test_hostile_content_is_text(open_page: Open, http: httpx.AsyncClient) -> None:
    thread = (await http.post("/threads", json={"title": SCRIPT})).json()["id"]
    await http.post(f"/threads/{thread}/messages", json={"content": SCRIPT})
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page)).to_have_text([SCRIPT])
    await expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    # Before it may stand how many chats are unread that other tests have left.
    await expect(page).to_have_title(re.compile(re.escape(f"{SCRIPT} · Chinwag") + "$"))


async def test_threads_are_live_in_every_window(open_page: Open, db: Connection) -> None:
    one, other = await open_page("/"), await open_page("/")
    await other.wait_for_load_state("networkidle")  # or it could open the new one by itself
    await one.get_by_role("button", name="New chat").first.click()
    await write(one, "hello")
    await expect(contents(one)).to_have_text(["hello"])
    id = int(one.url.rpartition("/")[2])
    await expect(item(other, id)).to_be_visible()
    title = f"Plan {uuid4().hex[:6]}"
    await act(one, "Rename")
    await one.get_by_role("textbox", name="Title of the chat").fill(title)
    await one.keyboard.press("Enter")
    await expect(one.get_by_role("heading", level=1)).to_have_text(title)
    await expect(item(other, id)).to_have_text(re.compile(title))

    younger = await db.fetchval("insert into thread (title) values ('younger') returning id")
    await expect(other.locator("thread-list li").first).to_have_attribute("data-id", str(younger))
    await db.execute("insert into message (thread_id, content) values ($1, 'activity')", id)
    await expect(other.locator("thread-list li").first).to_have_attribute("data-id", str(id))
    await expect(item(other, id).get_by_text("unread")).to_be_visible()

    await item(other, id).click()
    await act(one, "Delete")
    await one.get_by_role("button", name="Dismiss").click()
    await expect(item(one, id)).to_have_count(0)
    await expect(item(other, id)).to_have_count(0)
    await expect(other.get_by_text("This chat is gone")).to_be_visible()


async def test_the_bot_is_seen_typing(open_page: Open, start_server: ServerStarter, thread: int) -> None:
    server = start_server({"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0.6"})
    page = await open_page(f"{server.url}/threads/{thread}")
    await write(page, "are you there?")
    await expect(page.locator(".typing:not([hidden]), .thinking").first).to_be_visible()
    await expect(contents(page)).to_have_text(["are you there?", "are you there?"])
    await expect(page.locator(".typing")).to_be_hidden()
    await asyncio.to_thread(server.stop)
