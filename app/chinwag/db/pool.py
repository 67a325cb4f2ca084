"""Database connections: single ones and the pool."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import asyncpg
import structlog
from asyncpg.pool import PoolAcquireContext

from chinwag.db.any_host import connect_to_any
from chinwag.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PoolConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Records: TypeAlias = "list[asyncpg.Record]"

CONNECT_SECONDS = 5
CLOSE_SECONDS = 0.5
ACQUIRE_SECONDS = 5
COMMAND_SECONDS = 10
"""The longest time for a statement of a request. After it, the client is told `database_unavailable`."""

LOCK_MILLISECONDS = 1000
"""The longest time for which a statement of a request waits for a thread that a transaction elsewhere
holds."""

# The database notices after 15 s, and not after two hours, that a client has vanished. So the locks of that
# client do not hold up a thread for long.
# search_path: another schema may have tables of the same names.
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
"""The errors of a statement when the database is away, too busy, starting, stopping or a standby."""

FAILURES = (*DATABASE_ERRORS, asyncpg.PostgresError)
"""All errors of a statement, for any reason. chinwag.db.failures says what each means to a client."""

log = structlog.get_logger(__name__)


async def connect(
    url: str, name: str = "chinwag", *, command_seconds: float | None = COMMAND_SECONDS
) -> Connection:
    """Open a single connection, outside the pool. `name` is shown in pg_stat_activity."""
    return await connect_to_any(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=command_seconds,
        server_settings=SESSION | {"application_name": name},
    )


class Pool:
    """An asyncpg pool that can be renewed.

    If `listen_url` is set, the pool is taken to go through a transaction pooler, which can keep neither
    prepared statements nor a session's settings. Then each use is a transaction, and so what was written is
    committed at the end of the block of `acquire()`.
    """

    def __init__(
        self, settings: Settings, url: str | None = None, *, lock_milliseconds: int = LOCK_MILLISECONDS
    ) -> None:
        """
        Args:
            url: where it leads; None for the database of the settings.
            lock_milliseconds: the longest time for which a statement waits for a lock.
        """
        self._settings = settings
        self._url = url or settings.database_url
        self._lock_milliseconds = lock_milliseconds
        self._goes_through_pooler = settings.listen_url is not None
        self._pool = self._create()

    def acquire(self) -> "contextlib.AbstractAsyncContextManager[PoolConnection]":
        """Take a connection out of the pool inside the block."""
        acquired = self._pool.acquire(timeout=ACQUIRE_SECONDS)
        return self._with_lock_timeout(acquired) if self._goes_through_pooler else acquired

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

    def sizes(self) -> tuple[int, int]:
        """Return the numbers of the connections that are open, and of those of them that are idle."""
        return self._pool.get_size(), self._pool.get_idle_size()

    async def open(self) -> None:
        await self._pool

    async def renew(self) -> None:
        """Drop every connection, and begin anew.

        This is for a network that has swallowed one connection without a word: the others are dead, too,
        each statement on them would wait for its limit, and its cancellation for ever.
        """
        log.warning("pool_renewed")
        await self.drop()

    async def drop(self) -> None:
        """Drop every connection at once, whatever they are doing. The pool can be used further."""
        old, self._pool = self._pool, self._create()
        await self.open()
        old.terminate()

    async def close(self) -> None:
        """Close the pool; drop its connections if that takes longer than CLOSE_SECONDS."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._pool.close()
        except (TimeoutError, *DATABASE_ERRORS):
            self._pool.terminate()

    def _create(self) -> "asyncpg.Pool[asyncpg.Record]":
        return asyncpg.create_pool(
            self._url,
            connect=connect_to_any,
            min_size=0,  # opening it connects to nothing, and so never waits
            max_size=self._settings.pool_size,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings={} if self._goes_through_pooler else self._session(),
            statement_cache_size=0 if self._goes_through_pooler else 100,
            reset=_keep,
        )

    def _session(self) -> dict[str, str]:
        return SESSION | {"lock_timeout": str(self._lock_milliseconds)}

    @contextlib.asynccontextmanager
    async def _with_lock_timeout(
        self, acquired: "PoolAcquireContext[asyncpg.Record]"
    ) -> AsyncIterator[PoolConnection]:
        """Open a transaction with the time limit for locks that a session behind a pooler cannot keep."""
        async with acquired as connection, connection.transaction(isolation="read_committed"):
            await connection.execute(f"set local lock_timeout = {self._lock_milliseconds}")
            yield connection


async def _keep(_: object) -> None:
    """Do nothing when a connection is given back to the pool.

    asyncpg would ask the database to reset the connection, which doubles the round trips. Nothing here
    changes a session, and asyncpg itself rolls back a transaction that is left open.
    """


@contextlib.asynccontextmanager
async def open_pool(settings: Settings) -> AsyncIterator[Pool]:
    """Open a pool, which is closed at the end of the block."""
    pool = Pool(settings)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()
