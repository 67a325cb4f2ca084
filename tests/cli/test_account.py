"""`chinwag account`: what an administrator does with accounts, beside a server that runs."""

import asyncio
import re
import subprocess

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS
from tests.support.command import chinwag, forked_chinwag
from tests.support.people import PASSWORD, nobody, sign_in, signed_in
from tests.support.process import Server


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none"}


class Command:
    """Runs `chinwag account` on a database."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def __call__(
        self, *arguments: str, password: str | None = None, anew: bool = False
    ) -> subprocess.CompletedProcess[str]:
        run = chinwag if anew else forked_chinwag
        options, stdin = ([], "") if password is None else (["--password-stdin"], f"{password}\n")
        return run("account", *arguments, *options, stdin=stdin, DATABASE_URL=self._database_url)


@pytest.fixture(scope="module")
def account(database_url: str) -> Command:
    return Command(database_url)


async def test_an_account_is_added_listed_disabled_and_enabled(
    server: Server, account: Command, db: Connection
) -> None:
    async with nobody(server) as client:
        assert (await client.get("/account")).json()["username"] == "me"  # who is created as the first one
        added = account("add", "ann", "--admin", "--display-name", "Ann Onym", password=PASSWORD, anew=True)
        assert added.returncode == 0, added.stderr
        assert "ann can sign in." in added.stdout
        assert "chinwag account password me" in added.stdout  # or nobody could sign in as `me`
        await refused_soon(client)
    assert account("password", "me", password="another password").returncode == 0
    listed = account("list", anew=True).stdout
    assert "ann  Ann Onym  administrator" in listed and "me   me" in listed
    async with signed_in(server, "ann") as ann:
        assert (await ann.get("/account")).json()["display_name"] == "Ann Onym"
        assert account("disable", "ann").returncode == 0
        async with nobody(server) as client:
            assert (await sign_in(client, "ann")).status_code == 401
        assert "disabled" in account("list").stdout
    assert account("enable", "ann").returncode == 0
    async with signed_in(server, "ann") as ann:
        assert account("password", "ann", password="and another one").returncode == 0
        await refused_soon(ann)


@pytest.mark.parametrize(
    ("arguments", "password", "reason"),
    [
        (("add", "Ann"), PASSWORD, "A name has 1 to 32 characters"),
        (("add", "a b"), PASSWORD, "A name has 1 to 32 characters"),
        (("add", ""), PASSWORD, "A name has 1 to 32 characters"),
        (("add", "bob"), "short", "at least 8 characters"),
        (("add", "bob"), "", "at least 8 characters"),
        (("add", "bob"), "x" * 257, "at most 256 characters"),
        (("add", "bobbobbob"), "BobBobBob", "too easy to guess"),
        (("add", "bob", "--display-name", " "), PASSWORD, "display_name_is_visible"),
        (("password", "nobody"), PASSWORD, "there is no account nobody"),
        (("disable", "nobody"), None, "there is no account nobody"),
        (("link", "nobody"), None, "there is no account nobody"),
        (("rename", "nobody", "ann"), None, "there is no account nobody"),
        (("delete", "nobody", "--yes"), None, "there is no account nobody"),
        (("promote", "nobody"), None, "there is no account nobody"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    account: Command, arguments: tuple[str, ...], password: str | None, reason: str
) -> None:
    refused = account(*arguments, password=password)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "bob" not in account("list").stdout


def test_a_name_is_given_once(account: Command) -> None:
    assert account("add", "cy", password=PASSWORD).returncode == 0
    again = account("add", "cy", password="another password")
    assert (again.returncode, "there is an account cy already" in again.stderr) == (1, True)


async def test_a_person_joins_and_another_gets_in_again_by_links_of_the_command_line(
    server: Server, account: Command
) -> None:
    assert account("add", "di", password=PASSWORD).returncode == 0
    invited = account("invite", "--uses", "2", "--days", "3").stdout
    assert "By this address 2 can join" in invited
    async with nobody(server) as client:
        body = {"secret": secret_in(invited, "/join"), "username": "ed", "password": PASSWORD}
        assert (await client.post("/join", json=body)).status_code == 201
        secret = secret_in(account("link", "di").stdout, "/sign-in/link")
        body = {"secret": secret, "password": "new password"}
        assert (await client.post("/session/link", json=body)).status_code == 201
        assert (await client.get("/account")).json()["username"] == "di"


def secret_in(said: str, path: str) -> str:
    """Return the secret of the address that a command has said."""
    found = re.search(rf"^http://127\.0\.0\.1:8000{path}#(\S+)$", said, re.MULTILINE)
    assert found, said
    return found[1]


async def test_an_account_is_renamed_promoted_demoted_and_deleted(server: Server, account: Command) -> None:
    assert account("add", "flo", password=PASSWORD).returncode == 0
    assert account("add", "gus", "--admin", password=PASSWORD).returncode == 0
    assert "flo is flora now." in account("rename", "flo", "flora").stdout
    assert "there is an account gus already" in account("rename", "flora", "gus").stderr
    async with signed_in(server, "flora") as flora:
        assert account("promote", "flora").returncode == 0
        assert (await flora.get("/account")).json()["admin"] is True
        assert account("demote", "flora").returncode == 0
        assert (await flora.get("/account")).json()["admin"] is False
        asked = account("delete", "flora")  # and standard input says nothing
        assert asked.returncode == 1 and "This cannot be undone" in asked.stdout
        assert account("delete", "flora", "--yes").returncode == 0
        await refused_soon(flora)
    assert "flora" not in account("list").stdout


async def refused_soon(client: httpx.AsyncClient) -> None:
    """Wait until a client is not signed in any more."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while (await client.get("/account")).status_code != 401:
            pass
