"""One PostgreSQL for all contestants, and a fresh database for each server that is started."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from bench.contestants import PEERS, ROOT, Contestant
from bench.wire import THREADS
from chinwag.embedded.server import EmbeddedPostgres

OPTIONS = {"shared_buffers": "256MB", "max_wal_size": "4GB"}
UNSAFE = {"fsync": "off", "full_page_writes": "off"}
"""Settings under which a commit does not wait for the disk, and a crash may destroy the database."""


class Databases:
    """Makes databases that have the schema of a contestant, and the threads 1 to 200."""

    def __init__(self, url: str, *, fsync: bool) -> None:
        """
        Args:
            fsync: whether commits wait for the disk.
        """
        self.fsync = fsync
        self._url = url
        self._templates: dict[tuple[str, ...], str] = {}

    @contextmanager
    def fresh(self, contestant: Contestant) -> Iterator[str]:
        """Make a database, which is dropped at the end of the block, and give the block its URL."""
        template = self._template(contestant)
        _execute(self._url, f'create database "bench" template "{template}"')
        try:
            yield self._url_of("bench")
        finally:
            _execute(self._url, 'drop database "bench" with (force)')

    def server_version(self) -> str:
        async def ask() -> str:
            connection = await asyncpg.connect(self._url)
            try:
                return str(await connection.fetchval("show server_version"))
            finally:
                await connection.close()

        return asyncio.run(ask())

    def _template(self, contestant: Contestant) -> str:
        if contestant.schema not in self._templates:
            name = f"bench_template_{len(self._templates)}"
            _execute(self._url, f'create database "{name}"')
            url = self._url_of(name)
            if contestant.schema:
                for file in contestant.schema:
                    _execute(url, (PEERS / file).read_text())
            else:
                _migrate(url)
            _execute(url, f"insert into thread (title) select 'bench' from generate_series(1, {THREADS})")  # noqa: S608
            self._templates[contestant.schema] = name
        return self._templates[contestant.schema]

    def _url_of(self, name: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()


@contextmanager
def started(*, fsync: bool) -> Iterator[Databases]:
    """Run a PostgreSQL inside the block. Nothing of it is left at the end."""
    # Not TemporaryDirectory: its mode would keep out the user that runs PostgreSQL for root.
    directory = Path(tempfile.mkdtemp(prefix="chinwag-bench-"))
    directory.chmod(0o755)
    options = OPTIONS if fsync else OPTIONS | UNSAFE
    try:
        # On TCP, as the drivers of the other servers reach a database.
        with EmbeddedPostgres(directory / "postgres", port=0, options=options) as postgres:
            yield Databases(postgres.superuser_url, fsync=fsync)
    finally:
        shutil.rmtree(directory)


def _migrate(url: str) -> None:
    command = [sys.executable, "-m", "chinwag.cli", "migrate"]
    subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, cwd=ROOT, check=True, capture_output=True)


def _execute(url: str, script: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    asyncio.run(execute())
