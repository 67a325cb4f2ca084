"""Every state of the page that a person can see, to be looked at by axe and by the eye."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.page import REFUSED, Line, act, contents, field, item, write

MAX_CONTENT = 1000
"""The setting of the server of these tests."""
MUCH = 60
"""The number of messages in the thread in which a person can be far from the end."""

CONVERSATION = [
    ("user", 2 * 24 * 60, "Morning! Did the backup run last night?"),
    (
        "assistant", 2 * 24 * 60 - 1,
        "It did. **12.4 GB** in 3 min 20 s, and the restore passed:\n\n"
        "```sh\npg_restore --list backup.dump | wc -l\n```\n\n"
        "1. dumped\n2. copied to the other site\n3. restored and compared",
    ),
    ("user", 2 * 24 * 60 - 3, "Good. And the index on `message`?"),
    (
        "assistant", 24 * 60,
        "> And the index on message?\n\nIt is built *concurrently*, so nothing waits for it: "
        "https://www.postgresql.org/docs/current/sql-createindex.html",
    ),
    ("user", 24 * 60 - 2, "Thanks"),
    ("user", 24 * 60 - 3, "One more thing: when the standby is promoted, who tells the servers?"),
    (
        "assistant", 24 * 60 - 4,
        "Nobody needs to. Each server's listener notices, dials again and repairs its rooms from the table: "
        "a browser only sees its messages arrive a little later.",
    ),
    ("user", 3, "That is the answer I hoped for."),
    ("user", 2, "Shall we ship it on Monday?"),
    ("assistant", 1, "Monday it is."),
]  # fmt: skip
"""Who says what, and how many minutes ago."""

TITLES = [
    "Nothing yet",
    "Ideas for the offsite",
    "A very long title that goes on and on until nobody can read it any more in a list as narrow as this",
    "Who promotes the standby?",
    "Release on Monday",
]

FORMATTED = """\
# Release 2.4

What changed since **2.3**, ~~last~~ this week:

## To do

- [x] Migrate the database
- [ ] Tell the customers, as in [the plan](https://example.com/plan)
  1. by mail
  2. on the page

---

### Sizes

| part | before | after | |
|:-----|-------:|------:|:-:|
| first load | 54.9 kB | 46 kB | ok |
| `message_by_words`, the index of words with a long name | 1.2 GB | 0.9 GB | ok |

![The chart of all sizes](https://example.com/sizes.png)

#### In short

> It is smaller.
"""

OLDER = [
    (1, "Coffee machine", "It is **descaled**. The next time is in `March`."),
    (3, "שבת שלום", "נתראה ביום ראשון, 10:30"),
    (5, "Flaky test", "```python\nassert await until(ready)\n```"),
    (24, "Lunch", "- [x] soup\n- [ ] bread"),
    (80, "Office move", "| room | people |\n|---|--:|\n| blue | 4 |"),
    (500, "The first chat", "# Welcome\nSay [hello](https://example.com)."),
]
"""Threads, with the age of their last message in days."""

LONG = "\n\n".join(["x" * 900, "שלום \u202eabc\u202c " + "ก็็็็็็" * 20, "| a | wide | line |" * 12])


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


WRITE = """
insert into message (thread_id, role, content, author)
values ($1, $2, $3, case $2 when 'user' then $4::integer end)
"""


async def build(db: Connection, me: int) -> dict[str, int]:
    """Make a database as its only person leaves it, and return the ids of its threads by their titles."""
    await db.execute("delete from thread")
    new_thread = "insert into thread (title) values ($1) returning id"
    threads = {title: await db.fetchval(new_thread, title) for title in TITLES}
    backups = await db.fetchval("insert into thread (title, pinned) values ('Backups', true) returning id")
    for role, _, content in CONVERSATION:
        await db.execute(WRITE, backups, role, content, me)
    async with db.transaction():
        await db.execute("set local session_replication_role = replica")  # or it could not be changed
        await db.executemany(
            "update message set created_at = $3 where thread_id = $1 and seq = $2",
            [
                (backups, seq, datetime.now(UTC) - timedelta(minutes=minutes))
                for seq, (_, minutes, _) in enumerate(CONVERSATION, 1)
            ],
        )
    await db.execute(
        """
        insert into message (thread_id, role, content, author)
        select $1, role, 'Point ' || n || ' of the backup', case role when 'user' then $3::integer end
        from generate_series(1, $2::integer) as n,
            lateral (select case n % 2 when 1 then 'user' else 'assistant' end) as one (role)
        """,
        threads["Release on Monday"],
        MUCH,
        me,
    )
    await db.execute(WRITE, threads["Ideas for the offsite"], "user", LONG, me)
    threads["Formatted"] = await db.fetchval(new_thread, "Formatted")
    for role in ("user", "assistant"):
        await db.execute(WRITE, threads["Formatted"], role, FORMATTED, me)
    set_times = "update thread set created_at = $2, updated_at = $2 where id = $1"
    await db.execute(set_times, threads["Formatted"], datetime.now(UTC) - timedelta(days=4))
    for days, title, content in OLDER:
        threads[title] = await db.fetchval(new_thread, title)
        await db.execute(WRITE, threads[title], "user", content, me)
        await db.execute(set_times, threads[title], datetime.now(UTC) - timedelta(days=days))
    return threads | {"Backups": backups}


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
        """import("/static/model/threads.js").then(({ threads }) => new Promise(resolve => {
            const look = () => (threads.state === "connected" ? resolve() : setTimeout(look, 5));
            look();
        }))"""
    )
    scene.line.say("database", available=False)
    await expect(scene.page.get_by_text("could not be opened")).to_be_visible()


async def typing(scene: Scene) -> None:
    await scene.open("Release on Monday")
    await scene.page.evaluate(
        """import("/static/model/store.js").then(({ store }) => {
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
