"""Passwords and the secrets of links and sessions are in no log: neither in a server's, whatever is asked of
it, nor in PostgreSQL's, when it logs each statement with its parameters."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.people import add_person, nobody, sign_in, signed_in
from tests.support.process import Server, ServerStarter

PASSWORD = "a password to look for"
SHOWN = "display name to look for"


@pytest.fixture(scope="module", autouse=True)
async def admin(db: Connection, persons: dict[str, int]) -> int:
    return await add_person(db, "ada", admin=True)


@pytest.fixture(scope="module")
def settings(database_url: str) -> dict[str, str]:
    """PostgreSQL logs what this server asks it."""
    asyncio.run(log_statements(database_url))
    return {"CHINWAG_BOT": "none"}


async def log_statements(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    name = urlsplit(database_url).path.removeprefix("/")
    in_full = {"log_statement": "all", "log_parameter_max_length": "-1", "log_error_verbosity": "default"}
    for setting, value in in_full.items():
        await connection.execute(f"alter database \"{name}\" set {setting} = '{value}'")
    await connection.close()


@pytest.fixture
async def log_of_postgres(db: Connection) -> Path:
    """The log of the PostgreSQL of the tests, if it is one that the tests have started."""
    log = Path(await db.fetchval("show data_directory")).parent / "log"
    if not log.is_file():
        pytest.skip("the log of this PostgreSQL is elsewhere")
    return log


async def test_no_secret_is_in_a_log(server: Server, log_of_postgres: Path) -> None:
    secrets = {PASSWORD}
    async with signed_in(server, "ada") as ada, nobody(server) as client:
        secrets.add(ada.cookies["chinwag"])
        made = (await ada.post("/invitations", json={"uses": 2})).json()["address"]
        invitation = urlsplit(made).fragment
        made = (await ada.post("/sign-in-links", json={"username": "bob"})).json()["address"]
        link = urlsplit(made).fragment
        secrets |= {invitation, link}
        person = {"username": "new", "password": PASSWORD, "display_name": SHOWN}
        for body in (
            {"secret": invitation} | person,
            {"secret": invitation} | person,  # the name is taken
            {"secret": invitation, "more": 1} | person,
            {"secret": invitation * 10} | person,
            {"secret": link} | person,
        ):
            await client.post("/join", json=body)
        secrets.add(client.cookies["chinwag"])
        await client.post("/join", content=f'{{"secret": "{invitation}", "password": "{PASSWORD}')
        for password in ("short", PASSWORD, PASSWORD):
            await client.post("/session/link", json={"secret": link, "password": password})
        secrets.add(client.cookies["chinwag"])
        assert (await sign_in(client, "bob", PASSWORD)).status_code == 201
        await client.get("/join", params={"secret": "x"})
        await client.put("/account/password", json={"current": PASSWORD, "new": PASSWORD + "!"})
        await client.post("/account/deletion", json={"password": PASSWORD})
        await client.post("/account/deletion", json={"password": PASSWORD + "!"})
    of_postgres = log_of_postgres.read_text(errors="replace")
    assert SHOWN in of_postgres  # it logs parameters
    of_server = said_by(server)
    for secret in secrets:
        assert secret not in of_server
        assert secret not in of_postgres


def said_by(server: Server) -> str:
    return Path(server.log).read_text()


async def test_neither_is_that_of_the_set_up(
    start_server: ServerStarter, db: Connection, log_of_postgres: Path
) -> None:
    await db.execute("delete from account")
    server = start_server({"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "required"})
    assert server.process.stdout is not None
    secret = server.process.stdout.readline().split("#")[1].strip()
    async with nobody(server) as client:
        body = {"secret": secret, "username": "first", "password": PASSWORD}
        assert (await client.post("/join", json=body)).status_code == 201
    assert secret not in said_by(server)
    assert secret not in log_of_postgres.read_text(errors="replace")
