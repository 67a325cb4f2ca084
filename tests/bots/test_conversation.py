"""What a bot is given of a conversation."""

import pytest

from chinwag.bots.conversation import StoredConversation
from chinwag.chat.accounts import Accounts
from chinwag.db.pool import Connection, Pool
from tests.support.people import add_person

WRITE = """
    insert into message (thread_id, content, author, role, reply_to, replaces)
    values ($1, $2, $3, $4, $5, $6) returning id
"""


@pytest.fixture
async def bot(pool: Pool) -> int:
    return await Accounts(pool).bot("talker")


async def test_what_was_replaced_is_left_out_with_the_replies_to_it(
    pool: Pool, db: Connection, bot: int
) -> None:
    thread = await db.fetchval("insert into thread (title) values ('Talk') returning id")
    person = await add_person(db, "ann")

    async def ask(content: str, replaces: int | None = None) -> int:
        return int(await db.fetchval(WRITE, thread, content, person, "user", None, replaces))

    async def answer(content: str, question: int, replaces: int | None = None) -> None:
        await db.execute(WRITE, thread, content, bot, "assistant", question, replaces)

    async def read(question: int) -> list[str]:
        conversation = StoredConversation(pool, bot, thread_id=thread, message_id=question, content="")
        return [turn.content for turn in await conversation.history()]

    first = await ask("first")
    await answer("wrong", first)
    await answer("right", first, replaces=2)
    typo = await ask("secnod")
    await answer("what?", typo)
    second = await ask("second", replaces=4)
    await answer("yes", second)
    third = await ask("third")
    assert await read(third) == ["first", "right", "second", "yes", "third"]
    # What is replaced later is what there was when the question was asked.
    await answer("better", first, replaces=3)
    assert await read(second) == ["first", "right", "second"]
