"""Who sees drafts: the members of the thread, and nobody after their removal."""

import pytest

from chinwag.db.pool import Connection
from tests.support.drafts import drafts_of, replies, until_said
from tests.support.person import Person
from tests.support.process import Server
from tests.support.talker import TALKER, words


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {**TALKER, "CHINWAG_SIGN_IN": "required"}


async def test_who_is_removed_hears_nothing_more_of_a_reply(
    people: tuple[Person, ...], server: Server, db: Connection
) -> None:
    ada, bob, eve = people
    thread = await ada.new_thread(title="Ours", members=["bob", "eve"])
    async with eve.thread(thread) as hers, bob.thread(thread) as his:
        await hers.frame("ready")
        await his.frame("ready")
        await ada.says(thread, "@talker say 200 0.02")
        await until_said(hers, "word9 ")
        await ada.removes(thread, "eve")
        assert await hers.closed() == 4004
        assert hers.frames[-1]["data"]["event"] == "removed"
        await until_said(his, "word50 ")
        answers = [
            await eve.http.post(f"/threads/{thread}/messages/{seq}/{order}")
            for seq in (1, 2, 3, 4) for order in ("stop", "regenerate")
        ]  # fmt: skip
        assert {answer.status_code for answer in answers} == {404}
        await his.until(lambda _: any(message["role"] == "assistant" for message in his.messages))
        assert drafts_of(his) == {}


async def test_a_bot_that_is_removed_says_no_more(
    people: tuple[Person, ...], server: Server, db: Connection
) -> None:
    ada, *_ = people
    thread = await ada.new_thread(title="Ours", members=["bob"])
    async with ada.thread(thread) as hers:
        await hers.frame("ready")
        await ada.says(thread, "@talker say 1000 0.02")
        await until_said(hers, "word9 ")
        await ada.removes(thread, "talker")
        await hers.frame("draft.end")
        assert drafts_of(hers) == {}
        ended = len(hers.frames)
        asked = next(one["id"] for one in hers.messages if one["content"].startswith("@talker say 1000"))
        await ada.adds(thread, "talker")
        await ada.says(thread, "@talker say 15 0.02")
        await hers.until(lambda _: any(message["role"] == "assistant" for message in hers.messages))
        # While it said fifteen words of another reply, it told nothing of the former one.
        later = [frame["data"] for frame in hers.frames[ended:] if frame["type"] == "draft"]
        assert asked not in {data["reply_to"] for data in later}
    assert await replies(db, thread) == [(words(15), None)]


async def test_a_stranger_hears_nothing_of_a_private_thread_and_stops_nothing(
    people: tuple[Person, ...], server: Server, db: Connection
) -> None:
    ada, _, eve = people
    thread = await ada.new_thread(title="Private")
    async with ada.thread(thread) as hers, eve.thread(thread) as strangers:
        assert await strangers.closed() == 4004
        await hers.frame("ready")
        await ada.says(thread, "say 50 0.02")
        await until_said(hers, "word9 ")
        assert (await eve.http.post(f"/threads/{thread}/messages/1/stop")).status_code == 404
        await hers.until(lambda _: len(hers.messages) == 2)
        assert "ended" not in hers.messages[1]
        assert (await eve.http.post(f"/threads/{thread}/messages/2/regenerate")).status_code == 404
        answer = await eve.http.post(f"/threads/{thread}/messages", json={"content": "x", "replaces": 1})
        assert answer.status_code == 404
    assert not [frame for frame in strangers.frames if frame["type"].startswith("draft")]
