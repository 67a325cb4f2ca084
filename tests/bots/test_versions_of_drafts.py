"""Drafts of another version of a reply: nothing of the former version is ever taken for one of them."""

import pytest

from chinwag.db.pool import Connection
from tests.support.client import Client, Frame, open_thread
from tests.support.http import http_client
from tests.support.process import Server
from tests.support.tagged import TAGGED, tag_of

REPLY = """
    insert into message (thread_id, role, content, reply_to) values ($1, 'assistant', 'by hand', $2)
    returning seq
"""
ASK = "insert into reply_request (message_id, thread_id, replaces) values ($1, $2, $3)"
WAKE = "select pg_notify('chinwag', '0 0 ')"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return TAGGED


def tags(reader: Client) -> list[str]:
    """Return the attempts whose beginnings were told, in their order."""
    told = [frame["data"] for frame in reader.frames if frame["type"] == "draft"]
    found = [tag_of(one["text"]) for one in told if "text" in one]
    return list(dict.fromkeys(tag for tag in found if tag))


def replies(reader: Client) -> list[Frame]:
    return [message for message in reader.messages if message["reply_to"]]


async def until_replies(reader: Client, count: int) -> None:
    await reader.until(lambda _: len(replies(reader)) >= count)


async def test_who_still_writes_a_reply_begins_anew_for_another_version(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await reader.send("say 3 1.5")
        question = await reader.frame("message")
        await reader.until(lambda _: tags(reader))
        # So it is for a server that was paused while another one has replied and a person has asked again.
        async with db.transaction():
            seq = await db.fetchval(REPLY, thread, question["id"])
            await db.execute(ASK, question["id"], thread, seq)
            await db.execute(WAKE)
        await reader.until(lambda _: len(tags(reader)) == 2, limit=3)
        version = await reader.frame("message", lambda message: message.get("version") == 2)
        assert tag_of(version["content"]) == tags(reader)[1]


async def test_ordinals_of_a_version_are_higher_than_those_of_the_former_ones(
    server: Server, thread: int
) -> None:
    async with open_thread(server, thread) as reader, http_client(f"{server.url}/api/v1") as http:
        await reader.frame("ready")
        await reader.send("say 10 0.05")
        for version in (1, 2, 3):
            await until_replies(reader, version)
            reply = replies(reader)[-1]
            again = await http.post(f"/threads/{thread}/messages/{reply['seq']}/regenerate")
            assert again.status_code == 202
        await until_replies(reader, 4)
        told = [frame["data"]["ordinal"] for frame in reader.frames if frame["type"] == "draft"]
        assert told == sorted(told)
        assert told[-1] - told[0] > 3000
