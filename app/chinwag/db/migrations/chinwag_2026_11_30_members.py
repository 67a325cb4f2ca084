"""Threads have members, messages have authors, and what an account has read is stored."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import build_index, change, validate
from chinwag.db.schema import EXPAND

ID = "2026-11-30T07:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "members"

CHANGE_ACCOUNT = "alter table public.account add column if not exists answers boolean not null default false"

# is_open stays null in the rows that there are. They get a value after the programs (contract/).
CHANGE_THREAD = """
    alter table public.thread
      add column if not exists is_open boolean,
      add column if not exists direct_key text,
      add column if not exists persons integer not null default 0,
      add column if not exists has_bot boolean not null default false,
      add column if not exists was_left boolean not null default false,
      drop constraint if exists direct_thread_is_not_open,
      add constraint direct_thread_is_not_open check (direct_key is null or is_open is not true) not valid
"""

CREATE_TABLES = """
    create table if not exists public.member (
      thread_id bigint not null references public.thread on delete cascade,
      account_id integer not null references public.account on delete cascade,
      created_at timestamptz not null default clock_timestamp(),
      primary key (account_id, thread_id)
    );
    create index if not exists member_by_thread on public.member (thread_id);
    create table if not exists public.read_mark (
      thread_id bigint not null references public.thread on delete cascade,
      account_id integer not null references public.account on delete cascade,
      read_seq bigint not null default 0
        constraint read_seq_is_not_negative check (read_seq >= 0),
      level text not null default 'everything'
        constraint level_is_everything_mentions_or_nothing
        check (level in ('everything', 'mentions', 'nothing')),
      primary key (account_id, thread_id)
    );
    create index if not exists read_mark_by_thread on public.read_mark (thread_id);
    create table if not exists public.mention (
      thread_id bigint not null,
      account_id integer not null references public.account on delete cascade,
      seq bigint not null,
      primary key (account_id, thread_id, seq)
    );
    create index if not exists mention_by_message on public.mention (thread_id, seq)
"""

CHANGE_MESSAGE = """
    alter table public.message
      add column if not exists author integer,
      add column if not exists written_by text,
      add column if not exists event text,
      add column if not exists subject integer,
      add column if not exists asks_for_reply boolean,
      drop constraint if exists role_is_user_or_assistant,
      drop constraint if exists role_is_user_assistant_or_system,
      drop constraint if exists event_is_known,
      drop constraint if exists event_is_of_a_system_message,
      add constraint role_is_user_assistant_or_system
        check (role in ('user', 'assistant', 'system')) not valid,
      add constraint event_is_known
        check (event in ('added', 'joined', 'left', 'removed', 'renamed', 'opened', 'closed')) not valid,
      add constraint event_is_of_a_system_message check (event is null or role = 'system') not valid
"""

BUILD_OPEN = """
    create index concurrently open_thread_by_activity
    on public.thread (updated_at desc, id desc) where is_open
"""

BUILD_DIRECT = "create unique index concurrently direct_thread_is_unique on public.thread (direct_key)"

USE_DIRECT = """
    do $$
    begin
      if not exists (select from pg_constraint where conname = 'direct_thread_is_unique') then
        alter table public.thread
          add constraint direct_thread_is_unique unique using index direct_thread_is_unique;
      end if;
    end
    $$
"""


async def forwards() -> MigrationManager:
    return migration(
        ID,
        EXPAND,
        DESCRIPTION,
        change(CHANGE_ACCOUNT),
        change(CHANGE_THREAD),
        change(CREATE_TABLES),
        change(CHANGE_MESSAGE),
        validate("thread", "direct_thread_is_not_open"),
        validate("message", "role_is_user_assistant_or_system"),
        validate("message", "event_is_known"),
        validate("message", "event_is_of_a_system_message"),
        build_index("open_thread_by_activity", BUILD_OPEN),
        build_index("direct_thread_is_unique", BUILD_DIRECT),
        change(USE_DIRECT),
    )
