"""The storm, short: everybody writes and reads while servers and PostgreSQL are killed."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from tests.storm.run import storm

FAULTS = ["kill_a_server", "kill_postgresql", "terminate_listeners", "terminate_pools", "fail_over"]


def test_nothing_is_lost_nor_doubled_nor_out_of_order() -> None:
    directory = Path(tempfile.mkdtemp(prefix="chinwag-storm-"))
    directory.chmod(0o755)  # for the user that runs PostgreSQL for root
    try:
        # In a loop of our own: of a COPY whose connection is lost, asyncpg leaves a future behind that nobody
        # has asked, and anyio's would take that for a failure of the test.
        history, wrong = asyncio.run(
            storm(directory, seconds=8, servers=2, threads=2, readers=2, only=FAULTS)
        )
    finally:
        shutil.rmtree(directory)
    assert not wrong
    assert history.faults
    assert len(history.sent.stored) > 100
