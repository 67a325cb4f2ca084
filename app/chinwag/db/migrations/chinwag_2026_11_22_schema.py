"""The first schema. No database lacks it: a new one is made from sql/."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.schema import EXPAND

ID = "2026-11-22T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the first schema"


async def forwards() -> MigrationManager:
    return migration(ID, EXPAND, DESCRIPTION)
