"""What is unread on three devices, in short."""

import asyncio

from tests.storm.unread import unread
from tests.support.process import directory_for_all


def test_the_devices_of_a_person_agree_with_the_table() -> None:
    with directory_for_all() as directory:
        report = asyncio.run(unread(directory, seconds=8))
    assert not report.wrong
    assert report.compared
    assert report.done["read"] > 10
    assert report.done["disturb"]
