"""What a person does with threads on the page: pin, rename in place, export, delete and undo."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, Route, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, act, contents, field, item


@pytest.fixture
async def three(db: Connection) -> list[int]:
    """The only threads: "one", "two" and "three", which is the newest."""
    await db.execute("delete from thread")
    titles = "insert into thread (title, updated_at) values ($1, now() + $2 * interval '1 ms') returning id"
    return [await db.fetchval(titles, title, i) for i, title in enumerate(("one", "two", "three"))]


async def test_pinned_chats_come_first(open_page: Open, three: list[int]) -> None:
    page, other = await open_page(f"/threads/{three[0]}"), await open_page(f"/threads/{three[1]}")
    await expect(listed(page)).to_have_text(["three", "two", "one"])
    await expect(page.get_by_role("heading", name="Pinned")).to_be_hidden()
    await act(page, "Pin")
    for tab in (page, other):
        await expect(listed(tab)).to_have_text(["one", "three", "two"])
        await expect(tab.get_by_role("heading", name="Pinned")).to_be_visible()
    await page.reload()
    await expect(listed(page)).to_have_text(["one", "three", "two"])
    await act(page, "Unpin")
    await expect(page.get_by_role("heading", name="Pinned")).to_be_hidden()


async def test_a_pinned_chat_is_listed_however_old_it_is(open_page: Open, db: Connection) -> None:
    await db.execute("insert into thread (title, pinned, updated_at) values ('old', true, '2020-01-01')")
    await db.execute("insert into thread (title) select 'young' from generate_series(1, 100)")
    page = await open_page("/")
    await expect(page.get_by_role("list", name="Pinned").locator("a")).to_contain_text(["old"])


async def test_the_title_is_edited_where_it_stands(open_page: Open, db: Connection, three: list[int]) -> None:
    page = await open_page(f"/threads/{three[2]}")
    title = page.get_by_role("heading", level=1)
    await title.get_by_text("three").dblclick()
    await editor(page).fill("by a click")
    await page.keyboard.press("Enter")
    await expect(title).to_have_text("by a click")
    await page.keyboard.press("F2")
    await editor(page).fill("left")
    await page.keyboard.press("Escape")
    await expect(editor(page)).to_have_count(0)
    await page.keyboard.press("F2")
    await editor(page).fill("by a look elsewhere")
    await field(page).focus()
    await expect(title).to_have_text("by a look elsewhere")
    await expect(item(page, three[2])).to_contain_text("by a look elsewhere")


async def test_any_chat_of_the_list_is_renamed_in_the_list(open_page: Open, three: list[int]) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await page.get_by_role("button", name="What to do with one").click()
    await choose(page, "Rename")
    await expect(page.locator("thread-list").get_by_role("textbox")).to_be_focused()
    await editor(page).fill("uno")
    await page.keyboard.press("Enter")
    await expect(listed(page)).to_have_text(["three", "two", "uno"])


async def test_a_change_that_fails_is_taken_back(open_page: Open, three: list[int]) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await page.route("**/api/v1/threads/*", abort("PATCH"))
    await act(page, "Pin")
    await expect(page.get_by_role("status").get_by_text("“three” could not be changed.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Pinned")).to_be_hidden()


async def test_a_chat_is_taken_away_as_a_file(open_page: Open, db: Connection, three: list[int]) -> None:
    await db.execute("insert into message (thread_id, content) values ($1, 'keep me')", three[2])
    page = await open_page(f"/threads/{three[2]}")
    await expect(contents(page)).to_have_text(["keep me"])
    for name, ending in (("Markdown", "md"), ("JSON", "json")):
        await page.get_by_role("button", name="What to do with this chat").click()
        async with page.expect_download() as download:
            await page.get_by_role("link", name=f"Export as {name}").click()
        file = await download.value
        assert file.suggested_filename == f"three.{ending}"
        assert "keep me" in (await file.path()).read_text()


async def test_a_deletion_is_undone(open_page: Open, db: Connection, three: list[int]) -> None:
    page = await open_page(f"/threads/{three[1]}")
    await expect(listed(page)).to_have_text(["three", "two", "one"])
    await act(page, "Delete")
    await expect(listed(page)).to_have_text(["three", "one"])
    await expect(page).to_have_url(re.compile(f"/threads/{three[2]}$"))
    await page.get_by_role("button", name="Undo").click()
    await expect(listed(page)).to_have_text(["three", "two", "one"])
    await expect(page).to_have_url(re.compile(f"/threads/{three[1]}$"))
    await expect(toast(page)).to_be_hidden()
    assert await left(db) == three


async def test_each_of_several_deletions_is_undone_by_a_key(
    open_page: Open, db: Connection, three: list[int]
) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await act(page, "Delete")
    await expect(toast(page)).to_contain_text("Deleted “three”")
    await act(page, "Delete")
    await expect(toast(page)).to_contain_text("Deleted “two” and 1 more")
    await expect(field(page)).to_be_focused()
    await page.keyboard.press("Control+z")
    await expect(listed(page)).to_have_text(["two", "one"])
    await page.get_by_role("button", name="Find").focus()
    await page.keyboard.press("z")
    await page.keyboard.press("Control+z")
    await expect(listed(page)).to_have_text(["three", "two", "one"])
    assert await left(db) == three


async def test_a_deletion_is_undone_where_the_next_chat_has_a_draft(
    open_page: Open, three: list[int]
) -> None:
    page = await open_page(f"/threads/{three[1]}")
    await field(page).fill("not yet")
    await item(page, three[2]).click()
    await expect(page).to_have_url(re.compile(f"/threads/{three[2]}$"))
    await act(page, "Delete")
    await expect(field(page)).to_have_value("not yet")
    await page.keyboard.press("Control+z")
    await expect(listed(page)).to_have_text(["three", "two", "one"])
    await act(page, "Delete")
    await field(page).press_sequentially("z")
    await page.keyboard.press("Control+z")
    await expect(listed(page)).to_have_text(["two", "one"])
    await expect(field(page)).to_have_value("not yet")


async def test_no_single_key_deletes_a_chat(open_page: Open, db: Connection, three: list[int]) -> None:
    await db.execute("insert into message (thread_id, content) values ($1, 'keep me')", three[2])
    page = await open_page(f"/threads/{three[2]}")
    for key in ("Delete", "Backspace", "Shift+Delete", "Shift+Backspace", "d", "z"):
        await page.get_by_role("article").focus()
        await page.keyboard.press(key)
    await expect(toast(page)).to_be_hidden()
    await expect(listed(page)).to_have_text(["three", "two", "one"])
    await page.keyboard.press("Control+Shift+Backspace")
    await expect(listed(page)).to_have_text(["two", "one"])


async def test_the_focus_stays_in_the_list_when_a_chat_of_it_is_deleted(
    open_page: Open, three: list[int]
) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await page.get_by_role("button", name="What to do with two").click()
    await choose(page, "Delete")
    await expect(item(page, three[0])).to_be_focused()
    await page.keyboard.press("Control+z")
    await expect(listed(page)).to_have_text(["three", "two", "one"])


async def test_what_is_being_written_keeps_its_own_undo(open_page: Open, three: list[int]) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await act(page, "Delete")
    await expect(page).to_have_url(re.compile(f"/threads/{three[1]}$"))
    await field(page).press_sequentially("puzzle")
    await page.keyboard.press("Control+z")
    await expect(listed(page)).to_have_text(["two", "one"])


async def test_the_time_for_an_undo_stands_still_under_the_mouse(
    open_page: Open, db: Connection, three: list[int]
) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await act(page, "Delete")
    await page.mouse.move(0, 0)
    assert await state(page) == "running"
    await toast(page).hover()
    assert await state(page) == "paused"
    await page.mouse.move(0, 0)
    await page.get_by_role("button", name="Undo").focus()
    assert await state(page) == "paused"
    await field(page).focus()
    async with page.expect_response(lambda response: response.request.method == "DELETE"):
        await page.evaluate(f"{TIME}.finish()")
    await expect(toast(page)).to_be_hidden()
    assert await left(db) == three[:2]


async def test_a_chat_that_cannot_be_deleted_comes_back(open_page: Open, three: list[int]) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await page.route("**/api/v1/threads/*", abort("DELETE"))
    await act(page, "Delete")
    await page.get_by_role("button", name="Dismiss").click()
    await expect(toast(page)).to_contain_text("“three” could not be deleted.")
    await expect(listed(page)).to_have_text(["three", "two", "one"])


async def test_a_page_that_is_left_deletes_for_good(
    open_page: Open, db: Connection, three: list[int]
) -> None:
    page, other = await open_page(f"/threads/{three[2]}"), await open_page(f"/threads/{three[0]}")
    await expect(listed(other)).to_have_text(["three", "two", "one"])
    await act(page, "Delete")
    await act(page, "Delete")
    await expect(listed(page)).to_have_text(["one"])
    await expect(listed(other)).to_have_text(["three", "two", "one"])
    await page.goto("about:blank")
    await expect(listed(other)).to_have_text(["one"])
    assert await left(db) == three[:1]


async def test_what_is_left_undone_is_told_in_the_list(open_page: Open, three: list[int]) -> None:
    page = await open_page(f"/threads/{three[2]}")
    await field(page).fill("not yet")
    await expect(item(page, three[2]).locator(".mark")).to_have_text("Draft")
    await field(page).fill("")
    await expect(item(page, three[2]).locator(".mark")).to_have_text("")


TIME = "document.querySelector('toast-line').getAnimations().find(one => one.animationName === 'stay')"


async def state(page: Page) -> str:
    """Of the time for an undo."""
    state: str = await page.evaluate(f"{TIME}.playState")
    return state


def listed(page: Page) -> Locator:
    return page.locator("thread-list li a .title")


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Title of the chat")


def toast(page: Page) -> Locator:
    return page.locator("toast-line")


async def choose(page: Page, name: str) -> None:
    await page.locator(".menu").get_by_role("button", name=name, exact=True).click()


async def left(db: Connection) -> list[int]:
    return [row["id"] for row in await db.fetch("select id from thread order by id")]


def abort(method: str) -> Callable[[Route], Awaitable[None]]:
    async def answer(route: Route) -> None:
        await (route.abort("connectionrefused") if route.request.method == method else route.continue_())

    return answer
