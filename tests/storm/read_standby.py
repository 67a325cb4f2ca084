"""The standby from which the servers of the storm read, and its faults."""

import asyncio
import random
import signal
from pathlib import Path

from chinwag.embedded.server import EmbeddedPostgres
from tests.storm.cluster import FAST, Cluster
from tests.storm.link import Link
from tests.storm.people import Storm
from tests.support.standbys import Standby

NAME = "reads"
"""Commits do not wait for it: `chinwag` is the standby for which they do."""


class ReadStandby:
    """A standby that follows the primary, and the link by which the servers reach it.

    It has what is on the primary's disk, which may be more than the other standby has. So after a failover it
    may not be able to follow the new primary, and is built anew.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.link = Link(0)
        self.busy = asyncio.Lock()
        """Faults of it come one after the other."""
        self.standby: Standby | None = None

    def build(self, primary: EmbeddedPostgres) -> None:
        """Make it of a primary, in place of what it was."""
        self.stop()
        self.standby = Standby(primary, self.directory, FAST, NAME)
        self.standby.start()
        self.link.target = self.standby.port

    def start(self) -> None:
        """Start it again after it was killed."""
        assert self.standby is not None
        self.standby.postgres.start()
        self.link.target = self.standby.port

    def stop(self) -> None:
        if self.standby is not None:
            self.standby.postgres.kill()


async def kill_the_read_standby(storm: Storm[Cluster]) -> None:
    one = _read_standby(storm)
    async with one.busy:
        await asyncio.to_thread(one.stop)
        await asyncio.sleep(random.uniform(0, 3))
        await asyncio.to_thread(one.start)


async def lose_the_read_standby(storm: Storm[Cluster]) -> None:
    """It loses its directory, and is built anew."""
    one = _read_standby(storm)
    async with one.busy:
        await asyncio.to_thread(one.build, storm.cluster.primary.postgres)


async def pause_the_read_standby(storm: Storm[Cluster]) -> None:
    """All its processes stop for some seconds, and then go on as if nothing had happened."""
    one = _read_standby(storm)
    async with one.busy:
        assert one.standby is not None
        one.standby.signal_all(signal.SIGSTOP)
        try:
            await asyncio.sleep(random.uniform(1, 8))
        finally:
            one.standby.signal_all(signal.SIGCONT)


async def have_the_read_standby_lag(storm: Storm[Cluster]) -> None:
    one = _read_standby(storm)
    async with one.busy:
        assert one.standby is not None
        async with one.standby.connection() as connection:
            await connection.execute("select pg_wal_replay_pause()")
            await asyncio.sleep(random.uniform(2, 10))
            await connection.execute("select pg_wal_replay_resume()")


async def silence_the_read_standby(storm: Storm[Cluster]) -> None:
    """The network to it swallows everything. Then it is back, and the connections are as they were, or cut,
    or forgotten."""
    link = _read_standby(storm).link
    link.open.clear()
    await asyncio.sleep(random.uniform(0.2, 8))
    random.choice([Link.resume, Link.cut, Link.forget])(link)


EVERY = [
    kill_the_read_standby,
    lose_the_read_standby,
    pause_the_read_standby,
    have_the_read_standby_lag,
    silence_the_read_standby,
]


def _read_standby(storm: Storm[Cluster]) -> ReadStandby:
    assert storm.cluster.read_standby is not None
    return storm.cluster.read_standby
