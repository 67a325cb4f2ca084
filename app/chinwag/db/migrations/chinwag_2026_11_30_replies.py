"""Replies can be stopped, fail and be replaced, and what is being written of them has a table."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import build_index, change, validate
from chinwag.db.schema import EXPAND

ID = "2026-11-30T14:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "replies that stream"

CHANGE_MESSAGE = """
    alter table public.message
      add column if not exists ended text,
      add column if not exists replaces bigint,
      add column if not exists version integer,
      drop constraint if exists ended_is_stopped_or_cut,
      drop constraint if exists message_replaces_an_earlier_one,
      add constraint ended_is_stopped_or_cut check (ended in ('stopped', 'cut')) not valid,
      add constraint message_replaces_an_earlier_one check (replaces < seq) not valid
"""

CHANGE_REQUEST = """
    alter table public.reply_request
      add column if not exists bot integer,
      add column if not exists replaces bigint,
      add column if not exists attempt bigint not null default 0,
      add column if not exists crashes integer not null default 0,
      add column if not exists stop boolean not null default false,
      add column if not exists failure text
"""

CREATE_DRAFT = """
    create unlogged table if not exists public.draft (
      message_id bigint primary key,
      author integer not null,
      ordinal bigint not null,
      content text not null
    )
"""

BUILD_REPLIES = """
    create index concurrently reply_by_message on public.message (reply_to) where reply_to is not null
"""

BUILD_FIRST_REPLY = """
    create unique index concurrently message_has_one_first_reply on public.message (reply_to)
    where reply_to is not null and replaces is null
"""

BUILD_WAITING = """
    create index concurrently reply_request_waiting on public.reply_request (thread_id, message_id)
    where failure is null
"""

BUILD_REPLACED = """
    create unique index concurrently message_is_replaced_once on public.message (thread_id, replaces)
    where replaces is not null
"""


async def forwards() -> MigrationManager:
    return migration(
        ID,
        EXPAND,
        DESCRIPTION,
        change(CHANGE_MESSAGE),
        change(CHANGE_REQUEST),
        change(CREATE_DRAFT),
        validate("message", "ended_is_stopped_or_cut"),
        validate("message", "message_replaces_an_earlier_one"),
        build_index("reply_by_message", BUILD_REPLIES),
        build_index("message_has_one_first_reply", BUILD_FIRST_REPLY),
        build_index("message_is_replaced_once", BUILD_REPLACED),
        build_index("reply_request_waiting", BUILD_WAITING),
    )
