"""The states of the page in which a bot replies, to be looked at by axe and by the eye."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.support.page import contents
from tests.support.states import Scene

TEXT = """\
Three things have to happen, **in this order**:

1. The standby is promoted.
2. Each server dials again:

```py
async for address in addresses:
    await connect(address)
```

Then nobody has lost"""

TABLE = """\
| What | Before | After | Remarks of the people who have tried it |
|---|---|--:|---|
| Promotion | 12 s | 0.2 s | nobody has noticed |
| Reconnecting | until somebody restarts it by hand | 1.5 s | each **server** by itself |
| Clients | 30 s | """

LINES = 12 * "    await follow('select * from message where thread_id = $1 and seq > $2')\n"

LONG_CODE = f"""\
This is all of it:

```py
{LINES}```

1. Then
   - [x] it is promoted, and
   - [ ] `pg_is_in_recovery()` says so

> **Note**
"""

ADD = """
    insert into message (thread_id, role, content, author, reply_to, replaces, ended)
    values ($1, $2, $3, case $2 when 'user' then (select owner from thread where id = $1) end, $4, $5, $6)
    returning id
"""

ADD_BOT = """
    insert into account (username, display_name, is_bot, password, email, active)
    values ($1::text, $2, true, '', $1::text || '@localhost', true)
    on conflict (username) do update set active = true returning id
"""

LOAD = """import("/static/bundle/app/model/store.js").then(async ({ store }) => {
    await store.loadConversation();
    await import("/static/bundle/app/elements/replies.js"); // and what it loads is there
})"""


async def thinking(scene: Scene) -> None:
    await _opened(scene)
    await _draft(scene, text="")
    await expect(scene.page.locator(".thinking")).to_be_in_viewport()


async def growing(scene: Scene) -> None:
    await _opened(scene)
    await _draft(scene, text=TEXT)
    await expect(scene.page.get_by_text("Then nobody has lost")).to_be_in_viewport()
    await expect(scene.page.get_by_role("button", name="Stop the reply")).to_be_visible()


async def growing_unseen(scene: Scene) -> None:
    await _opened(scene)
    await _draft(scene, text=TEXT * 12)
    await expect(scene.page.get_by_text("Then nobody has lost").last).to_be_in_viewport()
    await scene.page.locator(".scroller").evaluate("(one) => one.scrollTo(0, 0)")
    await expect(scene.page.get_by_role("button", name="Newest")).to_be_visible()


async def growing_table(scene: Scene) -> None:
    await _opened(scene)
    await _draft(scene, text=TABLE)
    await expect(scene.page.get_by_role("cell", name="30 s", exact=True)).to_be_attached()


async def growing_long_code(scene: Scene) -> None:
    await _opened(scene)
    await _draft(scene, text=LONG_CODE)
    await expect(scene.page.get_by_text("pg_is_in_recovery()")).to_be_in_viewport()


async def growing_twice(scene: Scene) -> None:
    """Two bots write, to a person and to a program."""
    await _opened(scene)
    helper, poet = [await scene.db.fetchval(ADD_BOT, name.lower(), name) for name in ("Helper", "Poet")]
    await _draft(scene, text="The one that was promoted does, by its own", author=helper)
    await scene.db.execute(
        "insert into message (thread_id, content) values ($1, '@poet, say it in verse')",
        scene.threads["Nothing yet"],
    )
    await expect(contents(scene.page).filter(has_text="say it in verse")).to_be_visible()
    await _draft(scene, text="O server, *hear*\nthe voice", author=poet)
    await expect(scene.page.get_by_text("the voice")).to_be_visible()
    await expect(scene.page.get_by_text("Poet", exact=True)).to_be_visible()


async def failed(scene: Scene) -> None:
    await _opened(scene)
    await _draft(scene, text="Three things have to happen", failure="model_stalled")
    await expect(scene.page.get_by_text("The model stopped in the middle")).to_be_visible()
    await expect(scene.page.get_by_role("button", name="Try again")).to_be_visible()


async def failed_at_once(scene: Scene) -> None:
    await _opened(scene)
    await _draft(scene, text="", failure="model_unreachable")
    await expect(scene.page.get_by_role("button", name="Try again")).to_be_visible()


async def written_again(scene: Scene) -> None:
    question = await _opened(scene)
    await _add(scene, "assistant", "The first answer.", question)
    await _add(scene, "assistant", "The second answer,\n\nwhich was cut off at", question, 2, "cut")
    await expect(contents(scene.page)).to_have_count(2)
    await expect(scene.page.get_by_text("2/2")).to_be_visible()


async def edited(scene: Scene) -> None:
    question = await _opened(scene)
    await _add(scene, "assistant", "Nobody.", question)
    edited = await _add(scene, "user", "Who tells the servers, and when?", None, 1)
    await _add(scene, "assistant", "Nobody needs to. Each", edited, None, "stopped")
    await expect(contents(scene.page)).to_have_count(2)
    await scene.page.get_by_role("article").first.hover()


async def editing(scene: Scene) -> None:
    question = await _opened(scene)
    await _add(scene, "assistant", "Nobody.", question)
    await scene.page.get_by_role("article").first.hover()
    await scene.page.get_by_role("button", name="Edit").click()
    await expect(scene.page.get_by_text("You are editing your question")).to_be_visible()


async def _opened(scene: Scene) -> int:
    """Open a thread in which a person has asked; return the id of the question."""
    thread = scene.threads["Nothing yet"]
    await scene.db.execute("update thread set owner = (select min(id) from account) where id = $1", thread)
    question = await _add(scene, "user", "When the standby is promoted, who tells the servers?")
    await scene.open("Nothing yet")
    await scene.page.evaluate(LOAD)
    return question


async def _add(
    scene: Scene,
    role: str,
    content: str,
    reply_to: int | None = None,
    replaces: int | None = None,
    ended: str | None = None,
) -> int:
    thread = scene.threads["Nothing yet"]
    id: int = await scene.db.fetchval(ADD, thread, role, content, reply_to, replaces, ended)
    return id


async def _draft(scene: Scene, **fields: object) -> None:
    thread = scene.threads["Nothing yet"]
    question = await scene.db.fetchval("select max(id) from message where thread_id = $1", thread)
    data = {"thread_id": thread, "reply_to": question, "author": None, "ordinal": 1}
    scene.line.say("draft", **(data | fields))


REPLY_STATES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    f"reply_{state.__name__}": state
    for state in (
        thinking, growing, growing_unseen, growing_table, growing_long_code, growing_twice, failed,
        failed_at_once, written_again, edited, editing,
    )
}  # fmt: skip
