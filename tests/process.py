"""Servers as processes of their own, which can really be killed."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

START_SECONDS = 30
STOP_SECONDS = 10


class Server:
    """A `chinwag serve` that runs."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
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
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, and wait; the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
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
    """Starts servers, and stops those that still run at its end."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self._servers: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.kill()
            server.log.unlink()

    def __call__(self, settings: dict[str, str] | None = None, *arguments: str, port: int = 0) -> Server:
        """Start a server, and wait until it says that it is ready."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")}
        environ |= {"DATABASE_URL": self.database_url, "PYTHONUNBUFFERED": "1"} | (settings or {})
        command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), *arguments]
        with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as log:
            process = subprocess.Popen(
                command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        server = Server(process, "", Path(log.name))
        self._servers.append(server)
        server.url = _url_said_by(process, server.log)
        return server


def _url_said_by(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    while select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
        line = process.stdout.readline()
        if line.startswith("Chinwag is at "):
            return line.split()[3]
        if not line:
            break
    process.kill()
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
