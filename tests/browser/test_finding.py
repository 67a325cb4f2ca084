"""The page finds chats by their titles and messages by their words."""

import json
import re

import httpx
from playwright.async_api import Locator, Page, Route, expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.page import Open, field


async def test_titles_are_found_whatever_case_and_accents(open_page: Open, http: httpx.AsyncClient) -> None:
    for title in ("Café Zürich", "Something else"):
        await http.post("/threads", json={"title": title})
    page = await open_page("/")
    await seek(page, "CAFE ZUR")
    await expect(titles(page)).to_have_text(["Café Zürich"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Café Zürich")
    await expect(field(page)).to_be_focused()
    await expect(combobox(page)).to_be_hidden()


async def test_a_title_is_found_that_the_list_has_not_read(
    open_page: Open, db: Connection, http: httpx.AsyncClient
) -> None:
    old = (await http.post("/threads", json={"title": "Zanzibar"})).json()["id"]
    await db.execute("update thread set updated_at = '2020-01-01' where id = $1", old)
    await db.execute("insert into thread (title) select 'Young' from generate_series(1, 50)")
    page = await open_page("/")
    await expect(page.locator("thread-list li")).to_have_count(40)
    await seek(page, "zanzi")
    await expect(titles(page)).to_have_text(["Zanzibar"])
    await expect(page.get_by_role("option", selected=True)).to_have_text("Zanzibar")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/threads/{old}")


async def test_a_message_is_found_and_leads_to_its_place(
    open_page: Open, db: Connection, thread: int
) -> None:
    said = ["a <b>walrus</b> swims", "nothing of that kind"]
    await db.executemany(
        "insert into message (thread_id, content) values ($1, $2)", [(thread, one) for one in said]
    )
    page = await open_page("/")
    await seek(page, "walrus")
    await expect(found(page)).to_have_count(1)
    await expect(found(page).locator("mark")).to_have_text(["walrus"])
    await expect(found(page)).to_contain_text("a <b>walrus</b> swims")
    await expect(page.get_by_text("1 found")).to_be_visible()
    await found(page).click()
    await page.wait_for_url(f"**/threads/{thread}/1")
    await page.reload()
    await expect(page.get_by_role("article").first).to_contain_text("walrus")


async def test_the_arrows_move_through_what_is_found(open_page: Open, http: httpx.AsyncClient) -> None:
    for title in ("Arrow one", "Arrow two", "Arrow three"):
        await http.post("/threads", json={"title": title})
    page = await open_page("/")
    await seek(page, "arrow")
    await expect(titles(page)).to_have_text(["Arrow three", "Arrow two", "Arrow one"])
    for key, title in [("", "three"), ("ArrowDown", "two"), ("ArrowUp", "three"), ("ArrowUp", "one")]:
        if key:
            await page.keyboard.press(key)
        active = page.get_by_role("option", selected=True)
        await expect(active).to_have_text(f"Arrow {title}")
        active_id = await active.get_attribute("id") or ""
        await expect(combobox(page)).to_have_attribute("aria-activedescendant", active_id)


async def test_a_late_answer_does_not_overwrite_a_newer_one(open_page: Open) -> None:
    page = await open_page("/")
    held: list[Route] = []

    async def answer(route: Route) -> None:
        if "q=first" in route.request.url:
            held.append(route)
        else:
            await route.fulfill(body=json.dumps([hit("second")]))

    await page.route("**/api/v1/search?*", answer)
    async with page.expect_request("**/api/v1/search?q=first*"):
        await seek(page, "first")
    async with page.expect_event("requestfailed"):
        await combobox(page).fill("second")
    await expect(found(page).locator("mark")).to_have_text(["second"])
    assert held


MANY = 45
INSERT_MANY = """
    insert into message (thread_id, content) select $1, 'a pelican ' || n from generate_series(1, $2) n
"""


async def test_all_hits_are_reached_by_scrolling(open_page: Open, db: Connection, thread: int) -> None:
    await db.execute(INSERT_MANY, thread, MANY)
    page = await open_page("/")
    await seek(page, "pelican")
    await expect(page.get_by_text("20 found so far")).to_be_visible()
    while (before := await found(page).count()) < MANY:
        await found(page).last.hover()
        await page.mouse.wheel(0, 5_000)
        await expect(found(page).nth(before)).to_be_attached()
    await expect(found(page)).to_have_count(MANY)
    told = page.get_by_role("status").filter(has_text="45 found, and no more")
    await expect(told).to_be_visible()
    excerpts = await found(page).locator(".excerpt").all_text_contents()
    assert excerpts == [f"a pelican {n}" for n in range(MANY, 0, -1)]
    await found(page).last.click()
    await page.wait_for_url(f"**/threads/{thread}/1")


async def test_all_hits_are_reached_by_key(open_page: Open, db: Connection, thread: int) -> None:
    await db.execute(INSERT_MANY, thread, MANY)
    page = await open_page("/")
    await seek(page, "pelican")
    await expect(found(page)).to_have_count(20)
    active = page.get_by_role("option", selected=True)
    for n in range(MANY, 0, -1):
        if n % 20 == 5:  # the last that is there
            await expect(found(page).nth(MANY - n)).to_be_attached()
        await expect(active).to_contain_text(f"pelican {n}")
        await expect(active).to_be_in_viewport()
        await page.keyboard.press("ArrowDown")
    await expect(active).to_contain_text(f"pelican {MANY}")


async def test_hits_that_could_not_be_read_are_read_again(
    open_page: Open, db: Connection, thread: int
) -> None:
    await db.execute(INSERT_MANY, thread, MANY)
    page = await open_page("/")
    await page.route("**/api/v1/search?*before=*", lambda route: route.abort("connectionrefused"))
    await seek(page, "pelican")
    await expect(found(page)).to_have_count(20)
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_text("Messages could not be searched")).to_be_visible()
    await expect(found(page)).to_have_count(20)
    await page.unroute("**/api/v1/search?*before=*")
    await page.keyboard.press("ArrowDown")
    await expect(found(page)).to_have_count(40)


async def test_an_excerpt_shows_that_the_message_goes_on(
    open_page: Open, db: Connection, thread: int
) -> None:
    content = "word " * 60 + "a narwhal " + "more " * 60
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, content)
    page = await open_page("/")
    await seek(page, "narwhal")
    await expect(found(page).locator(".excerpt")).to_have_text(re.compile(r"^….*narwhal.*…$", re.DOTALL))


