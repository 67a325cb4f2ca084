"""The requests for replies of a bot that is removed, while another one stays."""

from chinwag.db.pool import Connection
from tests.support.people import add_person

ADD_BOT = """
    insert into account (username, password, email, active, is_bot, answers)
    values ($1::text, '', $1::text, true, true, true) returning id
"""


async def test_a_bot_that_is_removed_is_asked_no_more_though_another_stays(db: Connection) -> None:
    owner = await add_person(db, "owner")
    first, second = [await db.fetchval(ADD_BOT, name) for name in ("first", "second")]
    thread = await db.fetchval("insert into thread (owner) values ($1) returning id", owner)
    for bot in (first, second):
        await db.execute("insert into member (thread_id, account_id) values ($1, $2)", thread, bot)
    for content in ("to the first", "@second, to you"):
        await db.execute(
            "insert into message (thread_id, author, content) values ($1, $2, $3)", thread, owner, content
        )
    asked = "select bot from reply_request where thread_id = $1 order by message_id"
    assert [row["bot"] for row in await db.fetch(asked, thread)] == [first, second]
    await db.execute("delete from member where thread_id = $1 and account_id = $2", thread, second)
    assert [row["bot"] for row in await db.fetch(asked, thread)] == [first]
