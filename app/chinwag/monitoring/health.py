"""The health of a server process: whether it is ready, and what is wrong with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import structlog

from chinwag.db.installed import Installed, read_installed
from chinwag.db.pool import FAILURES, Connection, Pool
from chinwag.errors import DatabaseUnsuitable
from chinwag.push.hearing import Hearing
from chinwag.push.listener import Listener
from chinwag.wire import Health, HealthCode, HealthProblem

SCHEMA_SECONDS = 5.0
"""The time between two looks at what the database has noted of its schema: another version may migrate it, or
it may be restored from a backup."""

FULL_QUEUE = 0.5
"""The share of the queue of notifications that is a problem. PostgreSQL itself warns from here on."""

log = structlog.get_logger(__name__)


class ServerHealth:
    """What is wrong with this server process. To ask takes no query: what needs one is found out before."""

    def __init__(self, hearing: Hearing, listener: Listener, pool: Pool) -> None:
        self._hearing = hearing
        self._listener = listener
        self._pool = pool
        self._schema: HealthCode | None = None
        self._is_draining = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look at the schema now and then inside the block."""
        task = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    def drain(self) -> None:
        """Be not ready from now on, because the server is going to stop."""
        self._is_draining = True
        log.info("draining")

    def codes(self) -> list[HealthCode]:
        """Return what is wrong, in the order of the table."""
        listener = self._listener
        found = {
            self._hearing.trouble,
            self._schema,
            HealthCode.DRAINING if self._is_draining else None,
            HealthCode.DATABASE_READ_ONLY if listener.is_read_only else None,
            HealthCode.NOTIFICATION_QUEUE_OVER_HALF if listener.queue_usage > FULL_QUEUE else None,
        }
        return [code for code in HealthCode if code in found]

    def is_ready(self) -> bool:
        """Whether the load balancer should send browsers here."""
        return all(code.is_ready for code in self.codes())

    def report(self) -> Health:
        """Return the body of the answer of /health/ready."""
        problems = [HealthProblem(code, code.meaning) for code in self.codes()]
        return Health("ok" if self.is_ready() else "not ready", problems)

    async def _keep_looking(self) -> None:
        while True:
            # While the database is away, what was seen last counts.
            with contextlib.suppress(DatabaseUnsuitable, *FAILURES):
                async with self._pool.acquire() as connection:
                    schema = _problem_of(await read_installed(cast(Connection, connection)))
                if schema and schema is not self._schema:
                    log.warning(schema.value)
                self._schema = schema
            await asyncio.sleep(SCHEMA_SECONDS)


def _problem_of(installed: Installed) -> HealthCode | None:
    if installed.is_newer:
        return HealthCode.SCHEMA_TOO_NEW
    # What the contracting migrations drop or fill harms nobody until they run.
    return None if installed.has_programs and installed.is_expanded else HealthCode.SCHEMA_TOO_OLD
