"""The storm, short: everybody writes and reads while servers and PostgreSQL are killed."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.storm.run import storm

pytestmark = pytest.mark.anyio

FAULTS = ["kill_a_server", "kill_postgresql", "terminate_listeners", "terminate_pools", "fail_over"]


async def test_nothing_is_lost_nor_doubled_nor_out_of_order() -> None:
    directory = Path(tempfile.mkdtemp(prefix="chinwag-storm-"))
    directory.chmod(0o755)  # for the user that runs PostgreSQL for root
    try:
        history, wrong = await storm(directory, seconds=8, servers=2, threads=2, readers=2, only=FAULTS)
    finally:
        shutil.rmtree(directory)
    assert not wrong
    assert history.faults
    assert len(history.sent.stored) > 100
