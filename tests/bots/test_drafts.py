"""Drafts: a reply is seen while it is written, by every reader on every server."""

import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.drafts import drafts_of
from tests.support.process import Server, ServerStarter
from tests.support.talker import TALKER, words

STORED = "select content from message where thread_id = $1 and role = 'assistant' order by seq"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none"}


@pytest.fixture(scope="module")
def bot(start_server: ServerStarter) -> Server:
    return start_server(TALKER)


async def test_words_come_one_by_one_on_every_server(
    server: Server, bot: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader, open_thread(bot, thread) as other:
        await reader.frame("ready")
        await other.frame("ready")
        await reader.send("say 20 0.05")
        for each in (reader, other):
            await each.frame("draft", lambda data: "text" in data)
            await each.frame("draft", lambda data: "append" in data)
            assert all(words(20).startswith(draft.text) for draft in drafts_of(each).values())
            await each.until_seq(2)
            await each.frame("draft.end")
            assert drafts_of(each) == {}
            appended = [f["data"]["append"] for f in each.frames if "append" in f.get("data", {})]
            assert len(appended) >= 5
            assert "".join(appended) in words(20)
    assert [row["content"] for row in await db.fetch(STORED, thread)] == [words(20)]
