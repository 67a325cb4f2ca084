"""Each state of the page: nothing for axe to find, nothing beside the screen, in both themes, at all widths.

With CHINWAG_PICTURES, a directory, each is written there as a picture, to be looked at.
"""

import os
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.page import Line, Open
from tests.support.states import MAX_CONTENT, STATES, Scene, build

PICTURES = os.environ.get("CHINWAG_PICTURES")
DEVICES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "phone": ({"has_touch": True, "is_mobile": True}, [360]),
    "computer": ({}, [768, 1440]),
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 800
ZOOMED = (320, 200)
"""The CSS pixels of a window of 1280 × 800 at 400 %."""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_MAX_CONTENT": str(MAX_CONTENT)}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("state", STATES)
async def test_state(open_page: Open, db: Connection, state: str, device: str) -> None:
    options, widths = DEVICES[device]
    page = await open_page(
        "/static/favicon.svg",
        viewport={"width": widths[0], "height": HEIGHT},
        reduced_motion="reduce",
        **options,
    )
    line = Line()
    await line.lay(page.context)
    await STATES[state](Scene(page, db, line, await build(db)))
    for width in widths:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await picture(page, f"{state}-{width}-{scheme}")
            if scheme == "light" or width == widths[-1]:
                await no_finding(page)
        await fits(page, width)
    await page.emulate_media(forced_colors="active")
    await picture(page, f"{state}-{widths[-1]}-forced")
    await no_finding(page)
    await page.emulate_media(forced_colors="none")
    await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    await picture(page, f"{state}-{device}-zoomed")
    await fits(page, ZOOMED[0])


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def fits(page: Page, width: int) -> None:
    """Check that nobody has to scroll sideways."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.locator(".scroller").evaluate("(one) => one.scrollWidth <= one.clientWidth")
