"""A bot that does what messages say, a fake endpoint for models, and conversations that are stored."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import pytest

from chinwag.bots.bot import BotFailed, Conversation, ReplyCut
from chinwag.bots.conversation import StoredConversation
from chinwag.bots.openai import ModelBot
from chinwag.bots.pieces import pieces_of
from chinwag.chat.accounts import Accounts
from chinwag.db.pool import Connection, Pool, open_pool
from chinwag.settings import Settings
from tests.support.endpoint import FakeEndpoint
from tests.support.people import add_person
from tests.support.process import Server, ServerStarter
from tests.support.talker import TALKER

Talk = Callable[..., Awaitable[StoredConversation]]
"""Stores turns, each as (who, content), in a new thread, and returns the conversation with the last one as it
is for the bot. `who` is `bot`, or the name of a person."""

CUT = "cut"

MOST_CHARACTERS = 2_000_000


@pytest.fixture(scope="module")
def talker(start_server: ServerStarter) -> Server:
    """A server whose bot does what messages say. The module's server has none."""
    return start_server(TALKER)


@pytest.fixture
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    async with FakeEndpoint().running() as endpoint:
        yield endpoint


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(Settings(database_url=database_url)) as pool:
        yield pool


@pytest.fixture
async def talk(pool: Pool, db: Connection) -> AsyncIterator[Talk]:
    async def store(*turns: tuple[str, str]) -> StoredConversation:
        bot = await Accounts(pool).bot("openai")
        thread = await db.fetchval("insert into thread (title) values ('Talk') returning id")
        asked, content = 0, ""
        for who, content in turns:
            author = bot if who == "bot" else await _person(db, who)
            asked = await db.fetchval(
                """insert into message (thread_id, content, author, role)
                   values ($1, $2, $3, case when $4 then 'assistant' else 'user' end) returning id""",
                thread, content, author, who == "bot",
            )  # fmt: skip
        return StoredConversation(pool, bot, thread_id=thread, message_id=asked, content=content)

    yield store
    await db.execute("delete from thread")  # or a server would reply, too


async def said(bot: ModelBot, conversation: Conversation) -> tuple[str, str]:
    """Return why the reply has ended, and what was said."""
    text = ""
    try:
        async with aclosing(pieces_of(bot, conversation)) as pieces:
            async for piece in pieces:
                text += piece
                if len(text) > MOST_CHARACTERS:  # as the server does it
                    return CUT, ""
    except BotFailed as failure:
        return failure.code, text
    except ReplyCut:
        return CUT, text
    return "", text


async def _person(db: Connection, name: str) -> int:
    find = "select id from account where username = $1"
    if (id := await db.fetchval(find, name)) is None:
        await add_person(db, name)
        id = await db.fetchval(find, name)
    return int(id)
