"""A search whose plan does not depend on the planner's guess; only programs change."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.schema import EXPAND

ID = "2026-11-23T07:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "search by the index for rare words, whatever the statistics say"


async def forwards() -> MigrationManager:
    return migration(ID, EXPAND, DESCRIPTION)
