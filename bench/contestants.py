"""The contestants: what each program needs, and how its server is started."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bench.wire import Dialect
from chinwag.embedded.programs import die_with

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
NODE_MODULES = Path(__file__).parent / "node_modules"
BUN = str(NODE_MODULES / ".bin" / "bun")
START_SECONDS = 60
STOP_SECONDS = 10


class DidNotStart(Exception):
    """A server ended before it was ready, or was not ready in time; the error has its log."""


@dataclass(frozen=True)
class Contestant:
    """A program that pushes rows to WebSockets."""

    name: str
    title: str
    command: tuple[str, ...]
    """The command of its server. Empty: a client of PostgreSQL without a server, to compare with."""
    schema: tuple[str, ...]
    """The files of its schema in peers/. Empty: Chinwag's own."""
    missing: Callable[[], str | None]
    """Tells what has to be installed before it can run; None if nothing."""
    version: Callable[[], str]
    path: str = "/threads/{thread}"
    dialect: Dialect = "plain"
    hears_sql: bool = True


def _python_lacks(*packages: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        lacking = [name for name in packages if importlib.util.find_spec(name) is None]
        if not lacking:
            return None
        return f"{', '.join(lacking)} is missing: pip install -r bench/requirements.txt"

    return missing


def _node_lacks(*packages: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        if shutil.which("node") is None:
            return "Node is missing: install Node 20 or newer, then npm ci --prefix bench"
        return _npm_lacks(*packages)()

    return missing


def _npm_lacks(*packages: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        lacking = [name for name in packages if not (NODE_MODULES / name).is_dir()]
        return f"{', '.join(lacking)} is missing: npm ci --prefix bench" if lacking else None

    return missing


def _python_versions(*packages: str) -> Callable[[], str]:
    return lambda: ", ".join(f"{name} {version(name)}" for name in packages)


def _node_versions(*packages: str) -> Callable[[], str]:
    def versions() -> str:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S607
        return f"node {said.strip().removeprefix('v')}, {_npm_versions(*packages)()}"

    return versions


def _npm_versions(*packages: str) -> Callable[[], str]:
    def versions() -> str:
        files = [NODE_MODULES / name / "package.json" for name in packages]
        installed = [json.loads(file.read_text()) for file in files]
        return ", ".join(f"{package['name']} {package['version']}" for package in installed)

    return versions


CONTESTANTS = (
    Contestant(
        "chinwag",
        "Chinwag",
        (sys.executable, "-m", "chinwag.cli", "serve", "--port", "{port}"),
        (),
        lambda: None,
        _python_versions("litestar", "uvicorn", "asyncpg"),
        path="/api/v1/ws/threads/{thread}",
    ),
    Contestant(
        "bun",
        "Bun, native publish",
        (BUN, "bench/peers/bun.mjs"),
        ("schema.sql", "notify_frame.sql"),
        _npm_lacks("bun", "postgres"),
        _npm_versions("bun", "postgres"),
    ),
    Contestant(
        "node_ws",
        "Node ws",
        ("node", "bench/peers/node_ws.mjs"),
        ("schema.sql", "notify_frame.sql"),
        _node_lacks("ws", "pg"),
        _node_versions("ws", "pg"),
    ),
    Contestant(
        "socketio",
        "Socket.IO, Postgres adapter",
        ("node", "bench/peers/socketio.mjs"),
        ("schema.sql", "socketio.sql"),
        _node_lacks("socket.io", "@socket.io/postgres-adapter", "pg"),
        _node_versions("socket.io", "@socket.io/postgres-adapter"),
        path="/socket.io/?EIO=4&transport=websocket",
        dialect="socketio",
    ),
    Contestant(
        "litestar_channels",
        "Litestar channels",
        (sys.executable, "bench/peers/litestar_channels.py"),
        ("schema.sql", "litestar_channels.sql"),
        lambda: None,
        _python_versions("litestar", "uvicorn", "asyncpg"),
    ),
    Contestant(
        "fastapi_obvious",
        "FastAPI, the obvious design",
        (sys.executable, "bench/peers/fastapi_obvious.py"),
        ("schema.sql",),
        _python_lacks("fastapi", "sqlalchemy", "greenlet"),
        _python_versions("fastapi", "sqlalchemy", "uvicorn"),
        hears_sql=False,
    ),
    Contestant(
        "listen",
        "bare LISTEN client",
        (),
        (),
        lambda: None,
        _python_versions("asyncpg"),
        path="chinwag",
        dialect="listen",
    ),
)


@contextmanager
def running(
    contestant: Contestant, database_url: str, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[int, str]]:
    """Run a server inside the block, and give the block its process id and the URL of its WebSockets.

    The server also ends with the thread that runs the block, whatever ends that.
    """
    if not contestant.command:
        yield 0, contestant.path
        return
    port = _free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")} | {
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "NODE_ENV": "production",
        "CHINWAG_BOT": "none",
        "CHINWAG_LOG_FORMAT": "json",
        "CHINWAG_POSTS_PER_SECOND": "0",
        **(settings or {}),
    }
    command = [part.format(port=port) for part in contestant.command]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command,
            env=environ,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            preexec_fn=partial(die_with, os.getpid()),
        )
        try:
            _wait_until_it_listens(process, port)
            yield process.pid, f"ws://127.0.0.1:{port}{contestant.path}"
            if process.poll() is not None:
                raise DidNotStart("it died while it was measured")
        except Exception as error:
            log.seek(0)
            error.add_note(f"The log of {contestant.name}:\n{log.read()[-2000:]}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise DidNotStart("it did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
