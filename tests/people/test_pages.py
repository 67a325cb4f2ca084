"""The pages by which people join, see themselves and one another: by keyboard, and as axe wants them."""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.page import Open
from tests.support.people import PASSWORD, add_person, nobody, sign_in, signed_in
from tests.support.process import Server

WIDE, NARROW = {"width": 1000, "height": 800}, {"width": 360, "height": 740}
SIZES_AND_SCHEMES = [(WIDE, "light"), (NARROW, "dark")]


@pytest.fixture(autouse=True)
async def people(db: Connection, persons: dict[str, int]) -> None:
    await db.execute("delete from sign_in_attempt; delete from link; delete from account where id > 3")
    await add_person(db, "ada", admin=True)
    await db.execute("update account set display_name = 'Ada Lovelace' where username = 'ada'")
    await db.execute(
        """update account set display_name = 'Bob with a name that is rather long for a narrow screen, really'
           where username = 'bob'"""
    )


@pytest.fixture
def enter(open_page: Open) -> Callable[..., Awaitable[Page]]:
    """Opens a page of somebody who has just signed in."""

    async def enter(username: str, path: str, **options: object) -> Page:
        # Nothing fades in, which would have less contrast meanwhile.
        page = await open_page(f"/sign-in?next={path}", reduced_motion="reduce", **options)
        await page.get_by_label("Name").fill(username)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(rf"^[^?]*{path}$"))
        return page

    return enter


async def picture(page: Page, name: str) -> None:
    """Keep a picture, if somebody wants to look at it."""
    if folder := os.environ.get("CHINWAG_PICTURES"):
        dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        size = page.viewport_size
        assert size is not None
        file = Path(folder) / f"{name}-{size['width']}-{'dark' if dark else 'light'}.png"
        await page.screenshot(path=file, full_page=True)


async def invite(server: Server) -> str:
    async with signed_in(server, "ada") as ada:
        address: str = (await ada.post("/invitations", json={})).json()["address"]
    return address


@pytest.mark.parametrize(("viewport", "color_scheme"), SIZES_AND_SCHEMES)
async def test_who_is_invited_joins_by_keyboard(
    open_page: Open, server: Server, viewport: dict[str, int], color_scheme: str
) -> None:
    address = await invite(server)
    page = await open_page(address, viewport=viewport, color_scheme=color_scheme)
    await expect(page.get_by_role("heading", name="Join Chinwag")).to_be_visible()
    await expect(page.get_by_label("Your name")).to_be_focused()
    await expect(page).to_have_url(f"{server.url}/join")  # without the secret
    await no_finding(page)
    await picture(page, "join")
    await page.keyboard.type("Éve Müller")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Username")).to_have_value("eve")
    await page.keyboard.type("bob")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("There is somebody of this name already.")
    await no_finding(page)
    await page.get_by_label("Username").fill("eve")
    await page.keyboard.press("Enter")
    await expect(page.locator(".signed-in .name")).to_have_text("Éve Müller")
    await page.goto(address)
    await page.get_by_label("Username").fill("eve2")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("This link does not work any more.")
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("open the link again")
    await expect(page.get_by_role("button", name="Continue")).to_be_disabled()
    await no_finding(page)


async def test_who_has_lost_the_password_chooses_another_one(
    open_page: Open, enter: Callable[..., Awaitable[Page]], server: Server, db: Connection
) -> None:
    await add_person(db, "gil")
    admin = await enter("ada", "/people")
    await admin.get_by_role("button", name="What to do with gil").click()
    await admin.get_by_role("button", name="Make a sign-in link").click()
    made = admin.get_by_role("dialog").locator("code")
    await expect(made).to_contain_text("/sign-in/link#")
    address = await made.text_content()
    assert address is not None
    await no_finding(admin)
    await picture(admin, "sign-in-link")
    page = await open_page(address)
    await expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    await no_finding(page)
    await picture(page, "new-password")
    await page.keyboard.type("a new password")
    await page.keyboard.press("Enter")
    await expect(page.locator(".signed-in .name")).to_have_text("gil")
    async with nobody(server) as client:
        assert (await sign_in(client, "gil", "a new password")).status_code == 201


