"""A page whose server cannot reach its database says so, and comes back by itself."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urljoin

import asyncpg
import pytest
from playwright.async_api import Locator, Page, expect

from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from tests.support.page import SOON, WAITING, Line, Open, contents, item, open_live, states, stored, write
from tests.support.process import Server, ServerStarter, directory_for_all

SAYS = "The server cannot reach its database."
PATIENCE = 60_000
"""ms until a server has noticed that its database is away, and until all is as before."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this module's own, which a test can stop."""
    with directory_for_all() as directory, EmbeddedPostgres(directory, options={"fsync": "off"}) as postgres:
        yield postgres


@pytest.fixture(scope="module")
async def server(postgres: EmbeddedPostgres, settings: dict[str, str]) -> AsyncIterator[Server]:
    await migrate(postgres.url)
    with ServerStarter(postgres.url) as start:
        yield start(settings)


@pytest.mark.parametrize("path", ["/ws/threads$", r"/ws/threads/\d"], ids=["the list", "the thread"])
async def test_what_either_socket_says_is_said_at_once(open_page: Open, thread: int, path: str) -> None:
    page, line = await open_page("/static/favicon.svg"), Line(path)
    await line.lay(page)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await write(page, "hello")
    await expect(states(page)).to_have_count(0, timeout=SOON)
    await expect(item(page, thread)).to_be_visible()
    for available in (False, True):
        line.say("database", available=available)
        await expect(status(page)).to_have_text(
            "" if available else f"{SAYS} Messages wait here until it can."
        )
    await expect(page.locator("connection-status")).to_have_attribute("data-state", "connected")


async def test_a_tab_says_it_and_a_tab_that_is_opened_meanwhile_too(
    open_page: Open, postgres: EmbeddedPostgres, thread: int
) -> None:
    page = await open_live(open_page, f"/threads/{thread}")
    postgres.stop()
    await write(page, "meanwhile")
    await expect(status(page)).to_contain_text(SAYS, timeout=PATIENCE)
    await expect(states(page)).to_have_text([WAITING])
    late, lost = await page.context.new_page(), await page.context.new_page()
    await late.goto(page.url)
    await lost.goto(urljoin(page.url, "/"))
    for other in (late, lost):
        await expect(other.locator(".reason")).to_have_text(SAYS, timeout=PATIENCE)
        await expect(status(other)).to_contain_text(SAYS)
    postgres.start()
    for other in (page, late):
        await expect(contents(other)).to_have_text(["before", "meanwhile"], timeout=PATIENCE)
        await expect(states(other)).to_have_count(0, timeout=PATIENCE)
    for other in (page, late, lost):
        await expect(item(other, thread)).to_be_visible(timeout=PATIENCE)
        await expect(status(other)).to_be_empty(timeout=PATIENCE)
    connection = await asyncpg.connect(postgres.url)
    assert await stored(connection, thread) == ["before", "meanwhile"]
    await connection.close()


def status(page: Page) -> Locator:
    return page.locator("connection-status").get_by_role("status")
