"""Each state of the page: nothing for axe to find, nothing beside the screen, in both themes, at all widths.

With CHINWAG_PICTURES, a directory, each is written there as a picture, to be looked at.
"""

from collections.abc import AsyncIterator
from urllib.parse import urljoin

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from chinwag.db.pool import Connection
from tests.support.looks import DEVICES, HEIGHT, looks_right
from tests.support.page import Line, complaints_of, none_matters
from tests.support.process import Server
from tests.support.repository import ROOT
from tests.support.states import MAX_CONTENT, STATES, Scene, build


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": str(MAX_CONTENT)}


@pytest.fixture(scope="module")
async def context(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[BrowserContext]:
    """A person with one of the devices. The states share what is in the browser's cache, and nothing else."""
    options, _ = DEVICES[request.param]
    context = await browser.new_context(reduced_motion="reduce", **options)
    complaints = complaints_of(context)
    yield context
    await context.close()
    assert none_matters(complaints)


@pytest.fixture
async def page(context: BrowserContext, server: Server) -> AsyncIterator[Page]:
    """A tab of a person who has never been here."""
    page = await context.new_page()
    await page.goto(urljoin(server.url, "/static/favicon.svg"))
    yield page
    await page.goto(urljoin(server.url, "/static/favicon.svg"))
    await page.evaluate("localStorage.clear()")
    await page.close()


# All states of a device come one after the other, so that it has one context.
@pytest.mark.parametrize("context", DEVICES, indirect=True)
@pytest.mark.parametrize("state", STATES)
async def test_state(page: Page, db: Connection, state: str, request: pytest.FixtureRequest) -> None:
    device = request.node.callspec.params["context"]
    _, widths = DEVICES[device]
    await page.set_viewport_size({"width": widths[0], "height": HEIGHT})
    line = Line()
    await line.lay(page)
    account = await page.request.get(urljoin(page.url, "/api/v1/account"))
    threads = await build(db, (await account.json())["id"])
    await STATES[state](Scene(page, db, line, threads))
    await looks_right(page, state, device, widths)


def test_a_theme_changes_nothing_but_colours() -> None:
    """So what axe says of the light theme is said of the dark one, except about colours."""
    for file in [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]:
        assert "prefers-color-scheme" not in file.read_text(encoding="utf-8"), file
