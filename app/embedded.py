"""The embedded PostgreSQL: a server of our own, from packaged binaries, that never outlives us.

When root starts it, `postgres` or `nobody` runs it, and only `data/` is in that user's hands. The
directory, the locks, the log and the copied binaries stay root's, so that a server that was broken
into cannot lead root astray with a link. For POSIX systems only.
"""

import fcntl
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

from app.errors import EmbeddedPostgresFailed
from app.initdb import initialize
from app.postmaster import read_pidfile, running_url, url_of
from app.programs import Log, Programs

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "cluster_name": "chinwag",
}

OWNER_SECONDS = 1
"""A process that was killed a moment ago may hold its lock a little longer."""

DYING_SECONDS = 30
READY_SECONDS = 60
"""After a crash, up to 1 GB of WAL is replayed first. pg_ctl waits as long."""

FAST_SECONDS = 10
IMMEDIATE_SECONDS = 7
"""The postmaster gives its children 5 s before it kills them."""

POLL_SECONDS = 0.005
PORT_TRIES = 5


class EmbeddedPostgres:
    """One PostgreSQL server of our own. It listens on 127.0.0.1 only, wants a password, and ends
    with `stop()` or with this process, whatever ends that. As a context manager it runs inside the
    block.

    Two locks tell who is alive. This process holds `owner.lock`: another start fails meanwhile.
    Every process of the server inherits `server.lock`: the start after a kill waits until the last
    of them is gone.
    """

    def __init__(
        self, directory: Path, *, port: int | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        """
        Args:
            directory: holds `data/` (PGDATA), `password` and `log`; made at the start if missing.
            port: None for a free one, chosen at the first start and kept while it stays free.
            options: further settings of the server, such as `{"fsync": "off"}`.
        """
        self.directory = directory.absolute()
        self._data = self.directory / "data"
        self._fixed_port = self._port = port
        self._settings = SETTINGS | dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()

    @property
    def url(self) -> str:
        """The URL for the superuser `chinwag`, of the present or the last start."""
        if self._port is None:
            raise EmbeddedPostgresFailed("the embedded PostgreSQL was not started")
        return url_of(self.directory, self._port)

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        if self._process is None:
            raise EmbeddedPostgresFailed("the embedded PostgreSQL is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> str:
        """Start the server, wait until it accepts connections, and return its URL.

        The first start makes the data directory and the database `chinwag`. A server that runs is
        left alone; one that has died is started again. To be called in the main thread.

        Raises:
            EmbeddedPostgresFailed: with the reason and, if it got so far, the end of the log.
        """
        # Not poll(): a process that was killed a moment ago has no exit status yet.
        if self._process is not None and running_url(self.directory) is not None:
            return self.url
        self.stop()
        # PDEATHSIG comes when the *thread* that forked ends, not when the process does: prctl(2).
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedPostgresFailed("start the embedded PostgreSQL in the main thread")
        try:
            self._take_directory()
            if not self._data.exists():
                initialize(self._data, self._programs, sync=self._settings.get("fsync") != "off")
            self._launch()
            return self.url
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError | KeyError | subprocess.SubprocessError):
                message = f"the embedded PostgreSQL cannot run: {error}"
                raise EmbeddedPostgresFailed(message) from error
            raise

    def _take_directory(self) -> None:
        _make_directory(self.directory)
        self._lock(
            "owner.lock",
            OWNER_SECONDS,
            f"another process runs the embedded PostgreSQL in {self.directory}"
            " (`chinwag psql` reaches it; to share it, give its URL as DATABASE_URL)",
        )
        server_lock = self._lock(
            "server.lock",
            DYING_SECONDS,
            f"the former embedded PostgreSQL in {self.directory} is still stopping",
        )
        self._log = Log(self.directory / "log")
        self._held.callback(self._log.close)
        self._programs = Programs(self.directory, self._log, server_lock)
        self._held.callback(self._programs.close)

    def _lock(self, name: str, patience: float, otherwise: str) -> int:
        descriptor = os.open(self.directory / name, os.O_RDWR | os.O_CREAT, 0o600)
        self._held.callback(os.close, descriptor)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresFailed(otherwise) from None
                time.sleep(POLL_SECONDS)

    def _launch(self) -> None:
        for _ in range(PORT_TRIES):
            self._port = self._port or _free_port()
            self._log.mark()
            self._process = self._spawn(self._port)
            if self._is_ready(self._process):
                return
            failure = self._log.failure(f"postgres ended with status {self._process.returncode}")
            # Between our look for a free port and the server's bind, another may have taken it.
            if self._fixed_port is not None or "could not bind" not in str(failure):
                break
            self._port = None
        raise failure

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return self._programs.start("postgres", "-D", self._data, "-p", str(port), *settings)

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """True once the server accepts connections, False when it has ended."""
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None:
            # With its pid: the file of a server that was killed may still say that it is ready.
            if read_pidfile(self._data) == (process.pid, self._port, "ready"):
                return True
            if time.monotonic() > deadline:
                raise self._log.failure(f"postgres was not ready after {READY_SECONDS} s")
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        return False

    def stop(self) -> None:
        """Stop the server: fast; after 10 s immediately; 7 s later with SIGKILL. No way loses what
        was committed: https://www.postgresql.org/docs/18/server-shutdown.html"""
        self._end(signal.SIGINT, FAST_SECONDS)
        self._end(signal.SIGQUIT, IMMEDIATE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the postmaster with SIGKILL, as a fault would, and wait for its end."""
        self._end(signal.SIGKILL, None)
        self._held.close()

    def _end(self, number: signal.Signals, patience: float | None) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
                self._process = None


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
