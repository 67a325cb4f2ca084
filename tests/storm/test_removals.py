"""Removals and sign-outs under load, in short."""

import asyncio

from tests.storm.removals import removals
from tests.support.process import directory_for_all


def test_who_is_removed_or_signed_out_hears_nothing_more() -> None:
    with directory_for_all() as directory:
        report = asyncio.run(removals(directory, times=10, rate=50, endings=1))
    assert not report.wrong
    assert report.removals == 10
    assert report.closed
    assert report.messages > 50
    assert all(one.seconds for one in report.endings)
