"""A relay of deploy/kubernetes/relays works with the roles, the rights and the settings of its pod."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest
import yaml

from chinwag.embedded.binaries import binary
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from chinwag.relay.subscriber import SETTINGS as OF_RELAYS
from tests.support.client import open_thread
from tests.support.process import ServerStarter, directory_for_all
from tests.support.relays import running_relay, switch, until_health
from tests.support.repository import ROOT
from tests.support.sql import INSERT

FOLDER = ROOT / "deploy" / "kubernetes" / "relays"


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedPostgres]:
    with (
        directory_for_all() as directory,
        EmbeddedPostgres(directory, port=0, options={"fsync": "off"}) as postgres,
    ):
        asyncio.run(migrate(postgres.url))
        yield postgres


async def test_a_relay_works_with_the_roles_and_the_settings_of_its_pod(primary: EmbeddedPostgres) -> None:
    relay = next(yaml.safe_load_all((FOLDER / "relay.yaml").read_text()))
    postgres, looks_after = relay["spec"]["template"]["spec"]["containers"]
    settings = dict(option.removeprefix("-c").split("=") for option in postgres["args"])
    assert settings == {name: value for name, value in OF_RELAYS.items() if name != "hot_standby"}

    admin = await asyncpg.connect(primary.superuser_url)
    await admin.execute("create role chinwag_relay login replication password 'one'")
    await admin.execute("grant connect on database chinwag to chinwag_relay")
    publication = yaml.safe_load((FOLDER / "publication.yaml").read_text())["spec"]
    named = [one["table"] for one in publication["target"]["objects"]]
    tables = ", ".join(f"{table['schema']}.{table['name']}" for table in named)
    await admin.execute(
        f"create publication {publication['name']} for table {tables}"
        f" with (publish = '{publication['parameters']['publish']}')"
    )

    with (
        directory_for_all() as directory,
        EmbeddedPostgres(directory, port=0, options={"fsync": "off", **settings}) as own,
    ):
        run_roles(own)
        [argument] = [one for one in looks_after["command"] if one.startswith("--relay-url=")]
        url = argument.removeprefix("--relay-url=").replace("$(RELAY_PASSWORD)", "one")
        url = url.replace("127.0.0.1", f"127.0.0.1:{urlsplit(own.url).port}")
        as_relay = at(primary, "chinwag_relay", "one", "chinwag")
        with running_relay("pod", as_relay, "--relay-url", url), ServerStarter(primary.url) as start:
            listening = at(own, "chinwag_listener", "two", "chinwag_relay")
            needs = {"CHINWAG_BOT": "none", "CHINWAG_RELAY_URL": listening, "CHINWAG_NEEDS_RELAY": "true"}
            server = await asyncio.to_thread(start, needs)
            await until_health(server, 200)
            await asyncio.to_thread(switch, primary.superuser_url, "on")
            thread = await admin.fetchval("insert into thread default values returning id")
            async with open_thread(server, thread) as client:
                await client.frame("ready")
                await admin.execute(INSERT, thread, "by the relay")
                await client.until_seq(1)
    await admin.close()


def run_roles(own: EmbeddedPostgres) -> None:
    """Run the script as the image of PostgreSQL does."""
    parts = urlsplit(own.superuser_url)
    subprocess.run(
        ["sh", FOLDER / "roles.sh"],
        check=True,
        env=os.environ
        | {
            "PATH": f"{binary('psql').parent}:{os.environ['PATH']}",
            "PGHOST": str(parts.hostname),
            "PGPORT": str(parts.port),
            "PGPASSWORD": str(parts.password),
            "POSTGRES_USER": str(parts.username),
            "RELAY_PASSWORD": "one",
            "LISTENER_PASSWORD": "two",
        },
    )


def at(postgres: EmbeddedPostgres, role: str, password: str, database: str) -> str:
    parts = urlsplit(postgres.superuser_url)
    netloc = f"{role}:{password}@{parts.hostname}:{parts.port}"
    return parts._replace(netloc=netloc, path=f"/{database}").geturl()
