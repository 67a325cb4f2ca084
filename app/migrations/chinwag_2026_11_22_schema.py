"""The schema, from the files in sql/ in the order of their names."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

from app.settings import ROOT

ID = "2026-11-22T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the schema in sql/"


async def forwards() -> MigrationManager:
    """Apply every file in one transaction.

    The files can be run again: Piccolo notes that it ran a migration only after that was committed.
    """
    manager = MigrationManager(migration_id=ID, app_name="chinwag", description=DESCRIPTION)

    async def apply() -> None:
        # Not Table.raw(), which would take the braces in the SQL for placeholders.
        connection = engine_finder().current_transaction.get().connection
        for file in sorted((ROOT / "sql").glob("*.sql")):
            await connection.execute(file.read_text(encoding="utf-8"))

    manager.add_raw(apply)
    return manager
