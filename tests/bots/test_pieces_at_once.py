"""A bot that yields many pieces without ever waiting."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

from chinwag.bots.draft import Draft
from chinwag.bots.draft_table import DraftTable
from chinwag.bots.reply import Reply
from chinwag.bots.teller import DraftTeller
from chinwag.chat.writer import Writer
from chinwag.db.pool import Pool
from tests.bots.conftest import Talk

PIECES = 100_000


class Hasty:
    async def reply(self, conversation: object) -> AsyncIterator[str]:
        for _ in range(PIECES):
            yield "x"


async def test_a_bot_that_never_waits_does_not_keep_the_server_from_others(pool: Pool, talk: Talk) -> None:
    draft, server_id = Draft(1, 1, 1, 1, 0), uuid4()
    table = DraftTable(pool, server_id)
    reply = Reply(
        draft,
        replaces=None,
        table=table,
        teller=DraftTeller(table),
        writer=Writer(pool, server_id),
        most_characters=PIECES,
    )
    writing = asyncio.create_task(reply._write(Hasty(), await talk(("ann", "Hello"))))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not writing.done()
    await writing
    assert draft.text == "x" * PIECES
