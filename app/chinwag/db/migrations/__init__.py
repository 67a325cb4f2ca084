"""Migrations: the steps from the schema of each former version to the next, in Piccolo's format.

A migration stays as it was when it was written: its SQL is written out, and never read from sql/. All of it
can run again, because it may be killed anywhere. The migrations here run before the programs of sql/ are
replaced, and must not disturb the programs of a former version. Those in contract/ run after that, and drop
what only the former programs needed. A new database needs none: it is made from sql/, and all are noted as
applied.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.online import Step
from chinwag.db.tables import DB


def migration(id: str, app_name: str, description: str, *steps: Step) -> MigrationManager:
    """Make a migration of steps, each of which makes its own transactions."""
    manager = MigrationManager(
        migration_id=id, app_name=app_name, description=description, wrap_in_transaction=False
    )

    async def run() -> None:
        assert DB.pool is not None
        async with DB.pool.acquire() as connection:
            for step in steps:
                await step(connection)  # type: ignore[arg-type]  # chinwag.db.migrate's pool is one connection

    manager.add_raw(run)
    return manager