@pytest.mark.parametrize(("viewport", "color_scheme"), SIZES_AND_SCHEMES)
async def test_a_person_changes_names_and_password_and_signs_out_a_device(
    enter: Callable[..., Awaitable[Page]],
    server: Server,
    db: Connection,
    viewport: dict[str, int],
    color_scheme: str,
) -> None:
    await add_person(db, "fay")
    page = await enter("fay", "/profile", viewport=viewport, color_scheme=color_scheme)
    async with signed_in(server, "fay") as other:
        await page.reload()
        devices = page.get_by_role("region", name="Devices")
        await expect(devices.get_by_role("listitem")).to_have_count(2)
        await expect(devices.locator(".this:visible")).to_have_count(1)
        await no_finding(page)
        await picture(page, "profile")
        await devices.get_by_role("button", name=re.compile("^Sign out python-httpx")).click()
        await expect(devices.get_by_role("listitem")).to_have_count(1)
        assert (await other.get("/account")).status_code == 401
    names = page.get_by_role("form", name="Names")
    await names.get_by_label("Your name").fill("Fay Wray")
    await names.get_by_label("Username").fill("bob")
    await page.keyboard.press("Enter")
    await expect(names.get_by_role("alert")).to_have_text("There is somebody of this name already.")
    await names.get_by_label("Username").fill("fay2")
    await page.keyboard.press("Enter")
    await expect(names.get_by_role("status")).to_have_text("Saved.")
    password = page.get_by_role("form", name="Password")
    await password.get_by_label("Current password").fill("a wrong password")
    await password.get_by_label("New password").fill("another password")
    await page.keyboard.press("Enter")
    await expect(password.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await password.get_by_label("Current password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(password.get_by_role("status")).to_have_text("Changed.")
    await no_finding(page)
    async with nobody(server) as client:
        assert (await sign_in(client, "fay2", "another password")).status_code == 201
    await page.get_by_role("button", name="Delete account…").click()
    await expect(page.get_by_role("dialog").get_by_label("Password")).to_be_focused()
    await no_finding(page)
    await picture(page, "delete-account")
    await page.keyboard.type("another password")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sign-in?next=%2Fprofile")
    assert not await db.fetchval("select exists (select from account where username = 'fay2')")


@pytest.mark.parametrize(("viewport", "color_scheme"), SIZES_AND_SCHEMES)
async def test_an_administrator_invites_and_looks_after_people(
    enter: Callable[..., Awaitable[Page]],
    db: Connection,
    viewport: dict[str, int],
    color_scheme: str,
) -> None:
    page = await enter("ada", "/people", viewport=viewport, color_scheme=color_scheme)
    invitations = page.get_by_role("region", name="Invite")
    await invitations.get_by_label("People", exact=True).fill("12")
    await page.keyboard.press("Enter")
    await expect(invitations.locator("code")).to_contain_text("/join#")
    await expect(invitations.get_by_role("listitem")).to_contain_text("For 12 people")
    await no_finding(page)
    await picture(page, "people")
    await invitations.get_by_role("button", name=re.compile("^Revoke")).click()
    await expect(invitations.get_by_role("listitem")).to_have_count(0)
    await expect(invitations.locator("code")).to_be_hidden()
    people = page.get_by_role("region", name="Everybody")
    await people.get_by_label("Find a person").fill("ann")
    await expect(people.get_by_role("listitem")).to_have_count(1)
    await people.get_by_role("button", name="What to do with ann").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Make an administrator").click()
    await expect(dialog.get_by_role("button", name="Make a member")).to_be_visible()
    await dialog.get_by_role("button", name="Disable account").click()
    await expect(people.get_by_role("listitem")).to_contain_text("@ann · administrator · disabled")
    await no_finding(page)
    await picture(page, "person")
    await dialog.get_by_role("button", name="Enable account").click()
    await dialog.get_by_role("button", name="Make a member").click()
    await expect(people.get_by_role("listitem")).to_have_text(re.compile("@ann$", re.M))
    row = await db.fetchrow("select admin, active from account where username = 'ann'")
    assert row is not None and tuple(row) == (False, True)
    await page.keyboard.press("Escape")
    await people.get_by_label("Find a person").fill("nobody like this")
    await expect(people.get_by_text("Nobody has this name.")).to_be_visible()


async def test_a_member_sees_people_and_nothing_to_do_with_them(
    enter: Callable[..., Awaitable[Page]],
) -> None:
    page = await enter("cy", "/people")
    people = page.get_by_role("region", name="Everybody")
    await expect(people.get_by_role("listitem")).to_have_count(4)
    await expect(people.get_by_role("button", name=re.compile("^What to do"))).to_have_count(0)
    await expect(page.get_by_role("region", name="Invite")).to_be_hidden()
    await no_finding(page)
    await page.get_by_role("link", name="Profile").click()
    await expect(page.get_by_role("heading", name="Profile")).to_be_visible()


async def test_who_is_not_signed_in_signs_in_first(open_page: Open) -> None:
    for path in ("/profile", "/people"):
        page = await open_page(path)
        await page.wait_for_url(f"**/sign-in?next=%2F{path[1:]}")
