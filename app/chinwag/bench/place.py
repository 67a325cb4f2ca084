"""A temporary directory with PostgreSQL servers of our own, of which nothing is left at the end."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from chinwag.bench import slow_disk
from chinwag.embedded.programs import die_with
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import LoadFailed

LOG_LINES = 15


@dataclass(frozen=True)
class Place:
    """Where our own servers are.

    Attributes:
        fsync: whether commits wait for the disk.
        fsync_delay_ms: how much longer the disk takes for that.
        environment: that of each PostgreSQL.
    """

    directory: Path
    fsync: bool
    fsync_delay_ms: float
    environment: Mapping[str, str]

    @contextlib.contextmanager
    def postgres(
        self, name: str, settings: Mapping[str, str] | None = None, *, port: int | None = None
    ) -> Iterator[EmbeddedPostgres]:
        """Run a new PostgreSQL inside the block.

        Args:
            settings: further settings of the server.
            port: as in EmbeddedPostgres.

        Raises:
            LoadFailed: its disk is not as slow as it should be.
        """
        options = {**(settings or {}), **({} if self.fsync else {"fsync": "off"})}
        directory = self.directory / name
        postgres = EmbeddedPostgres(directory, port=port, options=options, environment=self.environment)
        try:
            with postgres:
                if self.fsync_delay_ms:
                    asyncio.run(slow_disk.check(postgres.superuser_url, self.fsync_delay_ms))
                yield postgres
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @contextlib.contextmanager
    def command(
        self, arguments: Sequence[str], database_url: str, settings: Mapping[str, str], *, ready: str
    ) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run a command of Chinwag inside the block, which begins when it writes a line that starts with
        `ready`, and give the block the process and the line.

        Raises:
            LoadFailed: it has ended before.
        """
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")}
        environ |= {"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1", **settings}
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "chinwag.cli", *arguments],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=partial(die_with, os.getpid()),
            )
            with process:
                try:
                    yield process, _line_of(process, ready, log)
                finally:
                    process.kill()


@contextlib.contextmanager
def new_place(*, fsync: bool, fsync_delay_ms: float = 0) -> Iterator[Place]:
    """Make a directory for servers of our own, which is deleted at the end of the block.

    Raises:
        LoadFailed: the disk cannot be made as slow as that.
    """
    # Not TemporaryDirectory: its mode would keep out the user that runs PostgreSQL for root.
    directory = Path(tempfile.mkdtemp(prefix="chinwag-bench-"))
    directory.chmod(0o755)
    try:
        yield Place(directory, fsync, fsync_delay_ms, slow_disk.environment(directory, fsync_delay_ms))
    finally:
        shutil.rmtree(directory)


def _line_of(process: subprocess.Popen[str], start: str, log: IO[str]) -> str:
    assert process.stdout
    for line in process.stdout:
        if line.startswith(start):
            return line
    log.seek(0)
    end = "".join(log.readlines()[-LOG_LINES:])
    raise LoadFailed(f"a command of Chinwag did not start:\n{end}")
