"""What people read of an error is the page's own text, never the API's, which is for programmers."""

import json
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from chinwag.errors import Refusal
from chinwag.web import problems
from tests.support.page import Open, act, field, item, write

OF_THE_PAGE = {"unreachable", "disconnected", "cancelled"}
FOR_PROGRAMMERS = "Try again with the same client_id."


async def test_every_code_has_a_text(open_page: Open) -> None:
    codes = {Refusal.code, "upgrade_required", *problems.CODES.values(), *of_refusals(Refusal), *OF_THE_PAGE}
    page = await open_page("/static/favicon.svg")
    without = await page.evaluate(
        """async codes => {
            const { textOf } = await import("/static/text/texts.js");
            return codes.filter(code => textOf(code).includes(`(${code})`));
        }""",
        sorted(codes),
    )
    assert without == []


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, {"code": "database_unavailable"}, "The server cannot reach its database."),
        (503, {"code": "of_a_newer_server"}, "Something went wrong (of_a_newer_server)."),
        (502, None, "The server cannot be reached."),
        (413, None, "It is too long for this server."),
    ],
)
async def test_an_answer_is_told_in_the_words_of_the_page(
    open_page: Open, thread: int, status: int, body: dict[str, str] | None, said: str
) -> None:
    text = json.dumps(body | {"detail": FOR_PROGRAMMERS}) if body else "<h1>nginx</h1>"

    async def refuse(route: Route) -> None:
        if route.request.method == "GET":
            await route.fallback()
        else:
            await route.fulfill(status=status, body=text)

    page = await open_page(f"/threads/{thread}")
    await expect(item(page, thread)).to_be_visible()
    await page.route("**/api/v1/threads**", refuse)
    await act(page, "Pin")
    await expect(page.locator("toast-line")).to_contain_text(said)
    await page.get_by_role("button", name="New chat").first.click()
    await write(page, "hello")
    await expect(page.get_by_role("alert")).to_have_text(said)
    await expect(field(page)).to_have_value("hello")
    await expect(page.get_by_text("client_id")).to_have_count(0)


async def test_an_error_frame_is_told_in_the_words_of_the_page(open_page: Open, thread: int) -> None:
    def refuse(browser: WebSocketRoute) -> None:
        def answer(text: str | bytes) -> None:
            data = {
                "code": "internal",
                "message": FOR_PROGRAMMERS,
                "client_id": json.loads(text).get("client_id"),
            }
            browser.send(json.dumps({"type": "error", "data": data}))

        browser.connect_to_server()
        browser.on_message(answer)

    page = await open_page("/static/favicon.svg")
    await page.route_web_socket("**/ws/threads/*", refuse)
    await page.goto(urljoin(page.url, f"/threads/{thread}"))
    await write(page, "hello")
    await expect(page.get_by_role("article")).to_contain_text("Not sent: The server failed.")


def of_refusals(kind: type[Refusal]) -> Iterator[str]:
    for one in kind.__subclasses__():
        yield one.code
        yield from of_refusals(one)
