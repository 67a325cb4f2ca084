"""One PostgreSQL and one server, with nothing between them, to be measured."""

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from tests.storm.cluster import FAST
from tests.support.process import Server, ServerStarter

SETTINGS = {"CHINWAG_BOT": "none", "CHINWAG_LOG_FORMAT": "json", "CHINWAG_POSTS_PER_SECOND": "0"}


class Alone:
    """A server that can be started again on its port, and its database."""

    def __init__(self, database_url: str, starter: ServerStarter, settings: dict[str, str]) -> None:
        self.database_url = database_url
        self.servers: list[Server] = []
        self._starter = starter
        self._settings = settings

    @property
    def server(self) -> Server:
        return self.servers[-1]

    async def start(self) -> None:
        port = self.server.port if self.servers else 0
        self.servers.append(await asyncio.to_thread(self._starter, self._settings, port=port))

    async def connect(self) -> Connection:
        return await asyncpg.connect(self.database_url)

    def log_errors(self) -> list[str]:
        """Return the lines of all logs that say error, or are a traceback that nothing has caught."""
        lines = [line for server in self.servers for line in server.log.read_text().splitlines()]
        return [line for line in lines if _is_error(line)]


@contextlib.asynccontextmanager
async def alone(name: str, settings: dict[str, str]) -> AsyncIterator[Alone]:
    # A real disk, and a place which the user that runs PostgreSQL for root can enter.
    directory = Path(tempfile.gettempdir()) / f"chinwag-{name}"
    shutil.rmtree(directory, ignore_errors=True)
    with EmbeddedPostgres(directory, options=FAST) as postgres, ServerStarter(postgres.url) as starter:
        await migrate(postgres.url)
        one = Alone(postgres.url, starter, SETTINGS | settings)
        await one.start()
        yield one
    shutil.rmtree(directory)


def resident_bytes(server: Server) -> int:
    fields = Path(f"/proc/{server.process.pid}/statm").read_text().split()
    return int(fields[1]) * 4096


def _is_error(line: str) -> bool:
    try:
        return json.loads(line)["level"] in ("error", "critical")
    except (ValueError, KeyError, TypeError):
        return True
