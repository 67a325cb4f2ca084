"""Discovery of a running embedded PostgreSQL from the files in its directory."""

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import platformdirs

from chinwag.embedded.binaries import ENVIRONMENT, binary
from chinwag.embedded.filelock import is_held
from chinwag.embedded.initdb import OWNER, PASSWORDS
from chinwag.errors import EmbeddedPostgresFailed

OWNER_LOCK = "owner.lock"
"""The process that runs the server holds this lock."""

RESTART_SECONDS = 30
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Postmaster:
    """What a server writes about itself in postmaster.pid (src/include/utils/pidfile.h in the source of
    PostgreSQL)."""

    pid: int
    port: int
    socket_directory: str
    status: str


def default_directory() -> Path:
    """Return the directory of the embedded PostgreSQL that is used if none is set.

    For root it is `/var/lib/chinwag`, because the server's user cannot enter root's home. For others it is
    in their data directory, such as `~/.local/share/chinwag/postgres` on Linux.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/chinwag")
    return platformdirs.user_data_path("chinwag") / "postgres"


def shared_url(directory: Path, role: str = OWNER) -> str | None:
    """Return the URL for a role of the server that this or another process runs in the directory; None if no
    process runs one.

    If that process is starting the server, or starts it again after its death, this waits until the server
    is ready.

    Raises:
        EmbeddedPostgresFailed: the server is not ready after RESTART_SECONDS.
    """
    deadline = time.monotonic() + RESTART_SECONDS
    while True:
        if url := running_url(directory, role):
            return url
        if not is_held(directory / OWNER_LOCK):
            return None
        if time.monotonic() > deadline:
            raise EmbeddedPostgresFailed(
                f"the embedded PostgreSQL in {directory} has died or is starting, and accepts no connections;"
                f" the process that runs it goes on trying to start it: see {directory / 'log'}"
            )
        time.sleep(POLL_SECONDS)


def running_url(directory: Path, role: str = OWNER) -> str | None:
    """Return the URL for a role of the server that runs in this directory and accepts connections, whoever
    started it; None if there is no such server, or if the caller may not read its files."""
    postmaster = read_pidfile(directory / "data")
    if postmaster is None or postmaster.status != "ready" or not _is_alive(postmaster.pid):
        return None
    host, port = postmaster.socket_directory, postmaster.port
    ask = [str(binary("pg_isready")), "--quiet", f"--host={host}", f"--port={port}"]
    if subprocess.run(ask, check=False, env=ENVIRONMENT).returncode != 0:
        return None
    with suppress(OSError):
        return url_of(directory, host, port, role)
    return None


def url_of(directory: Path, host: str, port: int, role: str = OWNER) -> str:
    """Return the URL for a role. `host` is an address, or the directory of the socket."""
    login = f"{role}:{(directory / PASSWORDS[role]).read_text(encoding='ascii')}"
    if host.startswith("/"):
        return f"postgresql://{login}@/chinwag?host={quote(host)}&port={port}"
    return f"postgresql://{login}@{host}:{port}/chinwag"


def read_pidfile(data: Path) -> Postmaster | None:
    """Read postmaster.pid; None if there is no server, or if it has not written the whole file yet."""
    with suppress(OSError, ValueError, IndexError):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return Postmaster(int(lines[0]), int(lines[3]), lines[4], lines[7].strip())
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
