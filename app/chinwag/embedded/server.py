"""The embedded PostgreSQL: a server from packaged binaries that never outlives this process.

When root starts it, `postgres` or `nobody` runs it, and only `data/` is in that user's hands. The directory,
the locks, the log and the copied binaries stay root's, so that a server that was broken into cannot lead root
astray with a link. For POSIX systems only.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from chinwag.embedded.discovery import OWNER_LOCK, shared_url, url_of
from chinwag.embedded.filelock import FileLock
from chinwag.embedded.initdb import OWNER, SUPERUSER, prepare
from chinwag.embedded.launcher import DYING_SECONDS, Launcher
from chinwag.embedded.programs import Log, Programs
from chinwag.embedded.supervisor import Stop, Supervisor
from chinwag.errors import EmbeddedPostgresFailed

SETTINGS = {
    "max_connections": "200",
    "cluster_name": "chinwag",
    # For relays. One that is gone for good does not fill the disk.
    "wal_level": "logical",
    "max_slot_wal_keep_size": "1GB",
    # The text of an error can contain the content of a message, and so can its details, its statement and
    # the parameters of that statement. So only the client is told of errors, and nothing is logged in detail.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
}

OWNER_SECONDS = 1
"""How long the owner's lock is awaited: a process that was killed just now may hold it a little longer."""

FAST_SECONDS = 10
IMMEDIATE_SECONDS = 7
"""The postmaster gives its children 5 s before it kills them."""


class EmbeddedPostgres:
    """One PostgreSQL server of our own, which ends with `stop()` or with this process, whatever ends that.

    It listens on a Unix socket that only its user can reach, wants a password, and is started again when it
    dies. As a context manager it runs inside the block.

    Two locks tell who is alive. This process holds `owner.lock`: another start fails meanwhile. Every process
    of the server inherits `server.lock`: the start after a kill waits until the last of them is gone.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        options: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            directory: holds `data/` (PGDATA), the passwords and `log`; it is made at the start if missing.
            port: listen on 127.0.0.1, too, on this port; 0 for a free one, which is kept while it stays free.
            options: further settings of the server, such as `{"fsync": "off"}`.
            environment: environment variables of the server, which gets none of this process's.
        """
        self.directory = directory.absolute()
        self._wanted_port = port
        self._settings = SETTINGS | dict(options or {})
        self._environment = dict(environment or {})
        self._last_launcher: Launcher | None = None
        """The launcher of the present or the last start."""
        self._supervisor: Supervisor | None = None
        """It runs the server; None while the server is stopped."""
        self._held = ExitStack()
        """What a start takes and a stop releases: the locks, the log and the programs."""

    @property
    def url(self) -> str:
        """The URL for the role `chinwag`, which owns the database, of the present or the last start."""
        return self._url(OWNER)

    @property
    def superuser_url(self) -> str:
        """The URL for the role `postgres`, which may do everything."""
        return self._url(SUPERUSER)

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        if self._supervisor is None or self._supervisor.process is None:
            raise EmbeddedPostgresFailed("the embedded PostgreSQL is not running")
        return self._supervisor.process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> str:
        """Start the server, wait until it accepts connections, and return its URL.

        The first start makes the data directory and the database `chinwag`. From then on the server is
        started again whenever it dies. If it was started already, this only waits for it.

        Raises:
            EmbeddedPostgresFailed: with the reason and, if it got so far, the end of the log.
        """
        if self._supervisor is not None:
            shared_url(self.directory)
            return self.url
        try:
            self._supervisor = self._make_supervisor()
            self._supervisor.start()
            return self.url
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError | KeyError | subprocess.SubprocessError):
                message = f"the embedded PostgreSQL cannot run: {error}"
                raise EmbeddedPostgresFailed(message) from error
            raise

    def stop(self) -> None:
        """Stop the server: fast; after 10 s immediately; 7 s later with SIGKILL.

        None of these ways loses what was committed: https://www.postgresql.org/docs/18/server-shutdown.html
        """
        gentle = (signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)
        self._end((*gentle, (signal.SIGKILL, None)))

    def kill(self) -> None:
        """Kill the postmaster with SIGKILL, wait for its end, and do not start it again."""
        self._end(((signal.SIGKILL, None),))

    def _end(self, steps: Stop) -> None:
        if self._supervisor is not None:
            self._supervisor.stop(steps)
            self._supervisor = None
        self._held.close()

    def _url(self, role: str) -> str:
        if self._last_launcher is None:
            raise EmbeddedPostgresFailed("the embedded PostgreSQL was not started")
        launcher = self._last_launcher
        host = str(launcher.socket_directory) if self._wanted_port is None else "127.0.0.1"
        return url_of(self.directory, host, launcher.port, role)

    def _make_supervisor(self) -> Supervisor:
        """Take the directory and prepare the data in it, so that the server can be started."""
        _make_directory(self.directory)
        self._take(
            OWNER_LOCK, OWNER_SECONDS, f"another process runs the embedded PostgreSQL in {self.directory}"
        )
        log = Log(self.directory / "log")
        self._held.callback(log.close)
        lock = self._take(
            "server.lock",
            DYING_SECONDS,
            f"the former embedded PostgreSQL in {self.directory} is still stopping",
        )
        programs = Programs(self.directory, log, lock)
        self._held.callback(programs.close)
        data = self.directory / "data"
        prepare(data, programs, sync=self._settings.get("fsync") != "off")
        self._last_launcher = Launcher(
            data,
            programs,
            log,
            lock,
            self._settings,
            environment=self._environment,
            wanted_port=self._wanted_port,
            former_port=None if self._last_launcher is None else self._last_launcher.port,
        )
        return Supervisor("postgresql", self._last_launcher.launch, log.end)

    def _take(self, name: str, seconds: float, complaint: str) -> FileLock:
        lock = FileLock(self.directory / name)
        self._held.callback(lock.release)
        if not lock.take(seconds):
            raise EmbeddedPostgresFailed(complaint)
        return lock


def _make_directory(directory: Path) -> None:
    # A directory that was there before keeps its permissions: it is not for us to loosen them.
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o755 if os.geteuid() == 0 else 0o700)
