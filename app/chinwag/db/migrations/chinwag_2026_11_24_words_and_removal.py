"""Tables for the words of messages and for the removal of threads, and a queue of replies by thread."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import build_index, change
from chinwag.db.schema import EXPAND

ID = "2026-11-24T15:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "stored words, removal in batches, replies by thread"

# The index of words comes when the table is filled: it is then built in a tenth of the time.
CREATE_TABLES = """
    create table if not exists public.message_words (
      message_id bigint primary key,
      words tsvector not null
    );
    create table if not exists public.removed_thread (
      thread_id bigint primary key,
      removed_at timestamptz not null default clock_timestamp()
    )
"""

ADD_THREAD = "alter table public.reply_request add column if not exists thread_id bigint"

BUILD = """
    create index concurrently reply_request_by_thread on public.reply_request (thread_id, message_id)
"""


async def forwards() -> MigrationManager:
    return migration(
        ID,
        EXPAND,
        DESCRIPTION,
        change(CREATE_TABLES),
        change(ADD_THREAD),
        build_index("reply_request_by_thread", BUILD),
    )
