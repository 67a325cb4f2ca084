"""Every state of the page that a person can see, to be looked at by axe and by the eye."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urljoin

from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.conversations import TITLES
from tests.support.page import REFUSED, Line, act, contents, field, item, write

MAX_CONTENT = 1000
"""The setting of the server of these tests."""


@dataclass
class Scene:
    """A person's tab, and the world behind it."""

    page: Page
    db: Connection
    line: Line
    threads: dict[str, int]

    async def open(self, title: str, seq: int | None = None) -> None:
        path = f"/threads/{self.threads[title]}" + (f"/{seq}" if seq else "")
        await self.page.goto(urljoin(self.page.url, path))
        await expect(self.page.locator("main")).to_have_attribute("data-view", "open")


async def conversation(scene: Scene) -> None:
    await scene.open("Backups")
    await expect(contents(scene.page).last).to_be_in_viewport()


async def message_hovered(scene: Scene) -> None:
    await conversation(scene)
    await scene.page.get_by_role("article").last.focus()
    await scene.page.get_by_role("article").nth(-2).hover()


async def the_list(scene: Scene) -> None:
    await conversation(scene)
    if await scene.page.get_by_role("button", name="Chats").is_visible():
        await scene.page.get_by_role("button", name="Chats").click()
    await expect(item(scene.page, scene.threads["Nothing yet"])).to_be_in_viewport()


async def unread(scene: Scene) -> None:
    await scene.open("Release on Monday")
    await expect(contents(scene.page).last).to_be_in_viewport()
    await scene.page.locator(".scroller").evaluate("(scroller) => scroller.scrollTo(0, 0)")
    await expect(scene.page.get_by_role("button", name="Newest")).to_be_visible()
    await scene.open("Backups")
    for content in ("Anybody there?", "It is **red** again."):
        await scene.db.execute(
            "insert into message (thread_id, role, content) values ($1, 'assistant', $2)",
            scene.threads["Release on Monday"], content,
        )  # fmt: skip
    await expect(scene.page).to_have_title(re.compile(r"^\(1\)"))
    await scene.open("Release on Monday")
    await expect(scene.page.locator(".unread-from:not([hidden])")).to_be_in_viewport()


async def far_from_the_end(scene: Scene) -> None:
    await scene.open("Release on Monday", 5)
    await expect(scene.page.get_by_role("button", name="Newest")).to_be_visible()


async def very_long(scene: Scene) -> None:
    await scene.open("Ideas for the offsite")
    await expect(contents(scene.page)).to_have_count(1)


async def formatted(scene: Scene) -> None:
    await scene.open("Formatted", 2)
    await expect(contents(scene.page).last).to_be_in_viewport()


async def formatted_by_me(scene: Scene) -> None:
    await scene.open("Formatted", 1)
    await expect(contents(scene.page).first).to_be_in_viewport()


async def long_title(scene: Scene) -> None:
    await scene.open(TITLES[2])


async def menu(scene: Scene) -> None:
    await conversation(scene)
    await scene.page.get_by_role("button", name="What to do with this chat").click()
    await expect(scene.page.get_by_role("button", name="Unpin")).to_be_focused()


async def rename(scene: Scene) -> None:
    await conversation(scene)
    await act(scene.page, "Rename")
    await expect(scene.page.get_by_role("textbox", name="Title of the chat")).to_be_focused()


async def rename_in_the_list(scene: Scene) -> None:
    await the_list(scene)
    await item(scene.page, scene.threads["Nothing yet"]).hover()
    await scene.page.get_by_role("button", name="What to do with Nothing yet").click()
    await scene.page.locator(".menu").get_by_role("button", name="Rename").click()
    await expect(scene.page.get_by_role("textbox", name="Title of the chat")).to_be_focused()


async def deleted(scene: Scene) -> None:
    await conversation(scene)
    await act(scene.page, "Delete")
    await expect(scene.page.get_by_role("button", name="Undo")).to_be_visible()


async def seek(scene: Scene, words: str) -> None:
    await conversation(scene)
    await scene.page.keyboard.press("Control+k")
    await scene.page.get_by_role("combobox").fill(words)


async def found(scene: Scene) -> None:
    await seek(scene, "backup")
    await expect(scene.page.get_by_role("option").nth(3)).to_be_visible()


async def found_to_the_end(scene: Scene) -> None:
    await seek(scene, "backup")
    results = scene.page.locator(".results")
    for count in (20, 40, 60):
        await expect(scene.page.get_by_role("option").nth(count - 1)).to_be_attached()
        await results.evaluate("(results) => results.scrollTo(0, results.scrollHeight)")
    await expect(scene.page.get_by_text("and no more")).to_be_visible()


async def nothing_found(scene: Scene) -> None:
    await seek(scene, "zebra")
    await expect(scene.page.get_by_text("Nothing found")).to_be_visible()


async def searching(scene: Scene) -> None:
    await scene.page.route("**/api/v1/search?*", lambda _: None)
    await seek(scene, "backup")
    await expect(scene.page.get_by_text("Searching")).to_be_visible()