async def test_each_state_is_told(open_page: Open, thread: int, http: httpx.AsyncClient) -> None:
    await http.post(f"/threads/{thread}/messages", json={"content": "an octopus"})
    for width, scheme in [(360, "dark"), (1280, "light")]:
        viewport = {"width": width, "height": 700}
        look = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
        page = await open_page(f"/threads/{thread}", **look)
        await expect(page.get_by_role("article")).to_have_count(1)
        await seek(page, "octopus")
        await expect(found(page).locator("mark")).to_have_text(["octopus"])
        await no_finding(page)
        await combobox(page).fill("no such words")
        await expect(page.get_by_text("Nothing found")).to_be_visible()
        await no_finding(page)
        await page.route("**/api/v1/search?*", lambda route: route.abort("connectionrefused"))
        await combobox(page).fill("octopus")
        await expect(page.get_by_text("Messages could not be searched")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(combobox(page)).to_be_hidden()
        await expect(field(page)).to_be_focused()


async def seek(page: Page, words: str) -> None:
    await expect(field(page)).to_be_focused()
    await page.keyboard.press("Control+k")
    await combobox(page).fill(words)


def combobox(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Find a chat or a message")


def titles(page: Page) -> Locator:
    return page.get_by_role("group", name="Chats").get_by_role("option")


def found(page: Page) -> Locator:
    return page.get_by_role("group", name="Messages").get_by_role("option")


def hit(word: str) -> dict[str, object]:
    where = {"message": 1, "thread_id": 1, "seq": 1, "title": "A chat", "role": "user"}
    return {**where, "created_at": "2026-01-01T00:00:00Z", "parts": [{"text": word, "is_match": True}]}
