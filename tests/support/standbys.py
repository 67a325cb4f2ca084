"""Standbys: copies of a primary that stream from it, and that can lag, fall silent and be promoted."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from chinwag.db.pool import Connection
from chinwag.embedded.binaries import binary
from chinwag.embedded.initdb import PASSWORDS
from chinwag.embedded.server import EmbeddedPostgres
from tests.support.sql import until

STANDBY = {
    "fsync": "off",
    "wal_retrieve_retry_interval": "100ms",
    "wal_receiver_status_interval": "100ms",
}

OF_PRIMARY = {"fsync": "off", "wal_keep_size": "256MB"}  # or a new standby may find that its WAL is gone

HAS_ALL = "select pg_last_wal_replay_lsn() >= $1::text::pg_lsn"
POSITION = "select pg_current_wal_insert_lsn()::text"


class Standby:
    """A standby with a directory of its own."""

    def __init__(
        self, primary: EmbeddedPostgres, directory: Path, options: Mapping[str, str], name: str = "chinwag"
    ) -> None:
        """
        Args:
            name: its name for synchronous_standby_names.
        """
        self.name = name
        self.primary = primary
        self.directory = directory
        self.postgres = EmbeddedPostgres(directory, port=0, options=STANDBY | dict(options))

    @property
    def url(self) -> str:
        return self.postgres.url

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def start(self) -> None:
        copy_primary(self.primary, self.directory, name=self.name)
        self.postgres.start()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Connect to it as the role that may do everything."""
        async with _connected(self.postgres) as connection:
            yield connection

    async def has_all(self) -> None:
        """Wait until it has replayed what the primary has written."""
        async with _connected(self.primary) as primary, self.connection() as connection:
            await until(connection, HAS_ALL, await primary.fetchval(POSITION))

    async def pause(self) -> None:
        """Have it lag, from what it has now on."""
        await self.has_all()
        async with self.connection() as connection:
            await connection.execute("select pg_wal_replay_pause()")
            await until(connection, "select pg_get_wal_replay_pause_state() = 'paused'")

    async def resume(self) -> None:
        """Have it catch up, and wait until it has."""
        async with self.connection() as connection:
            await connection.execute("select pg_wal_replay_resume()")
        await self.has_all()

    async def promote(self) -> None:
        async with self.connection() as connection:
            await connection.execute("select pg_promote()")

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the postmaster and each of its processes."""
        postmaster = self.postgres.pid
        listed = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, listed)):
            os.kill(pid, number)


@contextmanager
def running_standby(primary: EmbeddedPostgres, **options: str) -> Iterator[Standby]:
    """Run a standby of a primary inside the block, with further settings of PostgreSQL."""
    # Not tmp_path: as root that is below a directory that the server's user cannot enter.
    base = Path(tempfile.mkdtemp(prefix="chinwag-standby-"))
    base.chmod(0o755)
    standby = Standby(primary, base / "postgres", options)
    try:
        standby.start()
        yield standby
    finally:
        standby.postgres.stop()
        shutil.rmtree(base)


@asynccontextmanager
async def _connected(postgres: EmbeddedPostgres) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(postgres.superuser_url)
    try:
        yield connection
    finally:
        await connection.close()


def copy_primary(
    primary: EmbeddedPostgres, target: Path, *options: str, name: str = "chinwag"
) -> None:
    """Make the data of a standby in a directory, which may have others in it.

    Args:
        options: further options of pg_basebackup.
        name: its name for synchronous_standby_names.
    """
    for path in target.iterdir() if target.exists() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()  # a mount point itself cannot be removed
    target.mkdir(mode=0o755, exist_ok=True)
    for file in PASSWORDS.values():
        shutil.copy(primary.directory / file, target / file)
    url = urlsplit(primary.superuser_url)._replace(query=f"application_name={name}").geturl()
    command = [str(binary("pg_basebackup")), "-d", url, "-D", f"{target}/data", *options]
    subprocess.run([*command, "--checkpoint=fast", "--write-recovery-conf", "--no-sync"], check=True)
    # Of the primary's settings, the standby must not wait for a standby of its own.
    auto = target / "data" / "postgresql.auto.conf"
    lines = auto.read_text().splitlines(keepends=True)
    auto.write_text("".join(line for line in lines if not line.startswith("synchron")))
    owner = (primary.directory / "data").stat()
    for path in (target / "data", *(target / "data").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
