"""Which embedded PostgreSQL runs where, as its files tell everybody who may read them."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import platformdirs

from app.packaged import ENVIRONMENT, binary


def default_directory() -> Path:
    """`/var/lib/chinwag` for root, whose home the server's user cannot enter; for others their data
    directory, `~/.local/share/chinwag/postgres` on Linux."""
    if os.geteuid() == 0:
        return Path("/var/lib/chinwag")
    return platformdirs.user_data_path("chinwag") / "postgres"


def running_url(directory: Path) -> str | None:
    """The URL of the server that runs in this directory and accepts connections, whoever started
    it. None if there is none, or none whose files the caller may read."""
    postmaster = read_pidfile(directory / "data")
    if postmaster is None or not _is_alive(postmaster[0]):
        return None
    port = postmaster[1]
    ask = [str(binary("pg_isready")), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    if subprocess.run(ask, check=False, env=ENVIRONMENT).returncode != 0:
        return None
    with suppress(OSError):
        return url_of(directory, port)
    return None


def url_of(directory: Path, port: int) -> str:
    """The URL for the superuser `chinwag`."""
    password = (directory / "password").read_text(encoding="ascii")
    return f"postgresql://chinwag:{password}@127.0.0.1:{port}/chinwag"


def read_pidfile(data: Path) -> tuple[int, int, str] | None:
    """Process id, port and status as of postmaster.pid: src/include/utils/pidfile.h."""
    with suppress(OSError, ValueError, IndexError):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return int(lines[0]), int(lines[3]), lines[7].strip()
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
