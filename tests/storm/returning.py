"""People whose connections are lost all at once, and who come back as browsers do."""

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass

import click
from picows import WSError

from chinwag.bench.client import ConnectionLost
from chinwag.db.pool import Connection
from chinwag.wire import CloseCode
from tests.storm.alone import Alone
from tests.storm.resuming import ResumingReader

STABLE_SECONDS = 5
"""As in the browser, a connection that is lost sooner does not begin the tries anew."""

LIMIT_SECONDS = 120


class Person(ResumingReader):
    """A reader that comes back as the browser does (static/net/reconnecting-socket.js), but never gives
    up."""

    def __init__(self, crowd: "Crowd", thread: int) -> None:
        super().__init__(thread)
        self._crowd = crowd

    async def stay(self) -> None:
        await asyncio.sleep(random.uniform(0, self._crowd.arrival_seconds))
        tries = 0
        while True:
            if await self._try_to_connect():
                await self.until_lost()
                self._crowd.closes[self.close_code] += 1
                if time.monotonic() - self.ready_at > STABLE_SECONDS:
                    tries = 0
            tries += 1
            self._crowd.most_tries = max(self._crowd.most_tries, tries)
            await asyncio.sleep(_backoff(0 if self.close_code == CloseCode.SERVICE_RESTART else tries))

    async def _try_to_connect(self) -> bool:
        began = time.monotonic()
        try:
            await self.resume(self._crowd.one.server)
        except (OSError, TimeoutError, WSError, ConnectionLost) as error:
            self._crowd.failures.append(Failure(began, time.monotonic(), error))
            return False
        return True


@dataclass
class Failure:
    """A try to connect that did not get as far as `ready`."""

    began: float
    ended: float
    error: Exception

    @property
    def name(self) -> str:
        return str(self.error) if isinstance(self.error, ConnectionLost) else type(self.error).__name__


class Crowd:
    """All the people, and what has happened to them."""

    def __init__(self, one: Alone, threads: list[int], sockets: int) -> None:
        self.one = one
        self.arrival_seconds = sockets / 1000
        self.people = [Person(self, thread) for thread in itertools.islice(itertools.cycle(threads), sockets)]
        self.failures: list[Failure] = []
        self.most_tries = 0
        self.closes: Counter[int] = Counter()
        """The number of live connections by the code of their close; 0 without one."""

    async def until_back(self, began: float) -> list[float]:
        """Wait until everybody is live again, and return how long each took, in order."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while (back := self._count_back(began)) < len(self.people):
                seconds = time.monotonic() - began
                click.echo(f"{seconds:5.1f} s  {back} are back; {len(self.failures)} tries have failed")
                await asyncio.sleep(1)
        return sorted(person.ready_at - began for person in self.people)

    def _count_back(self, began: float) -> int:
        return sum(person.is_live and person.ready_at > began for person in self.people)

    async def count_missed(self, db: Connection) -> int:
        """Count the messages in the table that people do not get, and those that they got out of order or
        twice."""
        rows = await db.fetch("select id, last_seq from thread")
        last: dict[int, int] = {row["id"]: row["last_seq"] for row in rows}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_SECONDS):
                while any(person.held < last[person.thread] for person in self.people):
                    await asyncio.sleep(0.05)
        missed = sum(max(0, last[person.thread] - person.held) for person in self.people)
        return missed + sum(person.missed for person in self.people)


def _backoff(tries: int) -> float:
    """Return the seconds to wait, with the full jitter of the browser: 0 to 2 s before the first try, 0 to 1
    s if the server said that it restarts, 0 to 10 s at most."""
    return random.uniform(0, min(10, 2**tries))