async def search_failed(scene: Scene) -> None:
    await scene.page.route("**/api/v1/search?*", lambda route: route.abort("connectionfailed"))
    await seek(scene, "zebra")
    await expect(scene.page.get_by_text("could not be searched")).to_be_visible()


async def keys(scene: Scene) -> None:
    await conversation(scene)
    await scene.page.get_by_role("article").last.focus()
    await scene.page.keyboard.press("?")
    await expect(scene.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


async def empty(scene: Scene) -> None:
    await scene.open("Nothing yet")
    await expect(scene.page.get_by_text("Nothing here yet")).to_be_visible()


async def writing(scene: Scene) -> None:
    await conversation(scene)
    await field(scene.page).fill("- one\n- two\n\nand **more**")


async def nearly_too_long(scene: Scene) -> None:
    await conversation(scene)
    await field(scene.page).fill("so many words " * 68)
    await expect(scene.page.get_by_text("left")).to_be_visible()


async def too_long(scene: Scene) -> None:
    await conversation(scene)
    await write(scene.page, "x" * (MAX_CONTENT + 1))
    await expect(scene.page.get_by_text("It is too long")).to_be_visible()


async def sent(scene: Scene) -> None:
    await scene.open("Nothing yet")
    await write(scene.page, "Hello")
    await expect(scene.page.locator(".message .state")).to_have_text(["Sent"])


async def not_sent(scene: Scene) -> None:
    await conversation(scene)
    await write(scene.page, REFUSED)
    await expect(scene.page.get_by_text("1 message could not be sent")).to_be_visible()


async def offline(scene: Scene) -> None:
    scene.line.is_cut = True
    await conversation(scene)
    await write(scene.page, "Sent while there is no connection")
    await expect(scene.page.get_by_text("1 message waits")).to_be_visible()


async def without_database(scene: Scene) -> None:
    await scene.open("Backups")
    await write(scene.page, "Sent while the server has its database")
    await expect(scene.page.locator(".message .state").last).to_have_text("Sent")
    scene.line.say("database", available=False)
    await expect(scene.page.get_by_text("cannot reach its database")).to_be_visible()


async def opened_without_database(scene: Scene) -> None:
    await scene.page.route(re.compile(r"/api/v1/threads[?/]"), lambda _: None)
    await scene.page.goto(urljoin(scene.page.url, f"/threads/{scene.threads['Backups']}"))
    await scene.page.evaluate(
        """import("/static/bundle/app/model/threads.js").then(({ threads }) => new Promise(resolve => {
            const look = () => (threads.state === "connected" ? resolve() : setTimeout(look, 5));
            look();
        }))"""
    )
    scene.line.say("database", available=False)
    await expect(scene.page.get_by_text("could not be opened")).to_be_visible()


async def typing(scene: Scene) -> None:
    await scene.open("Release on Monday")
    await scene.page.evaluate(
        """import("/static/bundle/app/model/store.js").then(({ store }) => {
            // Again and again, as it is shown for a few seconds only.
            const bot = { role: "assistant", author: null };
            const type = () => store.typists.start({ thread_id: store.threadId, ...bot });
            type();
            setInterval(type, 1000);
        })"""
    )
    await expect(scene.page.locator(".typing")).to_be_in_viewport()


async def new(scene: Scene) -> None:
    await conversation(scene)
    await scene.page.keyboard.press("Escape")
    await scene.page.get_by_role("article").last.focus()
    await scene.page.keyboard.press("n")
    await expect(scene.page.get_by_text("What’s on your mind?")).to_be_visible()


async def first_visit(scene: Scene) -> None:
    await scene.db.execute("delete from thread")
    await scene.page.goto(urljoin(scene.page.url, "/"))
    await expect(scene.page.get_by_text("What’s on your mind?")).to_be_visible()


async def loading(scene: Scene) -> None:
    await scene.page.route("**/messages?*", lambda _: None)
    await scene.page.goto(urljoin(scene.page.url, f"/threads/{scene.threads['Backups']}"))
    await expect(scene.page.locator("main")).to_have_attribute("data-view", "loading")


async def gone(scene: Scene) -> None:
    await scene.page.goto(urljoin(scene.page.url, "/threads/999999"))
    await expect(scene.page.get_by_text("This chat is gone")).to_be_visible()


async def not_opened(scene: Scene) -> None:
    await scene.page.route("**/messages?*", lambda route: route.abort("connectionfailed"))
    await scene.page.goto(urljoin(scene.page.url, f"/threads/{scene.threads['Backups']}"))
    await expect(scene.page.get_by_text("could not be opened")).to_be_visible()


STATES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    state.__name__: state
    for state in (
        conversation, message_hovered, the_list, unread, far_from_the_end, very_long, formatted,
        formatted_by_me, long_title, menu, rename, rename_in_the_list, deleted, found, found_to_the_end,
        nothing_found, searching, search_failed, keys, empty, writing, nearly_too_long, too_long, sent,
        not_sent, offline, without_database, opened_without_database, typing, new, first_visit, loading,
        gone, not_opened,
    )
}  # fmt: skip
