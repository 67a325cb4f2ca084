"""A growing number of servers on one database.

They have the lowest priority, so that the database has the processor first, as if they had machines of their
own.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from bench.contestants import running
from bench.growth.chinwag import CHINWAG

LOWEST = 19
"""The priority that yields to all others: setpriority(2)."""

STARTING = 4
"""The number of servers that start at the same time."""


def give_way(pid: int) -> None:
    """Give a process, and those that it will start, the lowest priority.

    The leader of a session has its whole session give way: Linux compares the priorities of processes within
    a session only, where it groups them automatically (sched(7), autogroup).
    """
    os.setpriority(os.PRIO_PROCESS, pid, LOWEST)
    if os.getsid(pid) == pid:
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(LOWEST))


class Cluster:
    """Servers on one database. At the end of the block none of them is left."""

    def __init__(self, database_url: str, relay_url: str | None = None) -> None:
        """
        Args:
            relay_url: the relay from which they hear messages.
        """
        self.places: list[tuple[int, str]] = []
        """The process id and the URL of the WebSockets of each server."""
        self._database_url = database_url
        self._settings = {"CHINWAG_RELAY_URL": relay_url} if relay_url else {}
        self._stacks: list[ExitStack] = []
        self._starts: list[Future[tuple[int, str]]] = []
        self._threads = ThreadPoolExecutor(STARTING)

    def __enter__(self) -> Self:
        return self

    def grow(self, servers: int) -> None:
        """Start servers until there are as many as asked."""
        missing = servers - len(self.places)
        self._starts = [self._threads.submit(self._start) for _ in range(missing)]
        for start in self._starts:
            self.places.append(start.result())

    def __exit__(self, *_: object) -> None:
        for start in self._starts:
            start.cancel()
        wait(self._starts)  # or the processes of those that are still starting would be left
        with ThreadPoolExecutor(STARTING) as threads:
            list(threads.map(ExitStack.close, self._stacks))
        # Only now: a server ends with the thread that started it.
        self._threads.shutdown()

    def _start(self) -> tuple[int, str]:
        stack = ExitStack()
        place = stack.enter_context(running(CHINWAG, self._database_url, self._settings))
        give_way(place[0])
        self._stacks.append(stack)
        return place
