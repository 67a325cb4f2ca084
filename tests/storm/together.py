"""One PostgreSQL and several servers, with nothing between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from tests.storm.cluster import FAST
from tests.support.process import Server, ServerStarter

SETTINGS = {
    "CHINWAG_BOT": "none",
    "CHINWAG_LOG_FORMAT": "json",
    "CHINWAG_POSTS_PER_SECOND": "0",
    "CHINWAG_SIGN_IN": "required",
}


class Together:
    """The servers, which can be killed and started again on their ports."""

    def __init__(self, database_url: str, starter: ServerStarter) -> None:
        self.database_url = database_url
        self.servers: list[Server] = []
        self.doors: list[int] = []
        self._starter = starter
        self._settings: list[dict[str, str]] = []

    async def add_server(self, port: int = 0, settings: dict[str, str] | None = None) -> Server:
        """Start another server.

        Args:
            settings: those that differ from SETTINGS.
        """
        self._settings.append(SETTINGS | (settings or {}))
        server = await asyncio.to_thread(self._starter, self._settings[-1], port=port)
        self.servers.append(server)
        return server

    async def restart(self, index: int) -> None:
        """Kill a server, and start it again."""
        server = self.servers[index]
        await asyncio.to_thread(server.kill)
        self.servers[index] = await asyncio.to_thread(self._starter, self._settings[index], port=server.port)

    async def connect(self) -> Connection:
        return await asyncpg.connect(self.database_url)


@contextlib.asynccontextmanager
async def together(directory: Path, servers: int) -> AsyncIterator[Together]:
    with EmbeddedPostgres(directory, options=FAST) as postgres, ServerStarter(postgres.url) as starter:
        await migrate(postgres.url)
        place = Together(postgres.url, starter)
        for _ in range(servers):
            await place.add_server()
        yield place
