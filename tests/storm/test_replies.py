"""Replies that stream while servers are killed and paused and people stop them, in short; and their cost."""

import asyncio

from tests.storm.replies import replies
from tests.storm.streaming import streaming
from tests.support.process import directory_for_all

KINDS = ["kill", "hiccup", "stop", "reload", "upstream"]


def test_each_question_has_one_reply_and_nobody_sees_another_text() -> None:
    with directory_for_all() as directory:
        outcomes, wrong = asyncio.run(replies(directory, KINDS, replies=5, pause=5))
    assert not wrong
    assert all(one.hit for one in outcomes)
    assert outcomes[0].seconds


def test_every_reader_has_the_text_of_the_row() -> None:
    with directory_for_all() as directory:
        report = asyncio.run(
            streaming(directory, replies=10, rate=20, seconds=3, rounds=1, round_seconds=0.5, writers=2)
        )
    assert not report.wrong
    assert report.streamed.latencies
    assert report.streamed.frames > 3 * report.at_the_end.frames
    assert len(report.ingests) == 1
