"""Each state of the page: nothing for axe to find, nothing beside the screen, in both themes, at all widths.

With CHINWAG_PICTURES, a directory, each is written there as a picture, to be looked at.
"""

import re
from collections.abc import AsyncIterator
from urllib.parse import urljoin

import pytest
from playwright.async_api import Browser, Page

from chinwag.db.pool import Connection
from tests.support.conversations import build
from tests.support.looks import DEVICES, HEIGHT, looks_right
from tests.support.page import Line, complaints_of, none_matters
from tests.support.process import Server
from tests.support.reply_states import REPLY_STATES
from tests.support.repository import ROOT
from tests.support.states import MAX_CONTENT, STATES, Scene

NOWHERE = (-1, -1)
"""Where the mouse is over nothing."""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": str(MAX_CONTENT)}


@pytest.fixture(scope="module")
async def tab(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A tab of a person with one of the devices. All its states are seen in the same process of the browser,
    which has compiled the page and axe."""
    options, _ = DEVICES[request.param]
    context = await browser.new_context(reduced_motion="reduce", **options)
    complaints = complaints_of(context)
    yield await context.new_page()
    await context.close()
    assert none_matters(complaints)


@pytest.fixture
async def page(tab: Page, server: Server) -> AsyncIterator[Page]:
    """The tab of a person who has never been here."""
    await tab.goto(urljoin(server.url, "/static/favicon.svg"))
    await tab.evaluate("localStorage.clear()")
    await tab.emulate_media(color_scheme="light", forced_colors="none")
    await tab.mouse.move(*NOWHERE)
    yield tab
    await tab.unroute_all()


ALL = STATES | REPLY_STATES


# All states of a device come one after the other, so that it has one tab.
@pytest.mark.parametrize("tab", DEVICES, indirect=True)
@pytest.mark.parametrize("state", ALL)
async def test_state(page: Page, db: Connection, state: str, request: pytest.FixtureRequest) -> None:
    device = request.node.callspec.params["tab"]
    _, widths = DEVICES[device]
    await page.set_viewport_size({"width": widths[0], "height": HEIGHT})
    line = Line()
    await line.lay(page)
    account = await page.request.get(urljoin(page.url, "/api/v1/account"))
    threads = await build(db, (await account.json())["id"])
    await ALL[state](Scene(page, db, line, threads))
    await looks_right(page, state, device, widths)


def test_nothing_else_is_shown_between_the_widths_of_a_device() -> None:
    """So what axe says of the first width is said of the others, except about looks."""
    for file in [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]:
        text = file.read_text(encoding="utf-8")
        queries = re.findall(r"@media(.*?)\{|matchMedia\((.*?)\);", text)
        for query in ("".join(one) for one in queries):
            if "width" in query:
                (limit,) = re.findall(r"\(width (?:<=|>) (\d+)px\)", query)
                for _, widths in DEVICES.values():
                    assert not widths[0] <= int(limit) < widths[-1], file
        assert "@container" not in text, file


def test_a_theme_changes_nothing_but_colours() -> None:
    """So what axe says of the light theme is said of the dark one, except about colours."""
    for file in [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]:
        assert "prefers-color-scheme" not in file.read_text(encoding="utf-8"), file
