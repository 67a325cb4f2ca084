"""The launcher of the embedded PostgreSQL: it starts a postmaster and waits until it accepts connections."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chinwag.embedded.discovery import read_pidfile
from chinwag.embedded.filelock import FileLock
from chinwag.embedded.programs import Log, Programs
from chinwag.embedded.socketdir import socket_directory
from chinwag.embedded.supervisor import describe
from chinwag.errors import EmbeddedPostgresFailed

SOCKET_PORT = 5432
"""The port is a part of the socket's name, even if the server does not listen on TCP."""

DYING_SECONDS = 30
"""How long the processes of a former server are awaited."""

ORPHAN_SECONDS = 5
READY_SECONDS = 600
"""After a crash, up to 1 GB of WAL is replayed first, which can take minutes on a slow disk."""

POLL_SECONDS = 0.005
PORT_TRIES = 5


class Launcher:
    """The launcher of the postmaster of one data directory, which can launch it as often as it dies.

    Attributes:
        port: the port of the last launch.
        socket_directory: the directory of the socket of the last launch.
    """

    def __init__(
        self,
        data: Path,
        programs: Programs,
        log: Log,
        lock: FileLock,
        settings: Mapping[str, str],
        *,
        environment: Mapping[str, str],
        wanted_port: int | None,
        former_port: int | None,
    ) -> None:
        """
        Args:
            data: PGDATA; it is initialised.
            lock: the lock that every process of the server inherits.
            environment: variables that only the server gets, and not the programs that prepare its data.
            wanted_port: as in EmbeddedPostgres.
            former_port: the port of the former start, if there was one; it is tried first.
        """
        self.port = former_port or (SOCKET_PORT if wanted_port is None else wanted_port)
        self._data = data
        self._programs = programs
        self._log = log
        self._lock = lock
        self._settings = settings
        self._environment = environment
        self._wanted_port = wanted_port
        self._user = programs.account.pw_uid if programs.account else os.geteuid()
        self.socket_directory = socket_directory(data, self._user)

    def launch(self, stopping: threading.Event) -> "subprocess.Popen[bytes]":
        """Start the postmaster, and return when it accepts connections, or soon when `stopping` is set.

        Raises:
            EmbeddedPostgresFailed: it has ended, or is not ready in time; the error has the end of the log.
        """
        self._await_orphans(stopping)
        self.socket_directory = socket_directory(self._data, self._user)
        for _ in range(PORT_TRIES):
            self.port = self.port or _free_port()
            self._log.mark()
            process = self._spawn()
            if self._is_ready(process, stopping):
                return process
            failure = self._log.failure(f"postgres ended: {describe(process.returncode)}")
            # Another program may have taken the port after we had found it free.
            if self._wanted_port != 0 or "could not bind" not in str(failure):
                break
            self.port = 0
        raise failure

    def _await_orphans(self, stopping: threading.Event) -> None:
        """Wait for the end of the processes that a killed postmaster has left behind."""
        self._lock.release()
        if self._lock.take(ORPHAN_SECONDS, stopping):
            return
        # A process that computes does not notice that its postmaster is gone. Its transaction is lost anyway.
        for pid in self._lock.holders():
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
        if not self._lock.take(DYING_SECONDS, stopping):
            raise EmbeddedPostgresFailed("processes of the PostgreSQL that died still run")

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = {
            **self._settings,
            "listen_addresses": "" if self._wanted_port is None else "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_directory),
            "unix_socket_permissions": "0700",
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._programs.start("postgres", "-D", self._data, *arguments, environment=self._environment)

    def _is_ready(self, process: "subprocess.Popen[bytes]", stopping: threading.Event) -> bool:
        """Wait until the server accepts connections or is to be stopped. False: it has ended."""
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None:
            said = read_pidfile(self._data)
            # The pid is compared, too: the file of a server that was killed may still say that it is ready.
            if said and (said.pid, said.port, said.status) == (process.pid, self.port, "ready"):
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
