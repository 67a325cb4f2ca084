"""Keepalive: one timer wheel asks all the connections of a process whether their clients are still there.

uvicorn's own timer for each connection was a tenth of what an idle one costs.
"""

import asyncio
import contextlib
import fcntl
import struct
import sys
import termios
from functools import cache
from socket import IPPROTO_TCP, SO_LINGER, SOL_SOCKET
from typing import Protocol

SLOTS = 64
"""The number of slots, which are checked one after the other: to check all connections at once would delay
what is pushed meanwhile."""

TCP_INFO = 11
BYTES_ACKED = slice(120, 128)
"""The socket option TCP_INFO, and the place of tcpi_bytes_acked in what it returns (struct tcp_info of
linux/tcp.h)."""

RESET = struct.pack("ii", 1, 0)  # socket(7): linger on, for 0 s


class Checkable(Protocol):
    """What a timer wheel checks: a connection."""

    def check(self) -> None:
        """Ask whether the client is still there, and drop it if it has not answered the last question."""


class TimerWheel:
    """A timer wheel of SLOTS slots. It goes round once in `seconds`, and checks the connections of one slot
    after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._slots: list[set[Checkable]] = [set() for _ in range(SLOTS)]
        self._slot_seconds = seconds / SLOTS
        self._now = 0
        self._advance()

    def join(self, one: Checkable) -> set[Checkable]:
        """Have a connection checked once in each revolution, until it is taken out of the slot that is
        returned."""
        self._slots[self._now].add(one)
        return self._slots[self._now]

    def _advance(self) -> None:
        self._loop.call_later(self._slot_seconds, self._advance)
        self._now = (self._now + 1) % SLOTS
        for one in list(self._slots[self._now]):
            one.check()


@cache
def timer_wheel_of(loop: asyncio.AbstractEventLoop, seconds: float) -> TimerWheel:
    """Return the timer wheel of this process."""
    return TimerWheel(loop, seconds)


def acknowledged(transport: asyncio.WriteTransport) -> int:
    """Return the number of bytes that the client's system has taken since the connection began.

    Where our system does not tell it, as on macOS, this is a number that grows as fewer bytes are waiting.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # it is closed already
            info = transport.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_INFO, BYTES_ACKED.stop)
            return int.from_bytes(info[BYTES_ACKED], sys.byteorder)
    return -unacknowledged(transport)


def unacknowledged(transport: asyncio.WriteTransport) -> int:
    """Return the number of written bytes that the client has not taken yet, in the buffers of the transport
    and of the system.

    The transport's buffer alone would not tell: the system frees its own buffer, of up to 4 MB, in thirds.
    """
    count = bytearray(4)
    with contextlib.suppress(OSError):  # macOS does not tell
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, count)  # tcp(7): SIOCOUTQ
    return transport.get_write_buffer_size() + int.from_bytes(count, sys.byteorder)


def reset(transport: asyncio.WriteTransport) -> None:
    """Drop a connection whose client does not read.

    Transport.close() would wait for a buffer that the client never empties, and without the reset the kernel
    would keep that buffer.
    """
    transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET)
    transport.abort()
