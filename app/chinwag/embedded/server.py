"""The embedded PostgreSQL: a server from packaged binaries that never outlives this process.

When root starts it, `postgres` or `nobody` runs it, and only `data/` is in that user's hands. The
directory, the locks, the log and the copied binaries stay root's, so that a server that was broken
into cannot lead root astray with a link. For POSIX systems only.
"""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from chinwag.embedded.discovery import OWNER_LOCK, read_pidfile, shared_url, url_of
from chinwag.embedded.filelock import FileLock
from chinwag.embedded.initdb import OWNER, SUPERUSER, prepare
from chinwag.embedded.programs import Log, Programs
from chinwag.embedded.socketdir import socket_directory
from chinwag.embedded.supervisor import Supervisor, describe
from chinwag.errors import EmbeddedPostgresFailed

SETTINGS = {
    "max_connections": "200",
    "cluster_name": "chinwag",
    # The text of an error can have a message's content in it, and its details, its statement and that
    # statement's parameters have. So errors are told to the client alone; of what is logged, no details are.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
}

SOCKET_PORT = 5432
"""It is part of the socket's name, also where nothing listens on TCP."""

OWNER_SECONDS = 1
"""A process that was killed a moment ago may hold its lock a little longer."""

DYING_SECONDS = 30
ORPHAN_SECONDS = 5
READY_SECONDS = 600
"""After a crash, up to 1 GB of WAL is replayed first, which can take minutes on a slow disk."""

FAST_SECONDS = 10
IMMEDIATE_SECONDS = 7
"""The postmaster gives its children 5 s before it kills them."""

POLL_SECONDS = 0.005
PORT_TRIES = 5


class EmbeddedPostgres:
    """One PostgreSQL server of our own. It listens on a Unix socket that only its user can reach, wants a
    password, is started again when it dies, and ends with `stop()` or with this process, whatever ends that.
    As a context manager it runs inside the block.

    Two locks tell who is alive. This process holds `owner.lock`: another start fails meanwhile.
    Every process of the server inherits `server.lock`: the start after a kill waits until the last
    of them is gone.
    """

    def __init__(
        self, directory: Path, *, port: int | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        """
        Args:
            directory: holds `data/` (PGDATA), the passwords and `log`; made at the start if missing.
            port: listen on 127.0.0.1, too, on this port; 0 for a free one, which is kept while it stays free.
            options: further settings of the server, such as `{"fsync": "off"}`.
        """
        self.directory = directory.absolute()
        self._data = self.directory / "data"
        self._wanted_port = port
        self._port = SOCKET_PORT if port is None else port
        self._socket_directory: Path | None = None
        self._settings = SETTINGS | dict(options or {})
        self._owner_lock = FileLock(self.directory / OWNER_LOCK)
        self._server_lock = FileLock(self.directory / "server.lock")
        self._supervisor: Supervisor | None = None
        self._held = ExitStack()

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

        The first start makes the data directory and the database `chinwag`. A server that was started is
        left alone, but awaited: from then on it is started again whenever it dies.

        Raises:
            EmbeddedPostgresFailed: with the reason and, if it got so far, the end of the log.
        """
        if self._supervisor is not None:
            shared_url(self.directory)
            return self.url
        try:
            self._take_directory()
            prepare(self._data, self._programs, sync=self._settings.get("fsync") != "off")
            self._supervisor = Supervisor("postgresql", self._launch, self._log.end)
            self._supervisor.start()
            return self.url
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError | KeyError | subprocess.SubprocessError):
                message = f"the embedded PostgreSQL cannot run: {error}"
                raise EmbeddedPostgresFailed(message) from error
            raise

    def stop(self) -> None:
        """Stop the server: fast; after 10 s immediately; 7 s later with SIGKILL. No way loses what
        was committed: https://www.postgresql.org/docs/18/server-shutdown.html"""
        gentle = (signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)
        self._end((*gentle, (signal.SIGKILL, None)))

    def kill(self) -> None:
        """Kill the postmaster with SIGKILL, wait for its end, and do not start it again."""
        self._end(((signal.SIGKILL, None),))

    def _end(self, steps: tuple[tuple[signal.Signals, float | None], ...]) -> None:
        if self._supervisor is not None:
            self._supervisor.stop(steps)
            self._supervisor = None
        self._held.close()

    def _url(self, role: str) -> str:
        if self._socket_directory is None:
            raise EmbeddedPostgresFailed("the embedded PostgreSQL was not started")
        host = str(self._socket_directory) if self._wanted_port is None else "127.0.0.1"
        return url_of(self.directory, host, self._port, role)

    def _take_directory(self) -> None:
        _make_directory(self.directory)
        self._held.callback(self._owner_lock.release)
        if not self._owner_lock.take(OWNER_SECONDS):
            raise EmbeddedPostgresFailed(f"another process runs the embedded PostgreSQL in {self.directory}")
        self._log = Log(self.directory / "log")
        self._held.callback(self._log.close)
        self._held.callback(self._server_lock.release)
        if not self._server_lock.take(DYING_SECONDS):
            raise EmbeddedPostgresFailed(
                f"the former embedded PostgreSQL in {self.directory} is still stopping"
            )
        self._programs = Programs(self.directory, self._log, self._server_lock)
        self._held.callback(self._programs.close)

    def _await_orphans(self, stopping: threading.Event) -> None:
        """Wait for the end of the processes that a postmaster has left that was killed."""
        self._server_lock.release()
        if self._server_lock.take(ORPHAN_SECONDS, stopping):
            return
        # One that computes does not notice that its postmaster is gone. Its transaction is lost anyway.
        for pid in self._server_lock.holders():
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
        if not self._server_lock.take(DYING_SECONDS, stopping):
            raise EmbeddedPostgresFailed("processes of the PostgreSQL that died still run")

    def _launch(self, stopping: threading.Event) -> "subprocess.Popen[bytes]":
        self._await_orphans(stopping)
        account = self._programs.account
        user = account.pw_uid if account else os.geteuid()
        self._socket_directory = socket_directory(self._data, user)
        for _ in range(PORT_TRIES):
            self._port = self._port or _free_port()
            self._log.mark()
            process = self._spawn()
            if self._is_ready(process, stopping):
                return process
            failure = self._log.failure(f"postgres ended: {describe(process.returncode)}")
            # Between our look for a free port and the server's bind, another may have taken it.
            if self._wanted_port != 0 or "could not bind" not in str(failure):
                break
            self._port = 0
        raise failure

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = self._settings | {
            "listen_addresses": "" if self._wanted_port is None else "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": str(self._socket_directory),
            "unix_socket_permissions": "0700",
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._programs.start("postgres", "-D", self._data, *arguments)

    def _is_ready(self, process: "subprocess.Popen[bytes]", stopping: threading.Event) -> bool:
        """True once the server accepts connections, or is to be stopped anyway; False when it has ended."""
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None:
            said = read_pidfile(self._data)
            # With its pid: the file of a server that was killed may still say that it is ready.
            if said and (said.pid, said.port, said.status) == (process.pid, self._port, "ready"):
                return True
            if stopping.is_set():
                return True
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise self._log.failure(f"postgres was not ready after {READY_SECONDS} s")
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        return False


def _make_directory(directory: Path) -> None:
    # What was there before keeps its permissions: to loosen those is not for us to decide.
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o755 if os.geteuid() == 0 else 0o700)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
