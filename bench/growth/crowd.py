"""The crowd: the clients of a measurement, each in a thread of one server, and what they have got.

Every client must get each message of its thread once and in order, or there is no figure.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from bench.tally import Tally
from chinwag.bench import chinwag
from chinwag.bench.client import connect_all
from chinwag.bench.numbered import NumberedClient
from chinwag.errors import LoadFailed

CONNECTING = 50
"""The number of clients that connect at the same time."""
LIMIT_SECONDS = 60


class CrowdClient(NumberedClient):
    """A client in a thread, which begins at the newest message."""

    def __init__(self, thread: int, crowd: "Crowd") -> None:
        super().__init__(chinwag.WIRE, held=None)
        self.thread = thread
        self._crowd = crowd

    def take(self, first: int, last: int) -> None:
        if self.missed and not self._crowd.fault:
            self._crowd.fault = f"a socket of thread {self.thread} got {last} instead of {first}"
        self._crowd.arrive(self)


class Crowd:
    """Clients of one server, and the messages that were written for them."""

    def __init__(self, url: str) -> None:
        """
        Args:
            url: the URL of a WebSocket, with `{thread}` in it.
        """
        self.sockets: list[CrowdClient] = []
        self.written: Counter[int] = Counter()
        """The seq of the last message of each thread."""
        self.latencies: list[float] = []
        """The seconds from the writing of a message to each client, for messages whose writing was timed."""
        self.fault = ""
        self.on_message: Callable[[CrowdClient], None] = lambda _socket: None
        self._url = url
        self._readers: Counter[int] = Counter()
        self._tally = Tally()
        self._sent: dict[tuple[int, int], float] = {}

    @property
    def arrived(self) -> int:
        return self._tally.arrived

    async def join(
        self, threads: Sequence[int], after: int | None = None, headers: Sequence[Mapping[str, str]] = ()
    ) -> None:
        """Connect one more client in each of these threads, and return when all are ready.

        Args:
            headers: the fields that each of them adds to its handshake, if they are not all the same person.
        """
        resumed = "" if after is None else f"?after={after}"
        sockets = [CrowdClient(thread, self) for thread in threads]
        for socket, own in zip(sockets, headers, strict=False):
            socket.headers = own
        urls = [self._url.format(thread=thread) + resumed for thread in threads]
        await connect_all(sockets, urls, CONNECTING)
        self.sockets += sockets
        self._readers.update(threads)

    def writing(self, thread: int, *, is_timed: bool = False) -> None:
        """Note that a message of the thread is about to be sent. This is called right before that."""
        self.written[thread] += 1
        self._tally.written += self._readers[thread]
        if is_timed:
            self._sent[thread, self.written[thread]] = time.perf_counter()

    def arrive(self, socket: CrowdClient) -> None:
        if self._sent and (sent := self._sent.get((socket.thread, socket.held))):
            self.latencies.append(time.perf_counter() - sent)
        self._tally.arrive()
        self.on_message(socket)

    async def all_but(self, deliveries: int) -> None:
        """Wait until no more deliveries than this are under way.

        Raises:
            LoadFailed: nothing comes any more.
        """
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._tally.until(self._tally.written - deliveries)
        except TimeoutError:
            came = f"{self._tally.arrived} of {self._tally.written} deliveries"
            raise LoadFailed(self.fault or f"after {LIMIT_SECONDS} s, {came} have come") from None

    async def drain(self) -> None:
        """Wait for all deliveries that are under way, and check them.

        Raises:
            LoadFailed: a socket was lost, or did not get each message once and in order.
        """
        await self.all_but(0)
        if self.fault:
            raise LoadFailed(self.fault)
        for socket in self.sockets:
            if socket.transport is None or socket.held != self.written[socket.thread]:
                raise LoadFailed(f"a socket holds {socket.held} of {self.written[socket.thread]} messages")

    def take_latencies(self) -> dict[str, float]:
        """Return the median and the 99th percentile, in ms, of the latencies since the last call."""
        latencies, self.latencies = self.latencies, []
        self._sent.clear()
        percentiles = statistics.quantiles(latencies, n=100, method="inclusive")
        return {"median_ms": percentiles[49] * 1000, "p99_ms": percentiles[98] * 1000}

    def leave(self) -> None:
        for socket in self.sockets:
            socket.drop()
        self.sockets.clear()
        self._readers.clear()
