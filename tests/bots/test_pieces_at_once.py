"""A bot that yields many pieces without ever waiting."""

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import Mock

from chinwag.bots.draft import Draft
from chinwag.bots.reply import Reply

PIECES = 100_000


class Hasty:
    async def reply(self, conversation: object) -> AsyncIterator[str]:
        for _ in range(PIECES):
            yield "x"


async def test_a_bot_that_never_waits_does_not_keep_the_server_from_others() -> None:
    draft = Draft(1, 1, 1, 1, 0)
    reply = Reply(draft, replaces=None, table=Mock(), teller=Mock(), writer=Mock(), most_characters=PIECES)
    writing = asyncio.create_task(reply._write(Hasty(), Mock()))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not writing.done()
    await writing
    assert draft.text == "x" * PIECES
