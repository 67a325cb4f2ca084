"""Persons talk on two servers: whose message it is, who is there, who types, and who is mentioned."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from chinwag.db.pool import Connection
from tests.support.page import Line, Open, contents, field, item, write
from tests.support.people import add_person, open_as, signed_in
from tests.support.process import Server

NAMES = {"ann": "Ann Lovelace", "bob": "Bob", "cy": '<b id="cy">Cy</b>'}
TYPED = re.compile(r"Ann Lovelace is typing")


@pytest.fixture(autouse=True)
async def nothing_is_unread(db: Connection) -> None:
    await db.execute("delete from thread")


def message(page: Page, content: str) -> Locator:
    return page.get_by_role("article").filter(has=page.locator(".content", has_text=content))


async def x_of(locator: Locator) -> float:
    box = await locator.bounding_box()
    assert box
    return box["x"]


async def test_each_message_stands_on_the_side_of_its_author(
    open_page: Open, server: Server, other_server: Server, db: Connection, group: int
) -> None:
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    bob = await open_as(open_page, other_server, "bob", f"/threads/{group}")
    await write(ann, "Hello Bob")
    await write(ann, "It is Monday")
    await expect(message(bob, "It is Monday")).to_be_visible()
    await write(bob, "So it is")
    await expect(message(ann, "So it is")).to_be_visible()
    await db.execute("insert into message (thread_id, content) values ($1, 'the backup is done')", group)
    await expect(message(ann, "the backup is done")).to_be_visible()
    for page, own, of_other, name in (
        (ann, "Hello Bob", "So it is", "Bob"), (bob, "So it is", "Hello Bob", "Ann Lovelace")
    ):  # fmt: skip
        assert await x_of(message(page, own).locator(".content")) > await x_of(
            message(page, of_other).locator(".content")
        )
        await expect(message(page, own)).to_contain_text("You")
        await expect(message(page, of_other).get_by_text(name, exact=True)).to_be_visible()
        await expect(message(page, of_other).locator(".avatar")).to_be_visible()
    # What one writes in one go has the name once, and a screen reader hears it with each.
    again = message(bob, "It is Monday")
    await expect(again.locator(".avatar")).to_be_hidden()
    await expect(again).to_contain_text("Ann Lovelace")
    assert await again.locator(".author").evaluate("(name) => name.offsetWidth") <= 1
    writer = await db.fetchval("select session_user")
    await expect(message(ann, "the backup is done").get_by_text(writer, exact=True)).to_be_visible()


async def test_what_happens_to_the_members_is_a_quiet_line(
    open_page: Open, server: Server, ann_http: httpx.AsyncClient, group: int
) -> None:
    page = await open_as(open_page, server, "ann", f"/threads/{group}")
    await expect(page.locator(".message.system")).to_have_count(2)
    await ann_http.delete(f"/threads/{group}/members/cy")
    line = page.locator(".message.system").last
    await expect(line).to_contain_text('Ann Lovelace removed <b id="cy">Cy</b>.')
    await expect(line.locator(".avatar")).to_be_hidden()
    await expect(page.locator("#cy")).to_have_count(0)


async def test_a_name_is_text_and_follows_its_person(
    open_page: Open, server: Server, db: Connection, group: int
) -> None:
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    cy = await open_as(open_page, server, "cy", f"/threads/{group}")
    await write(cy, "My name is a tag")
    await expect(message(ann, "My name is a tag").locator(".author")).to_have_text(NAMES["cy"])
    await expect(ann.locator("#cy")).to_have_count(0)
    await db.execute("update account set display_name = 'Cyrus' where username = 'cy'")
    await expect(message(ann, "My name is a tag").locator(".author")).to_have_text("Cyrus")
    await db.execute("update account set display_name = $1 where username = 'cy'", NAMES["cy"])


async def test_the_messages_of_a_deleted_account_stay(
    open_page: Open, server: Server, db: Connection, group: int
) -> None:
    dora = await add_person(db, "dora")
    await db.execute("insert into member (thread_id, account_id) values ($1, $2)", group, dora)
    await db.execute(
        "insert into message (thread_id, content, author) values ($1, 'I was here', $2)", group, dora
    )
    page = await open_as(open_page, server, "ann", f"/threads/{group}")
    await expect(message(page, "I was here").locator(".author")).to_have_text("dora")
    await db.execute("delete from account where id = $1", dora)
    await expect(message(page, "I was here").locator(".author")).to_have_text("Deleted account")


async def test_who_is_mentioned_sees_it(
    open_page: Open, server: Server, other_server: Server, ann_http: httpx.AsyncClient, group: int
) -> None:
    elsewhere = (await ann_http.post("/threads", json={"title": "Other", "members": ["bob"]})).json()["id"]
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    bob = await open_as(open_page, other_server, "bob", f"/threads/{elsewhere}")
    await expect(item(bob, group)).to_be_visible()
    await field(ann).press_sequentially("Look, @b")
    await expect(ann.get_by_role("option")).to_have_count(1)
    await expect(field(ann)).to_have_attribute("aria-activedescendant", "mentionable-0")
    await ann.keyboard.press("Enter")
    await expect(field(ann)).to_have_value("Look, @bob ")
    await field(ann).press_sequentially("and `@bob`")
    await ann.keyboard.press("Enter")
    await expect(item(bob, group).locator(".mentions")).to_contain_text("1")
    await expect(bob).to_have_title(re.compile(r"^\(1\) "))
    await item(bob, group).click()
    mention = message(bob, "Look").locator(".mention")
    await expect(mention).to_have_count(1)
    await expect(mention).to_have_class(re.compile("of-me"))
    await expect(message(ann, "Look").locator(".mention.known")).to_have_text("@bob")
    await expect(item(bob, group).locator(".mentions")).to_be_hidden()


async def test_the_list_of_those_who_can_be_mentioned_is_led_by_keys(
    open_page: Open, server: Server, group: int
) -> None:
    page = await open_as(open_page, server, "ann", f"/threads/{group}")
    options = page.get_by_role("option")
    await expect(page.get_by_role("button", name="People of this chat: 3")).to_be_visible()
    await field(page).press_sequentially("@")
    await expect(options).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await expect(options).to_have_count(0)
    await expect(field(page)).to_have_value("@")
    await field(page).press_sequentially("c")
    await options.first.click()
    await expect(field(page)).to_have_value("@cy ")
    await expect(field(page)).to_be_focused()
    await field(page).fill("mail a@")
    await expect(options).to_have_count(0)


async def test_one_sees_who_types(open_page: Open, server: Server, other_server: Server, group: int) -> None:
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    bob = await open_as(open_page, other_server, "bob", f"/threads/{group}")
    await expect(contents(bob).last).to_be_visible()
    await field(ann).press_sequentially("Wait")
    await expect(bob.get_by_text(TYPED)).to_be_visible()
    await expect(ann.locator(".typing")).to_be_hidden()
    await ann.keyboard.press("Enter")
    await expect(message(bob, "Wait")).to_be_visible()
    await expect(bob.get_by_text(TYPED)).to_be_hidden()


async def test_typing_is_told_seldom(open_page: Open, server: Server, group: int) -> None:
    ann = await open_as(open_page, server, "ann")
    await ann.clock.install()
    sent: list[str] = []
    ann.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    await ann.goto(f"{server.url}/threads/{group}")
    await expect(ann.locator("chat-people")).to_be_visible()
    await field(ann).press_sequentially("quickly")
    await ann.clock.run_for(3_100)
    await field(ann).press_sequentially("!")
    async with asyncio.timeout(10):
        while sum('"typing"' in frame for frame in sent) < 2:
            await asyncio.sleep(0.01)
    assert sum('"typing"' in frame for frame in sent) == 2


async def test_who_types_no_more_is_forgotten(
    open_page: Open, server: Server, named: dict[str, int], group: int
) -> None:
    ann = await open_as(open_page, server, "ann")
    line = Line("/api/v1/ws/threads/")
    await line.lay(ann.context)
    await ann.clock.install()
    await ann.goto(f"{server.url}/threads/{group}")
    await expect(ann.locator("chat-people")).to_be_visible()
    for id, names in ((named["bob"], "Bob is"), (named["cy"], f"Bob and {NAMES['cy']} are")):
        line.say("typing", thread_id=group, role="user", author=id)
        await expect(ann.locator(".typists")).to_have_text(f"{names} typing")
    line.say("typing", thread_id=group, role="user", author=named["ann"])  # from another device
    await expect(ann.locator(".typists")).not_to_contain_text("Ann")
    await ann.clock.run_for(6_100)
    await expect(ann.locator(".typing")).to_be_hidden()


async def test_one_sees_who_is_online(
    open_page: Open, server: Server, other_server: Server, group: int
) -> None:
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    online = ann.locator("chat-people .avatar.online")
    await expect(ann.locator("chat-people .avatar")).to_have_count(2)
    await expect(online).to_have_count(0)
    bob = await open_as(open_page, other_server, "bob")
    await expect(online).to_have_text(["B"])
    await bob.context.close()
    async with asyncio.timeout(60):
        await expect(online).to_have_count(0, timeout=60_000)


async def test_who_has_no_part_in_a_thread_finds_none(
    open_page: Open, server: Server, ann_http: httpx.AsyncClient
) -> None:
    secret = (await ann_http.post("/threads", json={"title": "Secret", "members": ["bob"]})).json()["id"]
    bob = await open_as(open_page, server, "bob", f"/threads/{secret}")
    await expect(item(bob, secret)).to_be_visible()
    cy = await open_as(open_page, server, "cy", f"/threads/{secret}")
    await expect(cy.get_by_text("This chat is gone")).to_be_visible()
    await expect(item(cy, secret)).to_have_count(0)
    await ann_http.delete(f"/threads/{secret}/members/bob")
    await expect(bob.get_by_text("This chat is gone")).to_be_visible()
    await expect(item(bob, secret)).to_have_count(0)


async def test_what_is_found_names_its_author(
    open_page: Open, server: Server, ann_http: httpx.AsyncClient, group: int
) -> None:
    async with signed_in(server, "bob") as bob:
        for client, who in ((ann_http, "Ann"), (bob, "Bob")):
            await client.post(f"/threads/{group}/messages", json={"content": f"A walrus, said {who}"})
    page = await open_as(open_page, server, "ann", f"/threads/{group}")
    await expect(contents(page).last).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Find").fill("walrus")
    await expect(page.get_by_role("option").locator(".who")).to_have_text(["Bob", "You"])
