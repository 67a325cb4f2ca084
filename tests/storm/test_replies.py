"""Replies that stream, while servers are killed and paused, people stop them and load pages anew; in short."""

import asyncio

from tests.storm.replies import replies
from tests.support.process import directory_for_all

KINDS = ["kill", "hiccup", "stop", "reload", "upstream"]


def test_each_question_has_one_reply_and_nobody_sees_another_text() -> None:
    with directory_for_all() as directory:
        outcomes, wrong = asyncio.run(replies(directory, KINDS, replies=5, pause=5))
    assert not wrong
    assert all(one.hit and one.seconds for one in outcomes)
