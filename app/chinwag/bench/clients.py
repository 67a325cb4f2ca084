"""The clients of a run: each counts its messages and knows whether any was missed."""

import asyncio
import time
from collections.abc import Callable, Sequence

from chinwag.bench.numbered import NumberedClient, Wire
from chinwag.errors import LoadFailed

Encode = Callable[[int], bytes]
"""A function that makes the frame by which a browser sends the message of a number."""

DRAIN_SECONDS = 10
"""A server that does not deliver within this time what is under way has lost it."""


class Tally:
    """The messages that all clients of a run have got together.

    Attributes:
        on_due: called for each delivery from the one with the number `due` on.
    """

    def __init__(self) -> None:
        self.delivered = 0
        self.due = 0
        self.stopped = False
        self.on_due: Callable[[], None] = lambda: None


class SamplingClient(NumberedClient):
    """A client that costs so little that it is not what is measured."""

    samples = True


class CountingClient(SamplingClient):
    """A client that counts what it gets."""

    def __init__(self, wire: Wire, tally: Tally) -> None:
        super().__init__(wire)
        self._tally = tally

    def take(self, first: int, last: int) -> None:
        tally = self._tally
        tally.delivered += last - first + 1
        if tally.delivered >= tally.due:
            tally.on_due()


class SendingClient(SamplingClient):
    """A client that sends its next message when the last one came back."""

    def __init__(self, wire: Wire, encode: Encode, tally: Tally) -> None:
        super().__init__(wire)
        self._encode = encode
        self._tally = tally
        self.sent = 0

    def take(self, first: int, last: int) -> None:
        self._tally.delivered += last - first + 1
        if last == self.sent and not self._tally.stopped:
            self.send_next()

    def send_next(self) -> None:
        self.sent += 1
        self.send(self._encode(self.sent))


class TimingClient(SamplingClient):
    """A client that notes when each message came, on time.monotonic()."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.came: list[float] = []

    def take(self, first: int, last: int) -> None:
        self.came += [time.monotonic()] * (last - first + 1)


async def until(condition: Callable[[], bool], clients: Sequence[NumberedClient]) -> None:
    """Wait until a condition holds, while messages are under way.

    Raises:
        LoadFailed: a socket is lost, or the condition does not hold in time.
    """
    deadline = time.monotonic() + DRAIN_SECONDS
    while not condition():
        check_alive(clients)
        if time.monotonic() > deadline:
            raise LoadFailed("not every message was delivered")
        await asyncio.sleep(0.005)


def check(clients: Sequence[NumberedClient], last: int) -> None:
    """Check that each client got each message up to the last one, once and in order.

    Raises:
        LoadFailed
    """
    check_alive(clients)
    for client in clients:
        if client.missed or client.held != last:
            raise LoadFailed(f"a socket holds {client.held} of {last} messages, and missed {client.missed}")


def check_alive(clients: Sequence[NumberedClient]) -> None:
    """Check that no socket was lost.

    Raises:
        LoadFailed
    """
    for client in clients:
        if client.lost:
            raise LoadFailed(f"a socket was lost: {client.lost}")
