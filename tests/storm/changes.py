"""What changes in the storm besides messages: somebody comes and goes, and sessions end and begin again."""

import asyncio
import contextlib
import random
from collections.abc import Sequence

import asyncpg
import httpx

from chinwag.db.pool import DATABASE_ERRORS
from tests.storm.access import incomplete, read_access
from tests.storm.cluster import Cluster
from tests.storm.history import Line
from tests.storm.membership import Cast, Membership
from tests.storm.people import Storm
from tests.storm.persons import Person, begin_session, end_other_sessions
from tests.storm.recorder import Recorder

FAILURES = (httpx.HTTPError, asyncpg.PostgresError, *DATABASE_ERRORS)
"""What a change may meet while servers and the database are away."""


async def come_and_go(storm: Storm[Cluster], membership: Membership) -> None:
    """Remove the guest and add them again, and at the end let them stay."""
    while storm.writing:
        for change in (membership.revoke, membership.grant):
            with contextlib.suppress(*FAILURES):
                await change()
                storm.history.changes["changes of a membership"] += 1
            await asyncio.sleep(random.uniform(0.05, 1))
    while True:
        with contextlib.suppress(*FAILURES):
            return await membership.grant_for_good()
        await asyncio.sleep(0.2)


async def sign_out_and_in(storm: Storm[Cluster], http: httpx.AsyncClient, persons: Sequence[Person]) -> None:
    """End the sessions of persons, who have begun new ones."""
    while storm.writing:
        await asyncio.sleep(random.uniform(0.1, 1))
        person = random.choice(persons)
        before = person.headers
        with contextlib.suppress(*FAILURES):
            connection = await storm.cluster.connect()
            try:
                await begin_session(connection, person)
                if random.random() < 0.5:
                    await end_other_sessions(connection, person)
                else:
                    url = f"{random.choice(storm.cluster.servers).url}/api/v1/session"
                    (await http.delete(url, headers=before)).raise_for_status()
                storm.history.changes["sign-outs"] += 1
            finally:
                connection.terminate()


class Watch:
    """All that the guest and the outsider hear of threads that only members see."""

    def __init__(self, cluster: Cluster, cast: Cast, threads: Sequence[int]) -> None:
        self._cluster = cluster
        self._of_guest = [
            Recorder(server, cast.guest, thread) for server in cluster.servers for thread in threads
        ]
        self._of_outsider = [
            Recorder(server, cast.outsider, thread) for server in cluster.servers for thread in threads
        ]
        for some, person in ((self._of_guest, cast.guest), (self._of_outsider, cast.outsider)):
            some += [Recorder(server, person, None) for server in cluster.servers]
        self.recorders = [*self._of_guest, *self._of_outsider]
        self._threads = threads

    def has_all(self, table: dict[int, list[Line]]) -> bool:
        """Return whether the guest, who is a member again, holds all messages."""
        return all(one.last_seq == len(table[one.thread]) for one in self._of_guest if one.thread)

    async def judge(self, table: dict[int, list[Line]]) -> list[str]:
        """Say what reached somebody who must not see it, and what the guest lacks."""
        wrong = []
        connection = await self._cluster.connect()
        for thread in self._threads:
            here = [one for one in self._of_guest if one.thread == thread]
            wrong += incomplete(here, len(table[thread]))
            for some in (self._of_guest, self._of_outsider):
                access = await read_access(connection, thread, some[0].person.id)
                wrong += access.seen(some, thread)
        await connection.close()
        return wrong
