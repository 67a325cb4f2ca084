"""Whatever people write is text: it runs nothing, asks no other host and stays in its place."""

import re
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from chinwag.db.pool import Connection
from tests.support.hostile import ADDRESSES, LINKS, SCRIPTS, SHAPES
from tests.support.page import Open, complaints_of, contents, item, none_matters
from tests.support.process import Server

PHONE: ViewportSize = {"width": 360, "height": 640}
COMPUTER: ViewportSize = {"width": 1280, "height": 720}
INSERT = "insert into message (thread_id, content) select $1, unnest($2::text[])"

WATCH = """
    window.alert = window.confirm = window.prompt = () => (window.hacked = 1);
    window.violations = [];
    addEventListener("securitypolicyviolation", event => window.violations.push(event.blockedURI));
"""

# The text of each message, without what the page itself adds to a block of code.
SHOWN = """all => all.map(content => {
    const copy = content.cloneNode(true);
    for (const block of copy.querySelectorAll("code-block"))
        block.replaceWith(block.querySelector("code").textContent);
    return copy.textContent;
})"""


@pytest.fixture(scope="module")
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """One tab for all: each of its own would be a process that compiles the page again."""
    context = await browser.new_context()
    await context.add_init_script(WATCH)
    yield await context.new_page()
    await context.close()


@pytest.fixture(scope="module")
async def complaints(tab: Page) -> list[str]:
    return complaints_of(tab.context)


@pytest.fixture
async def open_watched(tab: Page, complaints: list[str], server: Server) -> AsyncIterator[Open]:
    """A function that opens a thread in the tab, as of a person who has never been here. At the end, it may
    not have complained or asked another host."""
    complaints.clear()

    async def open(thread: int, viewport: ViewportSize = COMPUTER) -> Page:
        await tab.goto(urljoin(server.url, "/static/favicon.svg"))
        await tab.evaluate("localStorage.clear()")
        await tab.mouse.move(-1, -1)  # over nothing
        await tab.set_viewport_size(viewport)
        await tab.goto(urljoin(server.url, f"/threads/{thread}"))
        return tab

    yield open
    assert none_matters(complaints), complaints


async def nothing_happened(page: Page) -> None:
    """Check that the page did nothing. What the console and the network tell is checked by open_watched."""
    assert await page.evaluate("[window.hacked, window.violations, frames.length, {}.hacked]") == [
        None,
        [],
        0,
        None,
    ]
    await expect(
        page.locator(":is(.content, h1, .title) :is(script, img, svg, iframe, style, form)")
    ).to_have_count(0)


async def test_hostile_messages_are_text(open_watched: Open, db: Connection, thread: int) -> None:
    said = SCRIPTS + LINKS
    await db.execute(INSERT, thread, [*said[20:], "the end"])
    page = await open_watched(thread)
    await expect(contents(page).last).to_have_text("the end")
    assert await contents(page).evaluate_all(SHOWN) == [*said[20:], "the end"]
    await db.execute(INSERT, thread, [*said[:20], "live"])
    await expect(contents(page).last).to_have_text("live")
    assert (await contents(page).evaluate_all(SHOWN))[-21:-1] == said[:20]
    addresses = await contents(page).get_by_role("link").evaluate_all("all => all.map(a => a.protocol)")
    assert set(addresses) <= {"https:", "http:"}
    await nothing_happened(page)


async def test_hostile_replies_are_text_while_they_stream(open_watched: Open, thread: int) -> None:
    """At no step do they ask another host, and no link leads to a script."""
    page = await open_watched(thread)
    protocols: list[str] = await page.evaluate(
        """async texts => {
            const { StreamedText } = await import("/static/bundle/app/text/streamed-text.js");
            const content = document.createElement("div");
            content.className = "content";
            document.querySelector(".entries").append(content);
            const streamed = new StreamedText(content);
            const protocols = new Set();
            const inBlocks = text => [text, `|a|\\n|-|\\n|${text}`, "```" + text + "\\n" + text];
            for (const text of texts.flatMap(inBlocks)) {
                for (let end = 1; end <= text.length; end += text.length > 500 ? 97 : 1) {
                    streamed.show(text.slice(0, end));
                    for (const link of content.querySelectorAll("a")) protocols.add(link.protocol);
                    if (content.querySelector("script, img, svg, iframe, style, form")) protocols.add(text);
                }
            }
            return [...protocols];
        }""",
        [*SCRIPTS, *LINKS, *ADDRESSES, *[shape for shape in SHAPES.values() if len(shape) < 20_000]],
    )
    assert set(protocols) <= {"https:", "http:"}
    await nothing_happened(page)


async def test_hostile_links_are_no_links(open_watched: Open, db: Connection, thread: int) -> None:
    said = [one for one in LINKS if "https://" not in one]
    await db.execute(INSERT, thread, [*said, "the end"])
    page = await open_watched(thread)
    await expect(contents(page).last).to_have_text("the end")
    await expect(contents(page).get_by_role("link")).to_have_count(0)
    await nothing_happened(page)


