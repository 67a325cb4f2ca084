"""Draining: a server that is told to stop goes on for a while, until the load balancer knows."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def stops_later(seconds: float, begin: Callable[[], None]) -> Iterator[None]:
    """Have SIGTERM begin to drain inside the block, and take its former effect after `seconds`, or at once
    when it comes again.

    If `seconds` is 0, nothing is changed.
    """
    former = signal.getsignal(signal.SIGTERM)
    if not seconds or not callable(former):
        yield
        return
    stop: Callable[[int, FrameType | None], object] = former
    loop = asyncio.get_running_loop()
    is_draining = False

    def drain() -> None:
        begin()
        loop.call_later(seconds, stop, signal.SIGTERM, None)

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal is_draining
        if is_draining:
            stop(number, frame)
        else:
            is_draining = True
            loop.call_soon_threadsafe(drain)

    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
