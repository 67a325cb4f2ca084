"""What made a message cost more than it needs."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations import apply_schema, execute

ID = "2026-11-23T02:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "cheaper triggers, and two indexes less"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="chinwag", description=DESCRIPTION)

    async def apply() -> None:
        await execute("drop index if exists thread_by_owner")
        # It comes back as an index that has no entry for what is no reply.
        await execute("alter table message drop constraint if exists message_has_one_reply")
        await apply_schema()

    manager.add_raw(apply)
    return manager
