"""A message may have several versions of its reply, so the index goes that allowed one."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import change, drop_index
from chinwag.db.schema import CONTRACT

ID = "2026-11-30T14:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "versions of replies"

FORGET = "delete from public.chinwag_object where kind = 'relation' and name = 'message_has_one_reply'"


async def forwards() -> MigrationManager:
    return migration(ID, CONTRACT, DESCRIPTION, drop_index("message_has_one_reply"), change(FORGET))
