"""The threads of before become open if they have no owner, and otherwise their owner becomes their member."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import fill
from chinwag.db.schema import CONTRACT

ID = "2026-11-30T07:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "members of the threads of before"

DECIDE = """
    with batch as (
      select id from public.thread where id <= $1 order by id desc limit $2
    ), decided as (
      update public.thread set is_open = owner is null
      from batch where thread.id = batch.id and is_open is null
      returning thread.id, owner
    ), added as (
      insert into public.member (thread_id, account_id)
      select id, owner from decided where owner is not null on conflict do nothing
    )
    select coalesce(min(id), 0), count(*) from batch
"""

TOTAL = "select greatest(reltuples, 0)::bigint from pg_class where oid = 'public.thread'::regclass"


async def forwards() -> MigrationManager:
    return migration(ID, CONTRACT, DESCRIPTION, fill("members of threads", DECIDE, total=TOTAL))
