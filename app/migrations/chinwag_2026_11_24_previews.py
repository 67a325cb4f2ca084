"""Threads that show the beginning of their newest message."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations import apply_schema

ID = "2026-11-24T14:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "a preview of each thread"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="chinwag", description=DESCRIPTION)
    manager.add_raw(apply_schema)
    return manager
