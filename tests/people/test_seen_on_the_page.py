"""In a small chat, the page shows up to which message each of the others has read it."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from chinwag.db.pool import Connection
from tests.storm.faults import TERMINATE
from tests.support.axe import no_finding
from tests.support.page import HIDDEN, SOON, Line, Open, contents, field, write
from tests.support.people import add_person, open_as, signed_in
from tests.support.process import Server

NAMES = {"ann": "Ann", "bob": "Bob Burr", "cy": '<b id="cy">Cy</b>'}
BOXES = "all => all.map(one => JSON.stringify(one.getBoundingClientRect()))"
MOVE = "update read_mark set read_seq = $3 where thread_id = $1 and account_id = any ($2)"


async def say(client: httpx.AsyncClient, thread: int, content: str) -> int:
    answer = await client.post(f"/threads/{thread}/messages", json={"content": content})
    return int(answer.json()["seq"])


async def reads(server: Server, username: str, thread: int, seq: int) -> None:
    async with signed_in(server, username) as client:
        assert (await client.put(f"/threads/{thread}/read", json={"seq": seq})).status_code == 204


async def open_what_bob_has_read(
    open_page: Open, server: Server, thread: int, ann: httpx.AsyncClient
) -> Page:
    """Open the tab of Ann on a message of hers that Bob has read."""
    await reads(server, "bob", thread, await say(ann, thread, "a question"))
    page = await open_as(open_page, server, "ann", f"/threads/{thread}")
    await expect(seen(page, "a question")).to_have_text("BB")
    return page


def seen(page: Page, content: str) -> Locator:
    """The line that says by whom a message was seen."""
    entry = page.locator(".entry").filter(has=page.locator(".content", has_text=content))
    return entry.get_by_role("img", name=re.compile("^Seen by "))


async def test_one_sees_what_another_has_read_and_nothing_moves(
    open_page: Open, server: Server, other_server: Server, group: int, ann_http: httpx.AsyncClient
) -> None:
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    await write(ann, "first")
    await expect(contents(ann).last).to_have_text("first")
    bob = await open_as(open_page, other_server, "bob", f"/threads/{group}")
    await expect(seen(ann, "first")).to_have_accessible_name("Seen by Bob Burr")
    await expect(seen(ann, "first")).to_have_attribute("title", "Seen by Bob Burr")
    await expect(seen(ann, "first")).to_have_text("BB")
    await no_finding(ann)
    await bob.evaluate(HIDDEN)
    await write(ann, "second")
    await expect(contents(bob).last).to_have_text("second")
    await expect(ann.locator(".newest .state")).to_be_visible()
    await expect(seen(ann, "second")).to_have_count(0)
    places = await ann.get_by_role("article").evaluate_all(BOXES)
    await bob.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(seen(ann, "second")).to_have_text("BB")
    await expect(seen(ann, "first")).to_have_count(0)
    assert await ann.get_by_role("article").evaluate_all(BOXES) == places
    await expect(ann.locator(".newest .state")).to_be_hidden()  # that it was seen says more
    await expect(bob.locator(".seen")).to_have_count(0)  # neither of oneself, nor of who has written it
    await write(bob, "third")
    await expect(seen(bob, "third")).to_have_accessible_name("Seen by Ann")
    await expect(ann.locator(".seen")).to_have_count(0)


async def test_who_answers_has_read_what_came_before(
    open_page: Open, server: Server, group: int, ann_http: httpx.AsyncClient
) -> None:
    ann = await open_what_bob_has_read(open_page, server, group, ann_http)
    async with signed_in(server, "bob") as bob:
        await say(bob, group, "an answer")
    await expect(contents(ann).last).to_have_text("an answer")
    await expect(ann.locator(".seen")).to_have_count(0)
    await expect(field(ann)).to_be_focused()


async def test_several_are_named_in_one_line(
    open_page: Open, server: Server, db: Connection, named: dict[str, int], ann_http: httpx.AsyncClient
) -> None:
    names = [f"p{number}" for number in range(6)]
    ids = [await add_person(db, name) for name in names]
    members = ["bob", "cy", *names]
    thread = (await ann_http.post("/threads", json={"members": members})).json()["id"]
    last = await say(ann_http, thread, "to all")
    ann = await open_as(open_page, server, "ann", f"/threads/{thread}")
    await expect(contents(ann).last).to_have_text("to all")
    for username in ("cy", "bob"):
        await reads(server, username, thread, last)
    await expect(seen(ann, "to all")).to_have_accessible_name(f"Seen by {NAMES['cy']} and Bob Burr")
    await expect(ann.locator("#cy")).to_have_count(0)  # a name is text
    await db.execute(MOVE, thread, ids, last)
    await expect(seen(ann, "to all")).to_have_accessible_name(re.compile("Bob Burr, p0, p1, .*, p4 and p5$"))
    await expect(seen(ann, "to all").locator(".avatar")).to_have_count(4)
    await expect(seen(ann, "to all")).to_contain_text("+4")
    await db.execute("update account set display_name = 'Cyrus' where username = 'cy'")
    await expect(seen(ann, "to all")).to_have_accessible_name(re.compile("^Seen by Cyrus, "))
    await db.execute("update account set display_name = $1 where username = 'cy'", NAMES["cy"])
    await no_finding(ann)


async def test_what_was_read_while_one_was_away_is_seen(
    open_page: Open, server: Server, group: int, ann_http: httpx.AsyncClient
) -> None:
    last = await say(ann_http, group, "are you there?")
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    await expect(ann.get_by_role("button", name="People of this chat: 3")).to_be_visible()
    await ann.context.set_offline(True)
    await expect(ann.get_by_text("Reconnecting…")).to_be_visible(timeout=SOON)
    await reads(server, "bob", group, last)
    await ann.context.set_offline(False)
    await expect(seen(ann, "are you there?")).to_have_text("BB", timeout=SOON)


async def test_what_was_read_while_the_server_heard_nothing_is_seen(
    open_page: Open,
    server: Server,
    db: Connection,
    named: dict[str, int],
    group: int,
    ann_http: httpx.AsyncClient,
) -> None:
    last = await say(ann_http, group, "are you there?")
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    await expect(ann.get_by_role("button", name="People of this chat: 3")).to_be_visible()
    async with db.transaction():
        # Without triggers, and so without a word.
        await db.execute("set local session_replication_role = replica")
        await db.execute(MOVE, group, [named["bob"]], last)
    await db.execute(TERMINATE, "chinwag listener")
    await expect(seen(ann, "are you there?")).to_have_text("BB", timeout=SOON)


async def test_the_members_are_asked_for_once(
    open_page: Open, server: Server, group: int, ann_http: httpx.AsyncClient
) -> None:
    last = await say(ann_http, group, "seen already")
    await reads(server, "bob", group, last)
    ann = await open_as(open_page, server, "ann")
    await ann.wait_for_load_state("networkidle")  # what this page asks for does not count
    asked: list[str] = []
    ann.on("request", lambda request: asked.append(request.url))
    await ann.goto(f"{server.url}/threads/{group}", wait_until="networkidle")
    await expect(seen(ann, "seen already")).to_have_text("BB")
    assert len([url for url in asked if url.endswith(f"/threads/{group}/members")]) == 1, asked


async def test_in_an_open_chat_nothing_is_shown(
    open_page: Open, server: Server, group: int, ann_http: httpx.AsyncClient
) -> None:
    ann = await open_what_bob_has_read(open_page, server, group, ann_http)
    await ann_http.patch(f"/threads/{group}", json={"open": True})
    await expect(ann.locator(".seen")).to_have_count(0)


@pytest.mark.parametrize(
    "data",
    [
        {}, {"account": "bob", "read_seq": 4}, {"account": None, "read_seq": None},
        {"read_seq": '4"] .content, [x="'}, {"read_seq": -1}, {"read_seq": 1e300}, {"read_seq": {}},
        {"account": 999_999_999, "read_seq": 4}, {"thread_id": 999_999_999, "read_seq": 4},
    ],
    ids=str,
)  # fmt: skip
async def test_a_frame_that_nobody_could_mean_shows_nothing_and_breaks_nothing(
    open_page: Open, server: Server, named: dict[str, int], group: int, ann_http: httpx.AsyncClient, data: Any
) -> None:
    await say(ann_http, group, "one")
    ann = await open_as(open_page, server, "ann")
    line = Line("/api/v1/ws/threads/")
    await line.lay(ann.context)
    await ann.goto(f"{server.url}/threads/{group}")
    await expect(ann.get_by_role("button", name="People of this chat: 3")).to_be_visible()
    line.say("seen", **({"thread_id": group, "account": named["bob"]} | data))
    last = await say(ann_http, group, "two")
    await expect(contents(ann).last).to_have_text("two")
    await expect(ann.locator(".seen")).to_have_count(0)
    await reads(server, "cy", group, last)
    await expect(seen(ann, "two")).to_have_accessible_name(f"Seen by {NAMES['cy']}")
