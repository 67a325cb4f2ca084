"""PgBouncer, a transaction pooler, in front of a PostgreSQL."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from chinwag.db.pool import SESSION
from tests.support.nginx import EMPTY
from tests.support.process import find_program, free_port, wait_until

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
ignore_startup_parameters = {ignored}
"""


@contextmanager
def pgbouncer_before(url: str) -> Iterator[str]:
    """Run a PgBouncer in transaction mode that accepts our start-up parameters, and give the block the URL
    through it."""
    own_port, parts = free_port(), urlsplit(url)
    settings = CONFIGURATION.format(
        host=parts.hostname, port=parts.port, user=parts.username, password=parts.password,
        own_port=own_port, ignored=", ".join(["extra_float_digits", *SESSION, "lock_timeout"]),
    )  # fmt: skip
    with running_pgbouncer(settings):
        yield parts._replace(netloc=f"{parts.username}:x@127.0.0.1:{own_port}").geturl()


@contextmanager
def running_pgbouncer(settings: str, files: Mapping[str, str] = EMPTY) -> Iterator[None]:
    """Run a PgBouncer with these settings inside the block. Further files are beside them."""
    program = find_program("pgbouncer", "pgbouncer")
    with tempfile.TemporaryDirectory(prefix="chinwag-pgbouncer-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        for file, text in {"pgbouncer.ini": settings, **files}.items():
            (directory / file).write_text(text)
        user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
        command = [program, "pgbouncer.ini"]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, user=user, cwd=directory
        ) as process:
            assert process.stderr is not None
            try:
                wait_until(lambda: process.poll() is not None or _listens(process), 20)
                assert process.poll() is None, process.communicate()[1]
                yield
            finally:
                process.terminate()


def _listens(process: subprocess.Popen[str]) -> bool:
    assert process.stderr is not None
    return "process up" in process.stderr.readline()
