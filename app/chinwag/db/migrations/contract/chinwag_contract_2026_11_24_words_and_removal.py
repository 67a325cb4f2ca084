"""Words are stored for old messages, and what only former programs needed is dropped."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from chinwag.db.migrations import migration
from chinwag.db.online import build_index, change, drop_index, fill
from chinwag.db.schema import CONTRACT

ID = "2026-11-24T15:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "words of old messages"

# The trigger that numbers messages checks both, and with a key each message of a deleted thread would be
# deleted at once. The trigger of the first version announced titles only.
DROP_KEYS = """
    alter table public.message drop constraint if exists thread_exists;
    alter table public.message drop constraint if exists replied_message_exists;
    drop trigger if exists thread_10_publish_title on public.thread
"""

DROP_SEARCHABLE = "drop function if exists public.searchable(text)"

FILL_THREADS = """
    with batch as (
      select message_id from public.reply_request where message_id <= $1 order by message_id desc limit $2
    ),
    filled as (
      update public.reply_request as request set thread_id = message.thread_id
      from batch join public.message on message.id = batch.message_id
      where request.message_id = batch.message_id and request.thread_id is null
    )
    select min(message_id), count(*) from batch
"""

FILL_WORDS = """
    with batch as (
      select id from public.message where id <= $1 order by id desc limit $2
    ),
    filled as (
      insert into public.message_words (message_id, words)
      select id, public.words_of(content)
      from batch join public.message using (id)
      where not exists (select from public.message_words where message_id = id)
    )
    select min(id), count(*) from batch
"""

# Messages are removed by who has locked a row of this table: without the lock, words could come back for a
# message that is being removed.
REMOVE_NONE = "lock table public.removed_thread in exclusive mode"

ABOUT_ALL = "select greatest(reltuples, 0)::bigint from pg_class where oid = 'public.message'::regclass"

BUILD = """
    create index concurrently message_words_by_word on public.message_words
    using gin (words) with (gin_pending_list_limit = 256)
"""


async def forwards() -> MigrationManager:
    return migration(
        ID,
        CONTRACT,
        DESCRIPTION,
        change(DROP_KEYS),
        drop_index("message_by_words"),
        change(DROP_SEARCHABLE),
        fill("replies by thread", FILL_THREADS, total="select count(*) from public.reply_request"),
        fill(
            "words of messages",
            FILL_WORDS,
            total=ABOUT_ALL,
            lock=REMOVE_NONE,
        ),
        build_index("message_words_by_word", BUILD),
    )
