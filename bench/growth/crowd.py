"""The sockets of a measurement, each in a thread of one server, and what they have got.

Every socket must get each message of its thread once and in order, or there is no figure.
"""

import asyncio
import logging
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.load import Tally, Unfit

CONNECTING = 50
"""Sockets that connect at the same time."""
LIMIT_SECONDS = 60
CHEAP: dict[str, Any] = {"logger_name": logging.getLogger(__name__), "read_buffer_init_size": 8192}

MESSAGE = re.compile(rb'\{"type":"message",.*?"seq":(\d+)')
READY = re.compile(rb'\{"type":"ready",.*?"last_seq":(\d+)')


class Socket(WSListener):
    """A reader of a thread. `held` is the seq of the message that it got last."""

    def __init__(self, thread: int, crowd: "Crowd") -> None:
        self.thread = thread
        self.held = 0
        self.ready = asyncio.Event()
        self.transport: WSTransport | None = None
        self._crowd = crowd

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_memoryview()
        if message := MESSAGE.match(payload):
            self._take(int(message[1]))
        elif ready := READY.match(payload):
            self.held = int(ready[1])
            self.ready.set()
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.transport = None

    def send(self, text: str) -> None:
        if self.transport is None:
            raise Unfit("a socket was closed")
        self.transport.send(WSMsgType.TEXT, text.encode())

    def _take(self, seq: int) -> None:
        if seq != self.held + 1:
            self._crowd.fault = f"a socket of thread {self.thread} got {seq} after {self.held}"
        self.held = seq
        self._crowd.arrive(self)


class Crowd:
    """Sockets of one server, and the messages that were written for them."""

    def __init__(self, url: str) -> None:
        """`url` is a WebSocket's, with `{thread}` in it."""
        self.sockets: list[Socket] = []
        self.written: Counter[int] = Counter()
        """Messages by thread: the seq of its last one."""
        self.latencies: list[float] = []
        """In seconds, of the messages whose writing was timed: from there to each socket."""
        self.fault = ""
        self.on_message: Callable[[Socket], None] = lambda _socket: None
        self._url = url
        self._readers: Counter[int] = Counter()
        self._tally = Tally()
        self._sent: dict[tuple[int, int], float] = {}

    @property
    def arrived(self) -> int:
        return self._tally.arrived

    async def join(self, threads: Sequence[int], after: int | None = None) -> None:
        """A socket more in each thread; returns when all are ready."""
        gate = asyncio.Semaphore(CONNECTING)

        async def connect(thread: int) -> None:
            socket = Socket(thread, self)
            url = self._url.format(thread=thread) + ("" if after is None else f"?after={after}")
            async with gate, asyncio.timeout(LIMIT_SECONDS):
                await ws_connect(lambda: socket, url, **CHEAP)
                await socket.ready.wait()
            self.sockets.append(socket)
            self._readers[thread] += 1

        async with asyncio.TaskGroup() as group:
            for thread in threads:
                group.create_task(connect(thread))

    def writing(self, thread: int, *, is_timed: bool = False) -> None:
        """Called right before a message of the thread is sent on its way."""
        self.written[thread] += 1
        self._tally.written += self._readers[thread]
        if is_timed:
            self._sent[thread, self.written[thread]] = time.perf_counter()

    def arrive(self, socket: Socket) -> None:
        if self._sent and (sent := self._sent.get((socket.thread, socket.held))):
            self.latencies.append(time.perf_counter() - sent)
        self._tally.arrive()
        self.on_message(socket)

    async def all_but(self, deliveries: int) -> None:
        """Wait until no more than this are under way.

        Raises:
            Unfit: nothing comes any more.
        """
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._tally.until(self._tally.written - deliveries)
        except TimeoutError:
            came = f"{self._tally.arrived} of {self._tally.written} deliveries"
            raise Unfit(self.fault or f"after {LIMIT_SECONDS} s, {came} have come") from None

    async def settle(self) -> None:
        """Wait for what is under way, and check it.

        Raises:
            Unfit: a socket was lost, or did not get each message once and in order.
        """
        await self.all_but(0)
        if self.fault:
            raise Unfit(self.fault)
        for socket in self.sockets:
            if socket.transport is None or socket.held != self.written[socket.thread]:
                raise Unfit(f"a socket holds {socket.held} of {self.written[socket.thread]} messages")

    def take_latencies(self) -> dict[str, float]:
        """The median and the 99th percentile in ms of those since it was asked last."""
        latencies, self.latencies = self.latencies, []
        self._sent.clear()
        percentiles = statistics.quantiles(latencies, n=100, method="inclusive")
        return {"median_ms": percentiles[49] * 1000, "p99_ms": percentiles[98] * 1000}

    def leave(self) -> None:
        for socket in self.sockets:
            if socket.transport:
                socket.transport.disconnect(graceful=False)
        self.sockets.clear()
        self._readers.clear()
