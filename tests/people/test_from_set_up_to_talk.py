"""From the address that the first start prints to two people who talk, on two servers behind nginx."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.people.test_pages import picture
from tests.support.axe import no_finding
from tests.support.nginx import nginx_before
from tests.support.page import Open, contents, write
from tests.support.people import PASSWORD
from tests.support.process import Server, ServerStarter

SETTINGS = {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "required"}


@pytest.fixture(scope="module", autouse=True)
async def persons() -> dict[str, int]:
    """Nobody."""
    return {}


@pytest.fixture(scope="module")
def servers(start_server: ServerStarter) -> list[Server]:
    return [start_server(SETTINGS), start_server(SETTINGS)]


@pytest.fixture(scope="module")
def server(servers: list[Server]) -> Iterator[Server]:
    """What people reach."""
    with nginx_before(servers) as balancer:
        yield balancer


async def fill_in(page: Page, name: str, username: str) -> None:
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator(".signed-in .name")).to_have_text(name)


async def test_two_people_talk(open_page: Open, servers: list[Server], server: Server) -> None:
    assert servers[1].process.stdout is not None
    secret = urlsplit(servers[1].process.stdout.readline().split()[-1]).fragment
    ann = await open_page(f"/set-up#{secret}", viewport={"width": 1000, "height": 800})
    await expect(ann.get_by_role("heading", name="Set up Chinwag")).to_be_visible()
    await expect(ann.get_by_role("link", name="Sign in")).to_be_hidden()  # nobody can
    await no_finding(ann)
    await picture(ann, "set-up")
    await fill_in(ann, "Ann Onym", "ann")
    await expect(ann.get_by_role("link", name="Invite others")).to_be_visible()
    await no_finding(ann)
    await picture(ann, "first")
    await ann.get_by_role("link", name="Invite others").click()
    await ann.get_by_role("button", name="Make a link").click()
    made = ann.get_by_role("region", name="Invite").locator("code")
    await expect(made).to_contain_text(f"{server.url}/join#")
    address = await made.text_content()
    assert address is not None
    bob = await open_page(address)
    await fill_in(bob, "Bob", "bob")
    await ann.get_by_role("link", name="Chats").click()
    await expect(ann.get_by_role("link", name="Invite others")).to_be_hidden()
    await ann.get_by_role("button", name="New chat with people").click()
    await ann.get_by_role("option", name="Bob").click()
    await ann.get_by_role("button", name="Start").click()
    await expect(ann.get_by_role("heading", level=1)).to_have_text("Bob")
    await write(ann, "Hello Bob")
    await expect(contents(ann)).to_have_text(["Hello Bob"])
    await bob.get_by_role("navigation", name="Chats").get_by_role("link", name="Hello Bob").click()
    await write(bob, "Hello Ann")
    await expect(contents(ann)).to_have_text(["Hello Bob", "Hello Ann"])
    await expect(contents(bob)).to_have_text(["Hello Bob", "Hello Ann"])
