"""Threads that are titled by their first message and can be pinned, and messages that can be found."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations import apply_schema, execute

ID = "2026-11-23T03:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "titles from first messages, pins, search"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="chinwag", description=DESCRIPTION)

    async def apply() -> None:
        await execute("drop trigger if exists thread_10_publish_title on thread")
        await apply_schema()

    manager.add_raw(apply)
    return manager
