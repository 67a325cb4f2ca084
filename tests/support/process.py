"""Servers as processes of their own, which can really be killed."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Self
from urllib.parse import urlsplit

import pytest

from chinwag.embedded.filelock import is_held
from tests.support.forking import CAN_FORK, FORKERY, Forked

START_SECONDS = 90
STOP_SECONDS = 30
"""The longest that a test waits for a stop. SIGTERM and Ctrl-C promise 5 s, but the machine may be
overloaded."""


class DidNotStart(AssertionError):
    """A server ended before it was ready; the error has its log."""


class Server:
    """A `chinwag serve` that runs."""

    def __init__(self, process: subprocess.Popen[str] | Forked, url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    @property
    def websocket_url(self) -> str:
        return "ws" + self.url.removeprefix("http")

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def stop(self) -> int:
        """Send SIGTERM, wait, and return the exit status."""
        return self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> int:
        """Send a signal, wait, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if self.process.stdout:
                self.process.stdout.close()


class ServerStarter:
    """Starts servers, on this database or each on an embedded one, and stops those that still run at the end
    of its block.

    A server is forked from a process that has imported Chinwag. Python starts anew for several server
    processes, and where `forks` is false.
    """

    def __init__(self, database_url: str | None, *, forks: bool = True) -> None:
        self.database_url = database_url
        self.forks = forks and CAN_FORK
        self._servers: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.kill()
            server.log.unlink()

    def __call__(
        self,
        settings: dict[str, str] | None = None,
        *arguments: str,
        port: int = 0,
        directory: Path | None = None,
    ) -> Server:
        """Start a server, and wait until it says that it is ready."""
        environ = environ_of(self.database_url, settings or {})
        command = ["serve", "--port", str(port), *arguments]
        process: subprocess.Popen[str] | Forked
        with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as log:
            if self.forks and "--workers" not in arguments:
                with open(os.devnull) as nothing:
                    process = FORKERY.fork(command, environ, nothing.fileno(), log.fileno(), directory)
            else:
                process = subprocess.Popen(
                    [sys.executable, "-m", "chinwag.cli", *command],
                    env=environ,
                    cwd=directory,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                )
        server = Server(process, "", Path(log.name))
        self._servers.append(server)
        server.url = _url_said_by(process, server.log)
        return server


def environ_of(database_url: str | None, settings: dict[str, str]) -> dict[str, str]:
    """Return the environment of a command, without what was set outside for another Chinwag."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")}
    ours.pop("DATABASE_URL", None)
    database = {"DATABASE_URL": database_url} if database_url else {}
    return ours | {"PYTHONUNBUFFERED": "1"} | database | settings


@contextmanager
def directory_for_all() -> Iterator[Path]:
    """Give the block a directory for the data of an embedded PostgreSQL, which is not made yet."""
    # Not tmp_path: as root that is below a directory that the server's user cannot enter.
    base = Path(tempfile.mkdtemp(prefix="chinwag-"))
    base.chmod(0o755)
    try:
        yield base / "postgres"
        # The last process of a killed server is gone.
        wait_until(lambda: not is_held(base / "postgres" / "server.lock"), START_SECONDS)
    finally:
        shutil.rmtree(base)


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < seconds, "it did not come true in time"
        # The processor is for what is awaited: the longer this takes, the less often it is looked for.
        time.sleep(min(0.002 + waited / 20, 0.05))


def find_program(name: str, package: str) -> str:
    """Return the path of a program that Debian has. The test is skipped if it is missing."""
    if path := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"):
        return path
    skip_for_lack(f"{name} is missing; on Debian: apt install {package}")


def skip_for_lack(sentence: str) -> NoReturn:
    """Skip the test because something is not installed. In CI, where all is installed, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port() -> int:
    """Return a free port, for a program that cannot choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _url_said_by(process: subprocess.Popen[str] | Forked, log: Path) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    poll = select.poll()  # select() itself takes no descriptor beyond 1023
    poll.register(process.stdout, select.POLLIN)
    while poll.poll(max(0, deadline - time.monotonic()) * 1000):
        line = process.stdout.readline()
        if said := re.search(r"Chinwag is at ([^\s\"]+)", line):  # in a JSON object where the logs are JSON
            return said[1]
        if not line:
            break
    process.kill()
    raise DidNotStart(f"the server did not start:\n{log.read_text()}")
