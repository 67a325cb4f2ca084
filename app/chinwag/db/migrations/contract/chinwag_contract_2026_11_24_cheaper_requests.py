"""The queue of replies loses its foreign key, whose check slowed down each insert of a message."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import change
from chinwag.db.schema import CONTRACT

ID = "2026-11-24T17:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "requests without a foreign key"

DROP_KEY = "alter table public.reply_request drop constraint if exists reply_request_message_id_fkey"


async def forwards() -> MigrationManager:
    return migration(ID, CONTRACT, DESCRIPTION, change(DROP_KEY))
