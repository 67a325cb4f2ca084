"""Accounts have a name to show and may be bots; sessions and attempts to sign in have tables."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import change
from chinwag.db.schema import EXPAND

ID = "2026-11-28T20:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sessions"

ADD_COLUMNS = r"""
    alter table public.account
      add column if not exists display_name text
        constraint display_name_is_visible check (display_name ~ '\S')
        constraint display_name_is_at_most_100_characters check (char_length(display_name) <= 100),
      add column if not exists is_bot boolean not null default false
"""

CREATE_TABLES = """
    create table if not exists public.session (
      id bigint generated always as identity primary key,
      account_id integer not null references public.account on delete cascade,
      token_hash bytea not null
        constraint token_hash_is_sha_256 check (octet_length(token_hash) = 32),
      device text not null default ''
        constraint device_is_at_most_300_characters check (char_length(device) <= 300),
      created_at timestamptz not null default clock_timestamp(),
      used_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz not null,
      idle_days integer not null
        constraint idle_days_are_positive check (idle_days > 0),
      constraint token_hash_is_unique unique (token_hash)
    );
    create index if not exists session_by_account on public.session (account_id);
    create table if not exists public.sign_in_attempt (
      id bigint generated always as identity primary key,
      key text not null,
      attempted_at timestamptz not null default clock_timestamp()
    );
    create index if not exists recent_sign_in_attempt on public.sign_in_attempt (key, attempted_at)
"""


async def forwards() -> MigrationManager:
    return migration(ID, EXPAND, DESCRIPTION, change(ADD_COLUMNS), change(CREATE_TABLES))
