"""Database connections: single ones and the pool."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import asyncpg
import structlog
from asyncpg.pool import PoolAcquireContext

from chinwag.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PoolConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Records: TypeAlias = "list[asyncpg.Record]"

CONNECT_SECONDS = 5
CLOSE_SECONDS = 0.5
ACQUIRE_SECONDS = 5
COMMAND_SECONDS = 10
"""No statement of a request may take longer: its sender hears `database_unavailable` instead."""

LOCK_MILLISECONDS = 1000
"""No statement of a request waits longer for a thread that a transaction elsewhere holds."""

LOCK_TIMEOUT = {"lock_timeout": str(LOCK_MILLISECONDS)}

# A client that is gone without a word is noticed by the database after 15 s, not after two hours, so that
# its locks do not hold up a thread for long.
# search_path: a schema of the user's own, or of the role's, may have tables of the same names.
SESSION = {
    "application_name": "chinwag",
    "search_path": "public",
    "timezone": "UTC",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
}

DATABASE_ERRORS = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.CannotConnectNowError,
    asyncpg.InternalClientError,  # a connection that broke in the middle of a step
)
"""What a statement raises when the database is away, too busy, starting, stopping or a standby."""

FAILURES = (*DATABASE_ERRORS, asyncpg.PostgresError)
"""What a statement raises, whatever the reason. chinwag.db.failures says what it means to a client."""

log = structlog.get_logger(__name__)


async def connect(
    url: str, name: str = "chinwag", *, command_seconds: float | None = COMMAND_SECONDS
) -> Connection:
    """Open a connection of its own, outside the pool; `name` is shown in pg_stat_activity."""
    return await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=command_seconds,
        server_settings=SESSION | {"application_name": name},
    )


class Pool:
    """An asyncpg pool, and the way to a fresh one.

    When `listen_url` is set, the pool is taken to go through a transaction pooler, which can keep neither
    prepared statements nor a session's settings. Then each use is a transaction, and so what was written is
    committed when the block of `acquire()` has ended.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._goes_through_pooler = settings.listen_url is not None
        self._pool = self._create()

    def acquire(self) -> "contextlib.AbstractAsyncContextManager[PoolConnection]":
        acquired = self._pool.acquire(timeout=ACQUIRE_SECONDS)
        return _with_lock_timeout(acquired) if self._goes_through_pooler else acquired

    async def fetch(self, query: str, *arguments: object) -> Records:
        async with self.acquire() as connection:
            return await connection.fetch(query, *arguments)

    async def fetchrow(self, query: str, *arguments: object) -> asyncpg.Record | None:
        async with self.acquire() as connection:
            return await connection.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: object) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> None:
        async with self.acquire() as connection:
            await connection.execute(query, *arguments)

    async def notify(self, channel: str, payload: str) -> None:
        await self.execute("select pg_notify($1, $2)", channel, payload)

    async def open(self) -> None:
        await self._pool

    async def renew(self) -> None:
        """Drop every connection, and begin anew.

        For when the network has swallowed one without a word: the others are as dead, each statement on
        them would wait for its limit, and its cancellation for ever.
        """
        log.warning("pool_renewed")
        old, self._pool = self._pool, self._create()
        await self.open()
        old.terminate()

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._pool.close()
        except (TimeoutError, *DATABASE_ERRORS):
            self._pool.terminate()

    def _create(self) -> "asyncpg.Pool[asyncpg.Record]":
        return asyncpg.create_pool(
            self._settings.database_url,
            min_size=0,  # opening it connects to nothing, and so never waits
            max_size=self._settings.pool_size,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings={} if self._goes_through_pooler else SESSION | LOCK_TIMEOUT,
            statement_cache_size=0 if self._goes_through_pooler else 100,
            reset=_keep,
        )


@contextlib.asynccontextmanager
async def _with_lock_timeout(acquired: "PoolAcquireContext[asyncpg.Record]") -> AsyncIterator[PoolConnection]:
    """A transaction that has the limit which a session cannot keep."""
    async with acquired as connection, connection.transaction():
        await connection.execute(f"set local lock_timeout = {LOCK_MILLISECONDS}")
        yield connection


async def _keep(_: object) -> None:
    """asyncpg would ask the database to reset each connection that is given back, which doubles the round
    trips. Nothing here changes a session; a transaction that is left open it rolls back by itself."""


@contextlib.asynccontextmanager
async def open_pool(settings: Settings) -> AsyncIterator[Pool]:
    """A pool that is closed at the end."""
    pool = Pool(settings)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()
