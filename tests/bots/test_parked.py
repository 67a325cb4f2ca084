"""Requests that are parked: any number of them stays, and they are in nobody's way."""

from chinwag.bots.draft_table import MOST_UNDER_WAY, SavedDrafts
from chinwag.db.pool import Connection, Pool


async def test_what_is_being_written_is_read_however_much_has_failed(pool: Pool, db: Connection) -> None:
    thread = await db.fetchval("insert into thread (title) values ('Busy') returning id")
    await db.execute(
        "insert into message (thread_id, content) select $1, 'question' from generate_series(0, $2)",
        thread, MOST_UNDER_WAY,
    )  # fmt: skip
    await db.execute("update reply_request set bot = 1, attempt = 1, failure = 'model_stalled'")
    newest = await db.fetchval("select max(message_id) from reply_request")
    await db.execute("update reply_request set failure = null where message_id = $1", newest)
    await db.execute("insert into draft values ($1, 1, draft_ordinal(1), 'so far')", newest)
    drafts = await SavedDrafts(pool).of_thread(thread)
    assert len(drafts) == MOST_UNDER_WAY
    assert drafts[-1].reply_to == newest
