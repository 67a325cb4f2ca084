"""The guide for who runs Chinwag: its blocks do what it says, and it names nothing that there is not."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chinwag.embedded.binaries import binary
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.settings import Settings
from chinwag.wire import HealthCode
from tests.support.client import open_thread
from tests.support.command import chinwag, post
from tests.support.http import http_client
from tests.support.pgbouncer import running_pgbouncer
from tests.support.process import ServerStarter, directory_for_all, free_port
from tests.support.repository import ROOT

GUIDE = ROOT / "docs" / "operating.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BOT = {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "anyone"}


def blocks(heading: str, language: str = "sh") -> list[str]:
    """Return the fenced blocks of a section."""
    section, *_ = re.split(r"\n## ", TEXT.partition(f"\n## {heading}\n")[2])
    found = re.findall(rf"```{language}\n(.*?)```", section, re.S)
    assert found, heading
    return found


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of its own: what the guide makes is for a whole one."""
    with (
        directory_for_all() as directory,
        EmbeddedPostgres(directory, port=0, options={"fsync": "off"}) as postgres,
    ):
        yield postgres


@pytest.fixture(scope="module")
def shell(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> "Shell":
    return Shell(postgres, tmp_path_factory.mktemp("shell"))


class Shell:
    """Where the commands of the guide are run."""

    def __init__(self, postgres: EmbeddedPostgres, directory: Path) -> None:
        self.parts = urlsplit(postgres.superuser_url)
        self.directory = directory
        (directory / "deploy").symlink_to(ROOT / "deploy")

    def url(self, role: str, password: str) -> str:
        netloc = f"{role}:{password}@{self.parts.hostname}:{self.parts.port}"
        return self.parts._replace(netloc=netloc, path="/chinwag").geturl()

    def run(self, script: str, **environ: str) -> None:
        programs = binary("psql").parent
        subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.directory,
            env=os.environ
            | {
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PGHOST": str(self.parts.hostname),
                "PGPORT": str(self.parts.port),
                "PGPASSWORD": str(self.parts.password),
            }
            | environ,
            check=True,
            timeout=60,
        )


async def test_two_servers_and_what_a_backup_brings_back(shell: Shell) -> None:
    shell.run("psql --username=postgres --command='drop database if exists chinwag with (force)'")
    roles, commands = blocks("Two servers on one computer")
    shell.run(roles)
    passwords = dict(re.findall(r"postgresql://(\w+):(\w+)@127\.0\.0\.1/chinwag", commands))
    owner, server_url = (shell.url(role, passwords[role]) for role in ("chinwag_owner", "chinwag_server"))
    assert "chinwag migrate" in commands
    assert chinwag("migrate", DATABASE_URL=owner).returncode == 0
    with ServerStarter(server_url) as start:
        server = await asyncio.to_thread(start, BOT)
        thread = (await post(server, "/threads", {}))["id"]
        for number in range(3):
            await post(server, f"/threads/{thread}/messages", {"content": f"message {number}"})

    dump, restore = blocks("Backups")
    shell.run(dump, DATABASE_URL=owner)
    shell.run("psql --username=postgres --command='drop database chinwag with (force)'")
    shell.run(restore)

    audited = chinwag("audit", DATABASE_URL=server_url)
    assert audited.returncode == 0, audited.stdout
    assert chinwag("migrate", DATABASE_URL=owner).returncode == 0
    with ServerStarter(server_url) as start:
        server = await asyncio.to_thread(start, BOT)
        async with open_thread(server, thread, after=0) as client:
            await client.until_seq(3)
            await client.send("after the backup")
            await client.until_seq(4)


async def test_pgbouncer_with_the_settings_of_the_guide(database_url: str) -> None:
    [variables], [settings] = blocks("PgBouncer"), blocks("PgBouncer", "ini")
    parts, port = urlsplit(database_url), free_port()
    database = parts.path[1:]
    for old, new in {
        "chinwag = host=db1.example port=5432": f"{database} = host={parts.hostname} port={parts.port}",
        "listen_port = 6432": f"listen_port = {port}",
    }.items():
        assert old in settings
        settings = settings.replace(old, new)
    users = f'"{parts.username}" "{parts.password}"\n'
    assert re.findall(r"export (\w+)=", variables) == ["DATABASE_URL", "CHINWAG_LISTEN_URL"]
    pooled = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
    with running_pgbouncer(settings, {"userlist.txt": users}), ServerStarter(pooled) as start:
        server = await asyncio.to_thread(start, BOT | {"CHINWAG_LISTEN_URL": database_url})
        async with http_client(f"{server.url}/api/v1") as http:
            thread = (await http.post("/threads", json={"open": True})).json()["id"]
            async with open_thread(server, thread) as client:
                await client.frame("ready")
                await client.send("through the pooler")
                await client.until_seq(1)
            found = await http.get("/search", params={"q": "pooler"})
            assert found.status_code == 200 and len(found.json()) == 1
        audited = chinwag("audit", DATABASE_URL=pooled, CHINWAG_LISTEN_URL=database_url)
        assert audited.returncode in (0, 1) and "In every thread" in audited.stdout, audited.stderr


def test_every_setting_is_one() -> None:
    named = set(re.findall(r"CHINWAG_(\w+)", TEXT))
    assert named and {name.lower() for name in named} <= set(Settings.__struct_fields__)


def test_the_manifests_need_what_the_guide_makes() -> None:
    manifests = "".join(file.read_text() for file in (ROOT / "deploy" / "kubernetes").rglob("*.yaml"))
    needed = set(re.findall(r"(?:secretKeyRef|passwordSecret|secret):\n +name: chinwag-(\w+)", manifests))
    [roles] = re.findall(r"for role in ([a-z ]+);", TEXT)
    assert needed == set(roles.split())
    assert re.search(r"configMapRefs:\n +- name: chinwag-roles .*\n +key: roles.sql", manifests)
    assert "configmap chinwag-roles --namespace chinwag --from-file=roles.sql=deploy/roles.sql" in TEXT


def test_every_code_is_one() -> None:
    codes = {code.value for code in HealthCode}
    assert {"draining", "database_read_only", "schema_too_new"} <= codes & set(re.findall(r"`(\w+)`", TEXT))


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert target.startswith("https://") or (GUIDE.parent / target).exists(), target
    headings = {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in TEXT.splitlines()}
    for anchor in re.findall(r"\]\(#([^)]+)\)", TEXT):
        assert anchor in headings, anchor


def test_every_picture_is_text_that_is_light_and_dark() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", TEXT)
    assert len(pictures) >= 5
    for picture in pictures:
        text = (GUIDE.parent / picture).read_text()
        assert "<title>" in text and "prefers-color-scheme:dark" in text
