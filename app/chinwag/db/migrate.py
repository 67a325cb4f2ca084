"""The upgrade of a database, while it is in use, to the schema of this version.

A new database is made from sql/ in one transaction. An existing one is changed in three steps, each of which
can be killed and run again: *expand* adds what this version's programs need, then the *programs* (functions,
triggers, rights) are replaced as a whole, and *contract* fills what is new and drops what is not used any
more. A server of the former version works before, between and after the steps.
"""

import asyncio
import contextlib
import io
import os
import time
from collections.abc import AsyncIterator

import asyncpg
import structlog

from chinwag.db.installed import read_installed, refuse_foreign_objects, refuse_without_rights
from chinwag.db.online import SAY_SECONDS, briefly
from chinwag.db.pool import Connection, connect
from chinwag.db.schema import (
    CONTRACT,
    EXPAND,
    PROGRAMS,
    migrations,
    names,
    notes,
    programs,
    programs_checksum,
    tables,
)
from chinwag.errors import DatabaseUnsuitable

MIGRATION_LOCK = 0x6368696E77616702
"""The key of the advisory lock under which one upgrade at a time runs ("chinwag" in ASCII, and 2)."""

POLL_SECONDS = 0.2
WAIT_SECONDS = 3600

# The time of an upgrade is not limited; chinwag.db.online limits how long it waits for locks. Each row of a
# batch is looked up in an index: a plan that knows nothing of the size of a batch would read whole tables for
# each row.
SESSION = """
    set statement_timeout = 0;
    set lock_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    set default_transaction_isolation = 'read committed';
    set enable_seqscan = off;
    set enable_hashjoin = off;
    set enable_mergejoin = off
"""

# With this, a statement ends soon after this process was killed, and the lock with it. Not every system can
# do it.
NOTICE_DEATH = "set client_connection_check_interval = '1s'"

HOLDER = """
    select pid from pg_locks
    where locktype = 'advisory' and granted and (classid::bigint << 32) + objid::bigint = $1
"""

# New objects belong to the owner, whoever upgrades: a function of a superuser would run with all rights.
BECOME_OWNER = """
    select set_config('role', pg_get_userbyid(relowner), false)
    from pg_class where oid = 'public.message'::regclass
"""

NOTE_NAMES = """
    insert into public.chinwag_object (kind, name) select * from unnest($1::text[], $2::text[])
    on conflict do nothing
"""
NOTE = "insert into public.migration (app_name, name) values ($1, $2)"

log = structlog.get_logger(__name__)


async def migrate(url: str) -> None:
    """Bring the schema up to date, once, however many processes try at the same time.

    A database that is up to date is only read, so that a role without any right to change it may start a
    server.

    Raises:
        DatabaseUnsuitable: the database cannot be used, or not by this role; nothing was changed.
    """
    connection = await connect(url, "chinwag migrate", command_seconds=None)
    try:
        await _check_server(connection)
        if await _needs_nothing(connection):
            return
        await connection.execute(SESSION)
        with contextlib.suppress(asyncpg.InvalidParameterValueError):
            await connection.execute(NOTICE_DEATH)
        async with _lock(connection):
            if await _needs_nothing(connection):
                return
            await _upgrade(connection)
    finally:
        await connection.close()


async def _check_server(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major < 15:
        raise DatabaseUnsuitable(f"PostgreSQL 15 or newer is needed; this is {version.major}")
    encoding = await connection.fetchval("show server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnsuitable(f"the database must be in UTF-8; this one is in {encoding}")


async def _needs_nothing(connection: Connection) -> bool:
    """Whether the schema is this version's, or a newer one's. If not, it can be brought up to date.

    Raises:
        DatabaseUnsuitable: it cannot.
    """
    installed = await read_installed(connection)
    if installed.is_newer:
        log.warning("database_is_newer", hint="A newer version has migrated it. Nothing is changed.")
        return True
    if installed.is_current:
        if installed.programs[-1] != programs_checksum():
            log.warning(
                "programs_are_newer", hint="A newer version has replaced them. They stay as they are."
            )
        return True
    await refuse_foreign_objects(connection, installed)
    await refuse_without_rights(connection, installed)
    return False


@contextlib.asynccontextmanager
async def _lock(connection: Connection) -> AsyncIterator[None]:
    """Hold the lock of upgrades. It ends with this session, also when the process is killed."""
    # pg_advisory_lock() would not do: a statement that waits has a snapshot, and `create index concurrently`,
    # in the session that has the lock, would wait for the end of that snapshot.
    began = said = time.monotonic()
    while not await connection.fetchval("select pg_try_advisory_lock($1)", MIGRATION_LOCK):
        now = time.monotonic()
        if now > began + WAIT_SECONDS:
            raise DatabaseUnsuitable(f"another process has been migrating this database for {WAIT_SECONDS} s")
        if said == began or now > said + SAY_SECONDS:
            said = now
            holder = await connection.fetchval(HOLDER, MIGRATION_LOCK)
            log.info("another_process_migrates", database_process=holder, waited=round(now - began))
        await asyncio.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        await connection.execute("select pg_advisory_unlock($1)", MIGRATION_LOCK)


async def _upgrade(connection: Connection) -> None:
    installed = await read_installed(connection)
    if installed.is_new:
        async with connection.transaction():
            await _create(connection)
        log.info("schema_created")
        return
    await connection.execute(BECOME_OWNER)
    await briefly(connection, lambda: _note_names(connection), "note the names")
    await _run_migrations(connection, EXPAND)
    if not installed.has_programs:
        await briefly(connection, lambda: _replace_programs(connection), "replace the programs")
    await _run_migrations(connection, CONTRACT)
    log.info("migrated")


async def _create(connection: Connection) -> None:
    await connection.execute(tables())
    await _note_names(connection)
    await connection.executemany(
        NOTE, [(app, id) for app in (EXPAND, CONTRACT) for id in sorted(migrations(app))]
    )
    await _replace_programs(connection)


async def _note_names(connection: Connection) -> None:
    """Note that the names are Chinwag's before anything has them, so that an upgrade that was killed can go
    on."""
    await connection.execute(notes())
    await connection.execute(NOTE_NAMES, *zip(*sorted(names()), strict=True))


async def _replace_programs(connection: Connection) -> None:
    await connection.execute(programs())
    await connection.execute(NOTE, PROGRAMS, programs_checksum())


async def _run_migrations(connection: Connection, app: str) -> None:
    # Piccolo is slow to import, and a server whose database is up to date does not need it.
    from piccolo.apps.migrations.commands.forwards import run_forwards

    from chinwag.db.tables import DB

    os.environ.setdefault("PICCOLO_CONF", "chinwag.db.piccolo_conf")
    DB.pool = OneConnection(connection)  # type: ignore[assignment]  # it has of asyncpg's what Piccolo uses
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = await run_forwards(app)
    finally:
        DB.pool = None
    if not result.success:
        raise DatabaseUnsuitable(f"the migrations failed: {result.message}")


class OneConnection:
    """A pool of one connection, the session that holds the lock.

    So the lock is held for as long as any statement of an upgrade runs, even if the process that has sent it
    is gone.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acquire(self) -> contextlib.nullcontext[Connection]:
        return contextlib.nullcontext(self._connection)
