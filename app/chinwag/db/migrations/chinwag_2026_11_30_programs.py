"""Keys of bot accounts and incoming webhooks have tables."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import change
from chinwag.db.schema import EXPAND

ID = "2026-11-30T07:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "programs"

CREATE_KEYS = r"""
    create table if not exists public.account_key (
      id bigint generated always as identity primary key,
      account_id integer not null references public.account on delete cascade,
      name text not null
        constraint key_name_is_visible check (name ~ '\S')
        constraint key_name_is_at_most_100_characters check (char_length(name) <= 100),
      key_hash bytea not null
        constraint key_hash_is_sha_256 check (octet_length(key_hash) = 32),
      created_at timestamptz not null default clock_timestamp(),
      used_at timestamptz,
      created_by integer references public.account on delete set null,
      constraint key_hash_is_unique unique (key_hash)
    );
    create index if not exists account_key_by_account on public.account_key (account_id);
    create index if not exists account_key_by_creator on public.account_key (created_by)
"""

CREATE_WEBHOOKS = r"""
    create table if not exists public.webhook (
      id bigint generated always as identity primary key,
      account_id integer not null references public.account on delete cascade,
      thread_id bigint not null references public.thread on delete cascade,
      name text not null
        constraint webhook_name_is_visible check (name ~ '\S')
        constraint webhook_name_is_at_most_100_characters check (char_length(name) <= 100),
      secret_hash bytea not null
        constraint secret_hash_is_sha_256 check (octet_length(secret_hash) = 32),
      created_at timestamptz not null default clock_timestamp(),
      used_at timestamptz,
      created_by integer references public.account on delete set null,
      constraint webhook_secret_is_unique unique (secret_hash)
    );
    create index if not exists webhook_by_thread on public.webhook (thread_id);
    create index if not exists webhook_by_account on public.webhook (account_id);
    create index if not exists webhook_by_creator on public.webhook (created_by)
"""


async def forwards() -> MigrationManager:
    return migration(ID, EXPAND, DESCRIPTION, change(CREATE_KEYS), change(CREATE_WEBHOOKS))
