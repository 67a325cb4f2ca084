"""Relays as processes of their own, which can be killed and lose what they have."""

import asyncio
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import asyncpg

from chinwag.db.pool import Connection
from chinwag.embedded.discovery import url_of
from chinwag.embedded.filelock import is_held
from chinwag.embedded.initdb import SUPERUSER
from tests.support.client import LIMIT_SECONDS
from tests.support.command import forked_chinwag
from tests.support.forking import CAN_FORK, FORKERY, Forked
from tests.support.http import http_client
from tests.support.process import START_SECONDS, Server, environ_of, free_port, wait_until

PASSWORD = "of-all-the-listeners"  # so that a relay that has lost its directory has the same URL

SLOT_USER = "select active_pid from pg_replication_slots where slot_name = $1"


class Relay:
    """A `chinwag relay run`, which keeps its name, its port and its place over its lives."""

    def __init__(
        self, name: str, primary_url: str, directory: Path, log: IO[str], options: tuple[str, ...]
    ) -> None:
        self.name = name
        self.slot = f"chinwag_relay_{name}"
        self.primary_url = primary_url
        self.directory = directory
        self.port = free_port()
        self.url = ""
        self.log = Path(log.name)
        self._log = log
        self._options = options
        self.process: subprocess.Popen[str] | Forked | None = None

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        command = ["relay", "run", "--name", self.name, "--port", str(self.port)]
        command += ["--directory", str(self.directory), *self._options]
        environ = environ_of(self.primary_url, {"CHINWAG_RELAY_PASSWORD": PASSWORD})
        if CAN_FORK:
            with open(os.devnull) as nothing:
                self.process = FORKERY.fork(command, environ, nothing.fileno(), self._log.fileno())
        else:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "chinwag.cli", *command],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
            )
        self.url = self._url_said()

    def kill(self) -> None:
        """Kill it, and wait until its PostgreSQL has ended with it."""
        self._end(signal.SIGKILL)
        wait_until(lambda: not is_held(self.directory / "server.lock"), START_SECONDS)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def lose_directory(self) -> None:
        """Lose all that it has, while it is stopped."""
        shutil.rmtree(self.directory)

    def postmaster(self) -> int:
        """The process id of its PostgreSQL."""
        return int((self.directory / "data" / "postmaster.pid").read_text().splitlines()[0])

    def superuser_url(self) -> str:
        """The URL for the role that may do everything in its PostgreSQL."""
        return url_of(self.directory, "127.0.0.1", self.port, SUPERUSER)

    def said(self) -> str:
        return self.log.read_text()

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(START_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def _url_said(self) -> str:
        assert self.process is not None and self.process.stdout is not None
        deadline = time.monotonic() + START_SECONDS
        poll = select.poll()
        poll.register(self.process.stdout, select.POLLIN)
        while poll.poll(max(0, deadline - time.monotonic()) * 1000):
            line = self.process.stdout.readline()
            if said := re.search(r"CHINWAG_RELAY_URL=(\S+)", line):
                return said[1]
            if not line:
                break
        raise AssertionError(f"the relay did not start:\n{self.said()}")


@contextmanager
def running_relay(name: str, primary_url: str, *options: str) -> Iterator[Relay]:
    """Run a relay inside the block, with further options of the command."""
    # Not tmp_path: as root that is below a directory that the server's user cannot enter.
    base = Path(tempfile.mkdtemp(prefix="chinwag-relay-"))
    base.chmod(0o755)
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        relay = Relay(name, primary_url, base / "data", log, options)
        try:
            relay.start()
            yield relay
        finally:
            if relay.process is not None and relay.process.poll() is None:
                relay.kill()
            shutil.rmtree(base)


async def drop_slot(db: Connection, slot: str) -> None:
    """Drop the slot of a relay that uses it."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            await db.execute(f"select pg_terminate_backend(active_pid) from ({SLOT_USER}) as slot", slot)
            with suppress(asyncpg.ObjectInUseError):
                await db.execute("select pg_drop_replication_slot($1)", slot)
                return


def switch(primary_url: str, state: str, *options: str) -> None:
    """Have relays alone notify messages (`on`), or the primary, too (`off`).

    On a busy computer, a server may take longer to hear its relay than the command waits for.
    """
    ends = time.monotonic() + LIMIT_SECONDS
    while True:
        switched = forked_chinwag("relay", "only", state, *options, DATABASE_URL=primary_url)
        if switched.returncode == 0:
            return
        assert "hear no relay" in switched.stderr and time.monotonic() < ends, switched.stderr


async def health(server: Server) -> tuple[int, dict[str, str]]:
    """The status and the body of the answer whether a server is ready."""
    async with http_client() as http:
        answer = await http.get(f"{server.url}/health/ready")
    return answer.status_code, answer.json()


async def until_health(server: Server, status: int) -> dict[str, Any]:
    """Wait until a server says that it is ready, or not, and return the body of the answer."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while (answer := await health(server))[0] != status:
            await asyncio.sleep(0.02)
    return answer[1]
