"""The beats that go through relays have a table."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import change
from chinwag.db.schema import EXPAND

ID = "2026-11-30T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "relays"

CREATE_TABLE = """
    create table if not exists public.relay_beat (
      nonce text primary key
        constraint nonce_is_at_most_100_bytes check (octet_length(nonce) <= 100),
      written_at timestamptz not null default clock_timestamp()
    )
"""


async def forwards() -> MigrationManager:
    return migration(ID, EXPAND, DESCRIPTION, change(CREATE_TABLE))
