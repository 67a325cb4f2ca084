"""Two indexes are replaced, because they made each insert slower than needed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import build_index, change, drop_index
from chinwag.db.schema import EXPAND

ID = "2026-11-23T02:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "two indexes less"

BUILD = """
    create unique index concurrently message_has_one_reply_new on public.message (reply_to)
    where reply_to is not null
"""

# The constraint has an entry for each message, also for those that are no reply. The constraint or the new
# index exists at every moment: without both, each reply would look through all messages.
REPLACE = """
    alter table public.message drop constraint if exists message_has_one_reply;
    alter index if exists public.message_has_one_reply_new rename to message_has_one_reply
"""


async def forwards() -> MigrationManager:
    return migration(
        ID,
        EXPAND,
        DESCRIPTION,
        drop_index("thread_by_owner"),
        build_index("message_has_one_reply_new", BUILD),
        change(REPLACE),
    )
