"""The storm, short: people write, read, come and go while servers and PostgreSQL are killed."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storm import read_standby, relay_faults
from tests.storm.rolling import rolling_restart
from tests.storm.run import storm

FAULTS = ["kill_a_server", "kill_postgresql", "terminate_listeners", "terminate_pools", "fail_over"]


RELAY_FAULTS = [fault.__name__ for fault in relay_faults.EVERY]
READ_FAULTS = [fault.__name__ for fault in read_standby.EVERY]


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="chinwag-storm-"))
    path.chmod(0o755)  # for the user that runs PostgreSQL for root
    yield path
    shutil.rmtree(path)


def test_nothing_is_lost_nor_doubled_nor_out_of_order_nor_seen_by_who_may_not(directory: Path) -> None:
    # In a loop of our own: of a COPY whose connection is lost, asyncpg leaves a future behind that nobody
    # has asked, and anyio's would take that for a failure of the test.
    history, wrong = asyncio.run(storm(directory, seconds=8, servers=2, threads=2, readers=2, only=FAULTS))
    assert not wrong
    assert history.faults
    assert history.changes["changes of a membership"] > 3
    assert history.changes["sign-outs"] > 2
    assert history.changes["questions to the bot"] > 2
    assert len(history.sent.stored) > 100


def test_nor_where_relays_notify_messages(directory: Path) -> None:
    history, wrong = asyncio.run(
        storm(directory, seconds=12, servers=2, threads=2, readers=2, relays=2, only=[*FAULTS, *RELAY_FAULTS])
    )
    assert not wrong
    assert history.faults
    assert len(history.sent.stored) > 100


def test_nor_where_servers_read_from_a_standby(directory: Path) -> None:
    history, wrong = asyncio.run(
        storm(
            directory,
            seconds=15,
            servers=2,
            threads=2,
            readers=2,
            standby_reads=True,
            only=[*FAULTS, *READ_FAULTS],
        )
    )
    assert not wrong
    assert history.faults
    assert history.changes["pages and replays by a standby"] > 0
    assert len(history.sent.stored) > 100


def test_a_rolling_restart_is_hardly_seen(directory: Path) -> None:
    report = asyncio.run(rolling_restart(directory / "postgres"))
    assert not report.wrong
    assert report.written_on_page > 2
    assert report.stored > 100
    assert not report.failures
    assert not report.gave_up
