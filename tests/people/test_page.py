"""The page of persons who sign in: the form, and that a browser keeps what each of them has written apart."""

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.async_api import Page, Route, expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.http import http_client
from tests.support.page import Open, contents, write
from tests.support.people import PASSWORD, open_as, signed_in
from tests.support.process import Server


@pytest.fixture(scope="module")
async def thread(server: Server) -> int:
    async with signed_in(server, "ann") as ann:
        id: int = (await ann.post("/threads", json={"title": "Thread", "open": True})).json()["id"]
    return id


async def enter(page: Page, username: str, password: str = PASSWORD) -> None:
    """Fill in the form, by keyboard alone."""
    await expect(page.get_by_label("Name")).to_be_focused()
    await expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    await page.keyboard.type(username)
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")


async def test_who_signs_in_comes_to_where_they_wanted_to_be(open_page: Open, thread: int) -> None:
    page = await open_page(f"/threads/{thread}")
    await expect(page.get_by_label("Name")).to_be_focused()
    await no_finding(page)
    await enter(page, "bob", "a wrong password")
    await expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await no_finding(page)
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/threads/{thread}")
    await expect(page.locator(".signed-in .name")).to_have_text("bob")
    await no_finding(page)


async def test_the_form_is_not_sent_before_the_page_can_do_so(open_page: Open, server: Server) -> None:
    """The browser would send the password by itself, as a part of the address."""
    page = await open_page("/static/favicon.svg")
    has_asked = asyncio.Event()
    may_go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        has_asked.set()
        await may_go_on.wait()
        await route.continue_()

    await page.route("**/sign-in.js", hold)
    await page.goto(f"{server.url}/sign-in", wait_until="commit")
    await has_asked.wait()
    await page.get_by_label("Name").fill("bob")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    may_go_on.set()
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator(".signed-in .name")).to_have_text("bob")
    assert urlsplit(page.url).query == ""


@pytest.mark.parametrize(
    "next", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", r"\\evil.example"]
)
async def test_the_form_leads_to_no_other_site(open_page: Open, next: str) -> None:
    page = await open_page(f"/sign-in?next={next}")
    await enter(page, "bob")
    await expect(page.locator(".signed-in .name")).to_have_text("bob")
    assert urlsplit(page.url).hostname == "127.0.0.1"


async def test_two_persons_talk_and_one_signs_out(open_page: Open, thread: int) -> None:
    ann, bob = await open_page(f"/threads/{thread}"), await open_page(f"/threads/{thread}")
    await enter(ann, "ann")
    await enter(bob, "bob")
    await expect(ann.locator(".signed-in .name")).to_have_text("ann")
    await ann.locator("textarea").fill("Hello Bob")
    await ann.keyboard.press("Enter")
    await expect(contents(bob)).to_have_text(["Hello Bob"])
    await bob.get_by_role("button", name="Sign out").click()
    await expect(bob.get_by_label("Name")).to_be_visible()
    await bob.goto(f"{urlsplit(bob.url)._replace(path=f'/threads/{thread}', query='').geturl()}")
    await expect(bob.get_by_label("Name")).to_be_visible()


async def test_who_is_signed_out_elsewhere_sees_the_form(
    open_page: Open, db: Connection, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await enter(page, "cy")
    await expect(page.locator(".signed-in .name")).to_have_text("cy")
    await db.execute("update account set active = false where username = 'cy'")
    await expect(page.get_by_label("Name")).to_be_visible()
    await db.execute("update account set active = true where username = 'cy'")


async def test_no_chat_begins_in_the_name_of_who_was_signed_in_before(
    open_page: Open, server: Server
) -> None:
    page = await open_as(open_page, server, "ann")
    await expect(page.locator(".signed-in .name")).to_have_text("ann")
    await page.goto(f"{server.url}/static/favicon.svg")
    await page.request.post(f"{server.url}/api/v1/session", data={"username": "bob", "password": PASSWORD})
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/api/v1/account", lambda route: held.put_nowait(route), times=1)
    await page.goto(f"{server.url}/")
    route = await held.get()
    await page.get_by_role("button", name="New chat", exact=True).click()
    await write(page, "Hello")
    async with page.expect_navigation(wait_until="load"):
        await route.continue_()
    await expect(page.locator(".signed-in .name")).to_have_text("bob")
    assert posted == []


async def test_what_one_person_has_not_sent_is_not_sent_by_the_next(
    open_page: Open, server: Server, thread: int
) -> None:
    page = await open_page(f"/threads/{thread}")
    await enter(page, "ann")
    field = page.locator("textarea")
    await expect(page.locator(".signed-in .name")).to_have_text("ann")
    await page.route("**/api/v1/ws/**", lambda route: route.abort())
    await field.fill("a draft of Ann")
    # A message that no server has taken: it is in the outbox of this browser.
    unsent = {
        "client_id": str(uuid4()),
        "thread_id": thread,
        "content": "unsent by Ann",
        "sent_at": 1,
        "state": "failed",
        "reason": "",
    }
    await page.evaluate(
        "(send) => localStorage.setItem(`chinwag.outbox.${send.client_id}`, JSON.stringify(send))", unsent
    )
    await page.get_by_role("button", name="Sign out").click()
    await enter(page, "bob")
    await expect(page.locator(".signed-in .name")).to_have_text("bob")
    await page.goto(f"{server.url}/threads/{thread}")
    await expect(field).to_have_value("")
    await expect(page.get_by_text("unsent by Ann")).not_to_be_attached()
    await page.get_by_role("button", name="Sign out").click()
    await enter(page, "ann")
    await expect(page.locator(".signed-in .name")).to_have_text("ann")
    await page.goto(f"{server.url}/threads/{thread}")
    await expect(field).to_have_value("a draft of Ann")
    await expect(page.get_by_text("unsent by Ann")).to_be_visible()


async def test_the_answer_of_the_form_is_not_kept(server: Server) -> None:
    async with http_client() as client:
        page = await client.get(f"{server.url}/sign-in")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
