"""A click is not lost where what is pressed moves away."""

from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.page import Open, contents, open_cut_off, write

Press = Callable[[Page, Locator], Awaitable[Callable[[], Awaitable[None]]]]
"""Presses the middle of a button, and returns what releases it there."""


async def with_a_mouse(page: Page, button: Locator) -> Callable[[], Awaitable[None]]:
    await page.mouse.move(*await middle(button))
    await page.mouse.down()
    return page.mouse.up


async def with_a_finger(page: Page, button: Locator) -> Callable[[], Awaitable[None]]:
    x, y = await middle(button)
    devtools = await page.context.new_cdp_session(page)

    async def touch(type: str, *points: dict[str, float]) -> None:
        await devtools.send("Input.dispatchTouchEvent", {"type": type, "touchPoints": list(points)})

    await touch("touchStart", {"x": x, "y": y})
    return lambda: touch("touchEnd")


@pytest.mark.parametrize("press", [with_a_mouse, with_a_finger])
async def test_what_is_pressed_is_clicked_though_another_takes_its_place(
    open_page: Open, thread: int, press: Press
) -> None:
    page, other = await two_tabs(open_page, thread)
    await write(page, "to be discarded")
    release = await press(page, discard(page, "to be discarded"))
    place = await middle(discard(page, "to be discarded"))
    await write(other, "next")
    await expect(contents(page)).to_have_text(["to be discarded", "next"])
    await discard(page, "next").scroll_into_view_if_needed()  # which waits until it stands still
    assert abs((await middle(discard(page, "next")))[1] - place[1]) < 30
    await release()
    for tab in (page, other):
        await expect(contents(tab)).to_have_text(["next"])


async def test_what_is_pressed_and_left_is_not_clicked(open_page: Open, thread: int) -> None:
    page, other = await two_tabs(open_page, thread)
    await write(page, "to be kept")
    release = await with_a_mouse(page, discard(page, "to be kept"))
    await write(other, "next")
    await expect(contents(page)).to_have_text(["to be kept", "next"])
    await page.mouse.move(10, 10)
    await release()
    await discard(page, "next").click()
    await expect(contents(other)).to_have_text(["to be kept"])


async def two_tabs(open_page: Open, thread: int) -> tuple[Page, Page]:
    """Open a thread in two tabs of a person, in which no WebSocket gets through."""
    page, _ = await open_cut_off(open_page, thread)
    other = await page.context.new_page()
    await other.goto(urljoin(page.url, f"/threads/{thread}"))
    return page, other


def discard(page: Page, content: str) -> Locator:
    return page.get_by_role("article").filter(has_text=content).get_by_role("button", name="Discard")


async def middle(button: Locator) -> tuple[float, float]:
    """Return where the middle of a button is, in px."""
    box = await button.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
