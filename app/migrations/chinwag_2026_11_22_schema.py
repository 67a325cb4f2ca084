"""The schema, from the files in sql/ in the order of their names."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.settings import ROOT
from app.tables import DB

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
        transaction = DB.current_transaction.get()
        assert transaction is not None
        for file in sorted((ROOT / "sql").glob("*.sql")):
            await transaction.connection.execute(file.read_text(encoding="utf-8"))

    manager.add_raw(apply)
    return manager
