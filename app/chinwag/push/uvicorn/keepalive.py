"""Keepalive: one timer wheel asks all the connections of a process whether their peers are still there.

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
"""The sockets are asked in so many portions: all at once would hold up what is pushed meanwhile."""

TCP_INFO = 11
BYTES_ACKED = slice(120, 128)
"""A socket option, and the place of tcpi_bytes_acked in what it gives: struct tcp_info of linux/tcp.h."""

RESET = struct.pack("ii", 1, 0)  # socket(7): linger on, for 0 s


class Checkable(Protocol):
    """What a timer wheel checks: a connection."""

    def check(self) -> None:
        """Ask whether somebody is there; give up if the last question has had no answer."""


class TimerWheel:
    """A wheel of SLOTS sets of peers. It goes round once in `seconds`, and checks the peers of each slot in
    turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._slots: list[set[Checkable]] = [set() for _ in range(SLOTS)]
        self._slot_seconds = seconds / SLOTS
        self._now = 0
        self._advance()

    def join(self, one: Checkable) -> set[Checkable]:
        """Have a peer checked from a turn later on, until it is taken out of the set that is returned."""
        self._slots[self._now].add(one)
        return self._slots[self._now]

    def _advance(self) -> None:
        self._loop.call_later(self._slot_seconds, self._advance)
        self._now = (self._now + 1) % SLOTS
        for one in list(self._slots[self._now]):
            one.check()


@cache
def timer_wheel_of(loop: asyncio.AbstractEventLoop, seconds: float) -> TimerWheel:
    """The timer wheel of this process."""
    return TimerWheel(loop, seconds)


def acknowledged(transport: asyncio.WriteTransport) -> int:
    """How many bytes the peer's system has taken since the connection began. Where our system does not tell
    it, as on macOS, a number that grows as fewer bytes are waiting."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # it is closed already
            info = transport.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_INFO, BYTES_ACKED.stop)
            return int.from_bytes(info[BYTES_ACKED], sys.byteorder)
    return -unacknowledged(transport)


def unacknowledged(transport: asyncio.WriteTransport) -> int:
    """The bytes written that the peer has not taken yet, in the buffers of the transport and of the system.

    The transport's alone would not do: the system frees its buffer, of up to 4 MB, in thirds.
    """
    count = bytearray(4)
    with contextlib.suppress(OSError):  # macOS does not tell
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, count)  # tcp(7): SIOCOUTQ
    return transport.get_write_buffer_size() + int.from_bytes(count, sys.byteorder)


def reset(transport: asyncio.WriteTransport) -> None:
    """Drop a connection whose peer does not read. Transport.close() would wait for a buffer that the peer
    never empties; and without the reset the kernel would keep that buffer for it."""
    transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET)
    transport.abort()
