"""Standbys, which read in place of the primary what it does not have to read itself.

Nothing here knows whether what a standby says is up to date: whoever asks one checks its answer, and asks the
primary where there is none. So a standby that is away, slow or paused costs a reader a moment, and nothing
else.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog

from chinwag.db.hosts import host_in, urls_in
from chinwag.db.pool import DATABASE_ERRORS, FAILURES, Pool
from chinwag.settings import Settings

ANSWER_SECONDS = 1.0
"""The longest time for what a standby is asked, unless it is known to take long. Then it is given up, and
tried again later."""

LOCK_MILLISECONDS = 500
"""A standby replays the locks of the primary, too. Who waits for one asks the primary instead, which is no
reason to give the standby up."""

LOOK_SECONDS = 5.0
"""The time between two looks at a standby: it may be promoted, or fall silent while nobody asks it."""

BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_LIMIT_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""A standby that has answered for so long is tried again at once when it is lost."""

SILENT, NO_STANDBY = "silent", "no_standby"
"""Why a standby is not used, beside the errors of PostgreSQL: it does not answer in time, or is a primary."""

IS_STANDBY = "select pg_is_in_recovery()"

T = TypeVar("T")

log = structlog.get_logger(__name__)


class StandbyFailed(Exception):
    """A standby has not answered, or not in time, or with an error: the primary has to be asked. The text is
    the reason, for the log."""


class Standby:
    """The connections to one standby.

    Attributes:
        is_ready: whether it answers, and is a standby.
    """

    def __init__(self, settings: Settings, url: str) -> None:
        self.is_ready = False
        self._pool = Pool(settings, url, lock_milliseconds=LOCK_MILLISECONDS)
        self._host = host_in(url)
        self._trouble = ""
        self._lost = asyncio.Event()
        self._era = 0
        """How often its connections were dropped. What fails on those says nothing of the present ones."""

    async def ask(self, work: Callable[[Pool], Awaitable[T]], seconds: float = ANSWER_SECONDS) -> T:
        """Have some work done with its pool, in a limited time.

        Raises:
            StandbyFailed
        """
        era, task = self._era, asyncio.ensure_future(work(self._pool))
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            task.add_done_callback(_ignore_outcome)
            task.cancel()
            raise
        if not done:
            # It is not cancelled: that would ask the standby, too, and wait for it. When its connection is
            # dropped, it fails.
            task.add_done_callback(_ignore_outcome)
            self._lose(SILENT, era)
            raise StandbyFailed(SILENT)
        try:
            return task.result()
        except FAILURES as error:
            reason = type(error).__name__
            # A query may be cancelled because it is in the way of what is replayed, or by an administrator.
            if isinstance(error, DATABASE_ERRORS) and not isinstance(error, asyncpg.QueryCanceledError):
                self._lose(reason, era)
            else:
                log.warning("standby_refuses", standby=self._host, code=reason)
            raise StandbyFailed(reason) from error

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after it inside the block."""
        await self._pool.open()
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            await self._pool.close()

    async def _watch(self) -> None:
        delay = BACKOFF_FIRST_SECONDS
        said = ""
        while True:
            began = _now()
            self._lost.clear()
            await self._look()
            if not self._lost.is_set():
                said, self.is_ready = "", True
                log.info("standby_ready", standby=self._host)
                await self._until_lost()
                self.is_ready = False
                if _now() > began + STEADY_SECONDS:
                    delay = BACKOFF_FIRST_SECONDS
            if self._trouble != said:
                said = self._trouble
                log.warning("standby_unusable", standby=self._host, code=said)
            self._era += 1
            await self._pool.drop()
            await asyncio.sleep(delay * (0.5 + random.random()))
            delay = min(delay * 2, BACKOFF_LIMIT_SECONDS)

    async def _look(self) -> None:
        """Ask whether it is a standby. If it does not say so, it is lost."""
        try:
            is_standby = await self.ask(lambda pool: pool.fetchval(IS_STANDBY))
        except StandbyFailed as failure:
            self._lose(str(failure), self._era)
        except Exception as error:  # whatever it is: a standby that was not looked at would never be used
            self._lose(type(error).__name__, self._era)
        else:
            if not is_standby:
                self._lose(NO_STANDBY, self._era)

    async def _until_lost(self) -> None:
        while not self._lost.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._lost.wait()
                return
            await self._look()

    def _lose(self, reason: str, era: int) -> None:
        if era == self._era:
            self.is_ready = False
            self._trouble = reason
            self._lost.set()


class Standbys:
    """The standbys that a server may read from; there may be none."""

    def __init__(self, settings: Settings) -> None:
        urls = urls_in(settings.read_url) if settings.read_url else []
        self._standbys = [Standby(settings, url) for url in urls]

    def choose(self) -> Standby | None:
        """Return one that answers, each as often as the others; None if there is none."""
        ready = [one for one in self._standbys if one.is_ready]
        return random.choice(ready) if ready else None

    def states(self) -> tuple[int, int]:
        """Return the numbers of those that answer, and of the others."""
        ready = sum(one.is_ready for one in self._standbys)
        return ready, len(self._standbys) - ready

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after all of them inside the block."""
        async with contextlib.AsyncExitStack() as stack:
            for one in self._standbys:
                await stack.enter_async_context(one.running())
            yield


def _ignore_outcome(task: "asyncio.Future[T]") -> None:
    """Look at the outcome of a task for which nobody waits any more, or asyncio would complain."""
    if not task.cancelled():
        task.exception()


def _now() -> float:
    return asyncio.get_running_loop().time()