async def test_addresses_are_not_asked(open_watched: Open, db: Connection, thread: int) -> None:
    await db.execute(INSERT, thread, [*ADDRESSES, "the end"])
    page = await open_watched(thread)
    await expect(contents(page).last).to_have_text("the end")
    links = contents(page).get_by_role("link")
    for link in await links.all():
        await link.hover()
        assert await link.evaluate("a => a.getAttributeNames().sort().join()") in (
            "data-host,href,rel,target,title",
            "href,rel,target,title",
        )
    await expect(links.locator("a")).to_have_count(0)
    await nothing_happened(page)


async def test_hostile_code_is_text(open_watched: Open, db: Connection, thread: int) -> None:
    said = [*SCRIPTS, *LINKS, *ADDRESSES][-40:]
    await db.execute(INSERT, thread, [f"```{_word(one)}\n{one}\n```" for one in said])
    page = await open_watched(thread)
    await expect(contents(page)).to_have_count(len(said))
    assert await contents(page).evaluate_all(SHOWN) == said
    await nothing_happened(page)


async def test_a_hostile_cell_is_text(open_watched: Open, db: Connection, thread: int) -> None:
    said = [one for one in [*SCRIPTS, *LINKS] if "|" not in one and "https://" not in one][-40:]
    await db.execute(INSERT, thread, [f"|a|\n|-|\n|{one}|" for one in said])
    page = await open_watched(thread)
    await expect(contents(page).locator("td")).to_have_count(len(said))
    assert await contents(page).locator("td").all_text_contents() == [one.strip() for one in said]
    await nothing_happened(page)


async def test_a_hostile_title_is_text(open_watched: Open, db: Connection) -> None:
    titles = [text[:200] for text in [*SCRIPTS[::6], *SHAPES.values()]]
    add = "insert into thread (title) values ($1) returning id"
    await db.execute("delete from thread")  # so that the list shows all of them
    threads = {await db.fetchval(add, title): title for title in titles}
    page = await open_watched(next(iter(threads)), viewport=PHONE)
    for thread, title in threads.items():
        await page.get_by_role("button", name="Chats").click()
        await item(page, thread).scroll_into_view_if_needed()
        listed = item(page, thread).locator(".title")
        await expect(listed).to_be_in_viewport()
        assert await listed.text_content() == title
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], title
        await item(page, thread).click()
        await expect(page).to_have_url(re.compile(f"/threads/{thread}$"))
        await expect(page.locator("main")).to_have_attribute("data-view", "open")
        assert await page.locator("h1").text_content() == title
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], title
        await nothing_happened(page)


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_is_around_stays_in_its_place(
    open_watched: Open, db: Connection, thread: int, shape: str
) -> None:
    """Whether it is in a paragraph or in code."""
    text, plain = SHAPES[shape], "12 beside (next)"
    code = f"```\n{text}\n```"
    await db.execute(INSERT, thread, [plain, text, plain, code, "12 after (next)"])
    page = await open_watched(thread, viewport=PHONE)
    await expect(contents(page).last).to_have_text("12 after (next)")
    articles = await page.get_by_role("article").all()
    for place, said in ((1, text), (3, code)):
        assert letters(await contents(page).nth(place).inner_text()) >= letters(said) - {"\u2028", "\u2029"}
        await is_as_left_to_right(articles[place].locator("time"))
    for selector in ("html", ".scroller"):
        it = page.locator(selector)
        assert await it.evaluate("it => it.scrollWidth <= it.clientWidth"), selector
    for place in (0, 2, 4):
        await is_as_left_to_right(articles[place].locator(".content p"))
    boxes = [box for one in articles if (box := await one.bounding_box())]
    for one, next_one in pairwise(boxes):
        assert one["y"] + one["height"] <= next_one["y"]
    assert len(boxes) == 5
    await nothing_happened(page)


async def is_as_left_to_right(element: Any) -> None:
    """Whether each letter stands to the right of the one before it."""
    assert await element.evaluate("""element => {
        const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        const range = document.createRange();
        let right = 0;
        for (let text; (text = texts.nextNode()); )
            for (let i = 0; i < text.data.length; i++) {
                range.setStart(text, i);
                range.setEnd(text, i + 1);
                const box = range.getBoundingClientRect();
                if (box.width && box.left < right - 1) return false;
                if (box.width) right = box.right;
            }
        return right > 0;
    }""")


@pytest.mark.parametrize("shape", [one for one in SHAPES if one.startswith("Zalgo")])
async def test_nothing_is_painted_over_other_messages(
    tab: Page, open_watched: Open, db: Connection, thread: int, shape: str
) -> None:
    await db.execute(INSERT, thread, ["before", "plain"])
    other = await db.fetchval("insert into thread (title) values ('Thread') returning id")
    await db.execute(INSERT, other, ["before", SHAPES[shape]])
    pictures = []
    await tab.emulate_media(reduced_motion="reduce")
    for id in (thread, other):
        page = await open_watched(id, viewport=PHONE)
        await expect(contents(page)).to_have_count(2)
        before = page.get_by_role("article").first
        await expect(before).to_be_in_viewport()
        pictures.append(await before.screenshot())
    await tab.emulate_media(reduced_motion="no-preference")
    assert pictures[0] == pictures[1]


def letters(text: str) -> set[str]:
    return {one for one in text if one.isalnum()}


def _word(text: str) -> str:
    return text.replace("`", "").replace("\n", "")
