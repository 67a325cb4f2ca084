"""Links by which people join or sign in, and identities at OpenID providers, have tables."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import change
from chinwag.db.schema import EXPAND

ID = "2026-11-30T08:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "links"

CREATE_TABLES = """
    create table if not exists public.link (
      id bigint generated always as identity primary key,
      kind text not null
        constraint kind_is_known check (kind in ('invitation', 'sign_in', 'set_up')),
      secret_hash bytea not null
        constraint secret_hash_is_sha_256 check (octet_length(secret_hash) = 32),
      account_id integer references public.account on delete cascade,
      made_by integer references public.account on delete cascade,
      uses_left integer not null
        constraint uses_left_is_not_negative check (uses_left >= 0),
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz not null,
      constraint secret_hash_is_unique unique (secret_hash),
      constraint only_a_sign_in_link_is_for_an_account
        check ((kind = 'sign_in') = (account_id is not null))
    );
    create index if not exists link_by_account on public.link (account_id);
    create index if not exists link_by_maker on public.link (made_by);
    create table if not exists public.identity (
      id bigint generated always as identity primary key,
      issuer text not null,
      subject text not null,
      account_id integer not null references public.account on delete cascade,
      created_at timestamptz not null default clock_timestamp(),
      constraint identity_is_of_one_account unique (issuer, subject)
    );
    create index if not exists identity_by_account on public.identity (account_id)
"""


async def forwards() -> MigrationManager:
    return migration(ID, EXPAND, DESCRIPTION, change(CREATE_TABLES))
