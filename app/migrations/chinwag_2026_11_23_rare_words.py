"""A search that need not be guessed by the planner."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations import apply_schema

ID = "2026-11-23T07:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "search by the index for rare words, whatever the statistics say"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="chinwag", description=DESCRIPTION)
    manager.add_raw(apply_schema)
    return manager
