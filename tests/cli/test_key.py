"""`chinwag key`: what an administrator does with the keys of bots, beside a server that runs."""

import re
import subprocess

import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_list
from tests.support.command import chinwag, forked_chinwag
from tests.support.people import PASSWORD
from tests.support.process import Server
from tests.support.programs import bearer, with_key


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none"}


class Command:
    """Runs `chinwag` on a database."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def __call__(
        self, *arguments: str, stdin: str = "", anew: bool = False
    ) -> subprocess.CompletedProcess[str]:
        run = chinwag if anew else forked_chinwag
        return run(*arguments, stdin=stdin, DATABASE_URL=self._database_url)


@pytest.fixture(scope="module")
def run(database_url: str) -> Command:
    return Command(database_url)


async def test_a_key_is_made_listed_and_revoked(server: Server, run: Command, db: Connection) -> None:
    added = run("account", "add", "builder", "--bot", "--display-name", "The Builder")
    assert added.returncode == 0, added.stderr
    assert "chinwag key add builder" in added.stdout
    assert "builder  The Builder  bot" in run("account", "list").stdout
    made = run("key", "add", "builder", "--name", "nightly build", anew=True)
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()  # and nothing else, so that a script can take it
    assert re.fullmatch("chinwag_key_[0-9a-f]{64}", key)
    listed = run("key", "list", anew=True).stdout
    assert "builder  nightly build  not used yet" in listed and key not in listed
    assert run("key", "list", "builder").stdout == listed
    id = listed.split()[0]
    async with with_key(server, key) as program, open_list(server, additional_headers=bearer(key)) as client:
        assert (await program.get("/account")).json()["display_name"] == "The Builder"
        assert run("key", "revoke", "builder", id).returncode == 0
        assert await client.closed() == 4001
        assert (await program.get("/account")).status_code == 401
    assert run("key", "list", "builder").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("key", "add", "nobody"), "there is no bot nobody"),
        (("key", "add", "ann"), "there is no bot ann"),
        (("key", "add", "other", "--name", " "), "key_name_is_visible"),
        (("key", "list", "ann"), "there is no bot ann"),
        (("key", "revoke", "other", "999"), "there is no key 999 of other"),
        (("key", "revoke", "other", "x"), "not a valid integer"),
        (("account", "add", "other", "--bot"), "there is an account other already"),
        (("account", "add", "another", "--bot", "--admin"), "a bot is no administrator"),
        (("account", "add", "Another", "--bot"), "A name has 1 to 32 characters"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    run: Command, arguments: tuple[str, ...], reason: str
) -> None:
    run("account", "add", "ann", "--password-stdin", stdin=f"{PASSWORD}\n")
    run("account", "add", "other", "--bot")
    refused = run(*arguments)
    assert refused.returncode in {1, 2}
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run("key", "list").stdout == ""
