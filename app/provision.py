"""The database in use: found or started, and its schema brought up to date."""

import asyncio
import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import structlog

from app.database import SESSION, Connection, connect
from app.embedded import EmbeddedPostgres
from app.errors import DatabaseUnsuitable
from app.postmaster import default_directory, shared_url
from app.settings import Settings
from app.tables import DB

MIGRATION_LOCK = 0x6368696E77616701
"""The key of the advisory lock under which one migration at a time runs ("chinwag" in ASCII, and 1)."""

log = structlog.get_logger(__name__)


@contextlib.contextmanager
def database_in_use(settings: Settings) -> Iterator[str]:
    """The URL of the database in use: the one that is set, the embedded one that runs already, or the
    embedded one, started for as long as this is needed."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    directory = Path(settings.data_directory) if settings.data_directory else default_directory()
    if url := shared_url(directory):
        yield url
        return
    with EmbeddedPostgres(directory) as postgres:
        yield postgres.url


@contextlib.contextmanager
def prepared_database(settings: Settings) -> Iterator[None]:
    """The database in use with its schema up to date, for server processes: DATABASE_URL names it."""
    with database_in_use(settings) as url:
        asyncio.run(migrate(settings.listen_url or url))
        os.environ["DATABASE_URL"] = url
        yield


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
