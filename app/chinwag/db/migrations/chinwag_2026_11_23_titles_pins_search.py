"""Threads that can be pinned."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import build_index, change
from chinwag.db.schema import EXPAND

ID = "2026-11-23T03:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "pins"

# The default is noted in the catalog: no row is written.
ADD_PINNED = "alter table public.thread add column if not exists pinned boolean not null default false"

BUILD = """
    create index concurrently pinned_thread_by_activity on public.thread (updated_at desc, id desc)
    where pinned
"""


async def forwards() -> MigrationManager:
    return migration(
        ID, EXPAND, DESCRIPTION, change(ADD_PINNED), build_index("pinned_thread_by_activity", BUILD)
    )
