"""What becomes of a reply after a failure: it is parked, or left to whoever claims it next."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock, Mock

import asyncpg
import pytest

from chinwag.bots.conversation import StoredConversation
from chinwag.bots.draft import Draft
from chinwag.bots.reply import Reply
from chinwag.errors import NoSuchThread


class Reader:
    async def reply(self, conversation: Any) -> AsyncIterator[str]:
        for turn in await conversation.history():
            yield turn.content


@pytest.mark.parametrize(
    ("error", "parked_as"),
    [
        (asyncpg.ConnectionDoesNotExistError("the database is away"), None),
        (NoSuchThread(), "bot_failed"),
        (asyncio.CancelledError(), "bot_failed"),
    ],
)
async def test_a_bot_is_not_asked_for_ever_and_not_blamed_for_the_database(
    error: BaseException, parked_as: str | None
) -> None:
    table = Mock(park=AsyncMock())
    teller = Mock(remove=AsyncMock())
    draft = Draft(1, 1, 1, 1, 1)
    reply = Reply(draft, replaces=None, table=table, teller=teller, writer=Mock(), most_characters=100)
    pool = Mock(fetch=AsyncMock(side_effect=error))
    await reply.give(Reader(), StoredConversation(pool, 1, thread_id=1, message_id=1, content=""))
    assert [call.args[1] for call in table.park.call_args_list] == ([parked_as] if parked_as else [])
    assert draft.is_lost == (parked_as is None)
