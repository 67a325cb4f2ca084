"""Who may stop a reply on the page where several write: whoever has asked."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, write
from tests.support.people import open_as, signed_in
from tests.support.process import Server, ServerStarter
from tests.support.told_bot import Teller


@pytest.fixture(scope="module")
async def teller(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    async with Teller.started(tmp_path_factory.mktemp("told")) as teller:
        yield teller


@pytest.fixture(scope="module")
def server(start_server: ServerStarter, teller: Teller) -> Server:
    return start_server(teller.settings, directory=teller.directory)


async def test_who_has_asked_stops_and_others_see_it(
    open_page: Open, server: Server, db: Connection, teller: Teller
) -> None:
    bot = await db.fetchval("select username from account where is_bot")
    async with signed_in(server, "ann") as http:
        group = (await http.post("/threads", json={"members": ["bob", bot]})).json()["id"]
    ann = await open_as(open_page, server, "ann", f"/threads/{group}")
    bob = await open_as(open_page, server, "bob", f"/threads/{group}")
    await write(ann, f"@{bot} Why?")
    reply = await teller.asked()
    reply.say("Once")
    for page in (ann, bob):
        await expect(contents(page).last).to_have_text("Once")
    await expect(ann.get_by_role("button", name="Stop the reply")).to_be_visible()
    await expect(bob.get_by_role("button", name="Stop the reply")).to_be_hidden()
    await expect(bob.get_by_role("button", name="Edit")).to_have_count(0)
    await bob.keyboard.press("Escape")
    reply.say(" upon")
    for page in (ann, bob):
        await expect(contents(page).last).to_have_text("Once upon")
    await ann.get_by_role("button", name="Stop the reply").click()
    await reply.until_left()
    for page in (ann, bob):
        await expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    await expect(ann.get_by_role("button", name="Edit")).to_be_visible()
