"""Each state of the page that only several persons see: clean for axe, in both themes, at all widths."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from chinwag.db.pool import Connection
from tests.support.looks import DEVICES, HEIGHT, looks_right
from tests.support.page import complaints_of, contents, field, item, none_matters
from tests.support.people import sign_in_tab, signed_in
from tests.support.process import Server

NAMES = {"ann": "Ann Lovelace", "bob": "Bob", "cy": "Cy de Ville-Wörishofen"}

TALK = [
    ("bob", "Morning! Who looks after the release?"),
    ("bob", "The list of changes:\n\n- names and sides\n- unread counts\n- `notify`"),
    ("ann", "I do. **Monday** it is, unless somebody objects."),
    ("cy", "@ann the standby was promoted at night; can you look at it? And @bob, please watch the numbers."),
    ("ann", "Looking"),
    ("ann", "It is fine: the listener has noticed within a second."),
    (None, "the backup is done: 12.4 GB in 3 min 20 s"),
    ("cy", "```sh\nmake release\n```"),
]


@pytest.fixture
async def threads(db: Connection, server: Server, persons: dict[str, int]) -> dict[str, int]:
    """The ids of the threads, by their titles."""
    await db.execute("delete from thread")
    for username, name in NAMES.items():
        await db.execute("update account set display_name = $2 where username = $1", username, name)
    async with signed_in(server, "ann") as ann, signed_in(server, "bob") as bob:
        ids = {
            title: await new_thread(ann, title=title, members=["bob", "cy"])
            for title in ("Quiet", "Incidents", "Release on Monday")
        }
        ids["Direct"] = await new_thread(ann, direct=["bob"])
        await ann.put(f"/threads/{ids['Quiet']}/level", json={"level": "nothing"})
        for title, content in (
            ("Quiet", "Nothing to see"), ("Incidents", "It burns"), ("Incidents", "@ann look at this"),
            ("Direct", "Are you there?"),
        ):  # fmt: skip
            await bob.post(f"/threads/{ids[title]}/messages", json={"content": content})
    for author, content in TALK:
        await db.execute(
            "insert into message (thread_id, content, author) values ($1, $2, $3)",
            ids["Release on Monday"], content, persons[author] if author else None,
        )  # fmt: skip
    for username, seq in (("ann", 8), ("bob", 8), ("cy", 10)):
        await db.execute(
            "update read_mark set read_seq = $3 where thread_id = $1 and account_id = $2",
            ids["Release on Monday"], persons[username], seq,
        )  # fmt: skip
    return ids


async def new_thread(client: httpx.AsyncClient, **fields: object) -> int:
    id: int = (await client.post("/threads", json=fields)).json()["id"]
    return id


async def conversation(page: Page, _: dict[str, int]) -> None:
    await expect(page.get_by_role("button", name="People of this chat: 3")).to_be_visible()


async def seen(page: Page, _: dict[str, int]) -> None:
    await expect(page.get_by_role("img", name="Seen by Bob")).to_be_in_viewport()


async def counts(page: Page, threads: dict[str, int]) -> None:
    await conversation(page, threads)
    if await page.get_by_role("button", name="Chats").is_visible():
        await page.get_by_role("button", name="Chats").click()
    await expect(item(page, threads["Incidents"]).locator(".mentions")).to_be_in_viewport()


async def mentions(page: Page, threads: dict[str, int]) -> None:
    await conversation(page, threads)
    await field(page).press_sequentially("Well, @")
    await expect(page.get_by_role("option")).to_have_count(2)


async def members(page: Page, threads: dict[str, int]) -> None:
    await conversation(page, threads)
    await page.locator("chat-people button").click()
    await expect(page.get_by_role("switch")).to_be_visible()


async def direct(page: Page, threads: dict[str, int]) -> None:
    await conversation(page, threads)
    if await page.get_by_role("button", name="Chats").is_visible():
        await page.get_by_role("button", name="Chats").click()
    await page.get_by_role("button", name="New chat with people").click()
    await expect(page.get_by_role("option").first).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Title, for a group")).to_be_visible()


async def levels(page: Page, threads: dict[str, int]) -> None:
    await conversation(page, threads)
    await page.get_by_role("button", name="What to do with this chat").click()
    await expect(page.get_by_role("radio", name="Everything")).to_be_checked()


STATES: tuple[Callable[[Page, dict[str, int]], Awaitable[None]], ...] = (
    conversation, seen, counts, mentions, members, direct, levels,
)  # fmt: skip


@pytest.fixture(scope="module")
async def tab(browser: Browser, server: Server, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A tab of Ann with one of the devices. All its states are seen in the same process of the browser, which
    has compiled the page and axe."""
    options, _ = DEVICES[request.param]
    context = await browser.new_context(reduced_motion="reduce", **options)
    complaints = complaints_of(context)
    page = await context.new_page()
    await sign_in_tab(page, server, "ann")
    yield page
    await context.close()
    assert none_matters(complaints)


@pytest.fixture
async def page(tab: Page, server: Server, threads: dict[str, int]) -> Page:
    """The tab, as on a device that is new to Ann, with a thread that she has opened."""
    await tab.goto(f"{server.url}/static/favicon.svg")
    await tab.evaluate("localStorage.clear()")
    await tab.mouse.move(-1, -1)  # over nothing
    await tab.goto(f"{server.url}/threads/{threads['Release on Monday']}")
    await expect(contents(tab).last).to_be_visible()
    return tab


# All states of a device come one after the other, so that it has one tab.
@pytest.mark.parametrize("tab", DEVICES, indirect=True)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_state(
    page: Page,
    threads: dict[str, int],
    state: Callable[[Page, dict[str, int]], Awaitable[None]],
    request: pytest.FixtureRequest,
) -> None:
    device = request.node.callspec.params["tab"]
    _, widths = DEVICES[device]
    await page.set_viewport_size({"width": widths[0], "height": HEIGHT})
    await state(page, threads)
    await looks_right(page, f"people-{state.__name__}", device, widths)
