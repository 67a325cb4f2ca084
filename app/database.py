"""The way to the database: connections, and the migrations of the schema."""

import asyncio
import contextlib
import io
import os
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import structlog

from app.errors import DatabaseUnsuitable
from app.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
PoolConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

CONNECT_SECONDS = 5
CLOSE_SECONDS = 1
COMMAND_SECONDS = 10
"""No statement of a request may take longer: its sender hears `database_unavailable` instead."""

LOCK_MILLISECONDS = 1000
"""No statement of a request waits longer for a thread that a transaction elsewhere holds."""

MIGRATION_LOCK = 0x6368696E77616701
"""The key of the advisory lock under which one migration at a time runs ("chinwag" in ASCII, and 1)."""

# A client that is gone without a word is noticed by the database after 15 s, not after two hours, so that
# its locks do not hold up a thread for long.
SESSION = {
    "application_name": "chinwag",
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
)
"""What a statement raises when the database is away, too busy, starting, stopping or a standby."""

log = structlog.get_logger(__name__)


async def connect(url: str, name: str = "chinwag") -> Connection:
    """Open a connection of its own, outside the pool; `name` is shown in pg_stat_activity."""
    return await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings=SESSION | {"application_name": name},
    )


@contextlib.asynccontextmanager
async def open_pool(settings: Settings) -> AsyncIterator[Pool]:
    """A pool of connections. When `listen_url` is set, the pool is taken to go through a transaction
    pooler, which can keep neither prepared statements nor a session's settings."""
    pooled = settings.listen_url is not None
    pool = asyncpg.create_pool(
        settings.database_url,
        min_size=1,
        max_size=settings.pool_size,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings={} if pooled else SESSION | {"lock_timeout": str(LOCK_MILLISECONDS)},
        statement_cache_size=0 if pooled else 100,
    )
    await pool
    try:
        yield pool
    finally:
        # close() would wait for ever for a connection whose network is gone.
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await pool.close()
        except (TimeoutError, *DATABASE_ERRORS):
            pool.terminate()


async def migrate(url: str) -> None:
    """Bring the schema up to date, once however many processes try at the same time.

    Raises:
        DatabaseUnsuitable: the server is older than 15, or the database is not in UTF-8.
    """
    connection = await connect(url)
    try:
        await _check(connection)
        # Held by this session: the lock ends with it, also when the process is killed.
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK, timeout=600)
        await _run_migrations(url)
    finally:
        await connection.close()


async def _check(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major < 15:
        raise DatabaseUnsuitable(f"PostgreSQL 15 or newer is needed; this is {version.major}")
    encoding = await connection.fetchval("show server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnsuitable(f"the database must be in UTF-8; this one is in {encoding}")


async def _run_migrations(url: str) -> None:
    # Piccolo is slow to import, and a server that serves needs none of its migrations.
    from piccolo.apps.migrations.commands.forwards import run_forwards

    from app.tables import DB

    os.environ.setdefault("PICCOLO_CONF", "app.piccolo_conf")
    said = io.StringIO()
    async with asyncpg.create_pool(url, min_size=1, max_size=2, server_settings=SESSION) as pool:
        DB.pool = pool
        try:
            with contextlib.redirect_stdout(said):
                result = await run_forwards("chinwag")
        finally:
            DB.pool = None
    if not result.success:
        raise DatabaseUnsuitable(f"the migrations failed: {result.message}")
    log.info("migrated", result=result.message)
