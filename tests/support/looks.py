"""How a state of the page looks: nothing for axe to find, nothing beside the screen, in both themes.

With CHINWAG_PICTURES, a directory, each is written there as a picture, to be looked at.
"""

import os
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Page

from tests.support.axe import EVERYTHING, LOOKS, no_finding

PICTURES = os.environ.get("CHINWAG_PICTURES")
DEVICES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "phone": ({"has_touch": True, "is_mobile": True}, [360]),
    "computer": ({}, [768, 1440]),
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 800
ZOOMED = (320, 200)
"""The CSS pixels of a window of 1280 × 800 at 400 %."""


async def looks_right(page: Page, state: str, device: str, widths: list[int]) -> None:
    """Check a state of the page: all of it at the first width in light, and its looks at the last width in
    dark. Both widths show the same things, and both themes differ in colours alone (test_states.py)."""
    for width in widths:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        if width == widths[0]:
            await no_finding(page, EVERYTHING)
        await _pictures(page, f"{state}-{width}")
        await _fits(page, width)
    await page.emulate_media(color_scheme="dark")
    await no_finding(page, LOOKS)
    await page.emulate_media(color_scheme="light", forced_colors="active")
    await _picture(page, f"{state}-{widths[-1]}-forced")
    await no_finding(page, LOOKS)
    await page.emulate_media(forced_colors="none")
    await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    await _picture(page, f"{state}-{device}-zoomed")
    await _fits(page, ZOOMED[0])


async def _pictures(page: Page, name: str) -> None:
    """Take a picture in each scheme, and leave the page in the first one."""
    for scheme in SCHEMES[::-1] if PICTURES else ():
        await page.emulate_media(color_scheme=scheme)
        await _picture(page, f"{name}-{scheme}")


async def _picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def _fits(page: Page, width: int) -> None:
    """Check that nobody has to scroll sideways."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.locator(".scroller").evaluate("(one) => one.scrollWidth <= one.clientWidth")
