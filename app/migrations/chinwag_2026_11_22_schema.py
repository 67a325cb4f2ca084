"""The schema, from the files in sql/."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations import apply_schema

ID = "2026-11-22T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the schema in sql/"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="chinwag", description=DESCRIPTION)
    manager.add_raw(apply_schema)
    return manager
