"""What is unread is the same on all devices of a person, and a chat tells of as much as the person wants."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, item
from tests.support.people import open_as, signed_in
from tests.support.process import Server


@pytest.fixture(autouse=True)
async def no_threads(db: Connection) -> None:
    await db.execute("delete from thread")


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(server, "ann") as client:
        yield client


@pytest.fixture
async def threads(ann: httpx.AsyncClient) -> tuple[int, int]:
    """The ids of two threads of Ann and Bob."""
    new = [
        (await ann.post("/threads", json={"title": title, "members": ["bob"]})).json()["id"] for title in "AB"
    ]
    return new[0], new[1]


async def say(client: httpx.AsyncClient, thread: int, content: str) -> None:
    answer = await client.post(f"/threads/{thread}/messages", json={"content": content})
    assert answer.status_code == 201, answer.text


async def test_a_message_that_was_replaced_mentions_nobody(
    open_page: Open, server: Server, other_server: Server, ann: httpx.AsyncClient, threads: tuple[int, int]
) -> None:
    thread, elsewhere = threads
    devices = [
        await open_as(open_page, where, "bob", f"/threads/{elsewhere}") for where in (server, other_server)
    ]
    replaced: int | None = None
    for content, mentions in (("for @bob", "1"), ("for @bob, too", "1"), ("for all", None)):
        message = {"content": content, "replaces": replaced}
        answer = await ann.post(f"/threads/{thread}/messages", json=message)
        assert answer.status_code == 201, answer.text
        replaced = answer.json()["seq"]
        for device in devices:
            shown = item(device, thread).locator(".mentions")
            await (expect(shown).to_contain_text(mentions) if mentions else expect(shown).to_be_hidden())


async def test_the_counts_are_the_same_on_all_devices(
    open_page: Open, server: Server, other_server: Server, ann: httpx.AsyncClient, threads: tuple[int, int]
) -> None:
    thread, elsewhere = threads
    devices = [
        await open_as(open_page, where, "bob", f"/threads/{elsewhere}") for where in (server, other_server)
    ]
    for content in ("one", "two @bob", "three"):
        await say(ann, thread, content)
    for device in devices:
        await expect(item(device, thread).locator(".unread")).to_have_text(", 2 unread")
        await expect(item(device, thread).locator(".mentions")).to_contain_text("1")
        await expect(device).to_have_title("(1) B · Chinwag")
    await item(devices[0], thread).click()
    await expect(contents(devices[0]).last).to_have_text("three")
    await expect(item(devices[1], thread).locator(".unread")).to_be_hidden()
    await expect(item(devices[1], thread).locator(".mentions")).to_be_hidden()
    await expect(devices[1]).to_have_title("B · Chinwag")


async def test_what_is_written_on_another_device_is_read(
    open_page: Open, server: Server, threads: tuple[int, int], db: Connection
) -> None:
    thread, elsewhere = threads
    one = await open_as(open_page, server, "ann", f"/threads/{thread}")
    other = await open_as(open_page, server, "ann", f"/threads/{elsewhere}")
    await expect(item(other, thread)).to_be_visible()
    await one.locator("textarea").fill("from here")
    await one.keyboard.press("Enter")
    await expect(item(other, thread)).to_contain_text("from here")
    await expect(item(other, thread).locator(".unread")).to_be_hidden()
    assert await db.fetchval(
        "select read_seq = last_seq from read_mark join thread on thread_id = thread.id"
        " join account on account_id = account.id where thread_id = $1 and username = 'ann'", thread,
    )  # fmt: skip


async def choose(page: Page, thread: int, level: str) -> None:
    await item(page, thread).hover()
    await page.locator(f"thread-list li[data-id='{thread}'] button").click()
    await page.get_by_role("radio", name=level).check()
    await expect(page.get_by_role("radio", name=level)).to_be_checked()
    await page.keyboard.press("Escape")


async def test_a_chat_tells_of_as_much_as_one_wants(
    open_page: Open, server: Server, ann: httpx.AsyncClient, threads: tuple[int, int], db: Connection
) -> None:
    thread, elsewhere = threads
    page = await open_as(open_page, server, "bob", f"/threads/{elsewhere}")
    loud = re.compile(r"\bhas-news\b")
    entry = page.locator(f"thread-list li[data-id='{thread}']")
    await expect(entry).to_be_visible()
    await choose(page, thread, "Mentions")
    await say(ann, thread, "to nobody")
    await expect(entry.locator(".unread")).to_have_text(", 1 unread")
    await expect(entry).not_to_have_class(loud)
    await expect(page).to_have_title("B · Chinwag")
    await say(ann, thread, "to @bob")
    await expect(entry).to_have_class(loud)
    await expect(page).to_have_title("(1) B · Chinwag")
    await choose(page, thread, "Nothing")
    await expect(entry).not_to_have_class(loud)
    await expect(page).to_have_title("B · Chinwag")
    async with asyncio.timeout(10):
        while (
            await db.fetchval(
                "select level from read_mark where thread_id = $1 and level <> 'everything'", thread
            )
            != "nothing"
        ):
            await asyncio.sleep(0.01)
    await page.reload()
    await expect(entry).to_be_visible()
    await expect(entry).not_to_have_class(loud)
