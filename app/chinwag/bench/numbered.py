"""A client of numbered messages, which notices each message that is missing or comes twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chinwag.bench.client import Client

if TYPE_CHECKING:  # chinwag.bench.client says what to do if it is missing
    from picows import WSFrame, WSTransport

CONTROL_BYTES = 125
"""No control frame is longer (RFC 6455, section 5.5)."""


@dataclass(frozen=True)
class Wire:
    """How a server's text frames are read. Messages are numbered 1, 2, 3 … in each thread.

    Attributes:
        number: returns the number of the message in a frame; for any other frame, it returns -1 or
            raises ValueError.
        ready: is called with a frame that is no message. If the frame says that the socket becomes live,
            it returns the number of the newest message at that moment; otherwise, it returns -1 or
            raises ValueError.
    """

    number: Callable[[memoryview], int]
    ready: Callable[[memoryview], int]


class NumberedClient(Client):
    """A client that counts the messages that it gets.

    Attributes:
        held: the number of the message that it got last.
        missed: how many messages did not come, or not in order.
        samples: whether only the last of the frames that come in one read is parsed, unless they are so
            short that they may be control frames. If messages come by the hundred thousand, the load
            must cost less than what it measures.
    """

    samples = False

    def __init__(self, wire: Wire, *, held: int | None = 0) -> None:
        """Make a client that holds the messages up to a number.

        Args:
            held: None for a newcomer, who gets what follows the newest message, whatever its number is.
        """
        super().__init__()
        self.wire = wire
        self.held = held or 0
        self.missed = 0
        self._is_newcomer = held is None
        self._unparsed = 0

    def take(self, first: int, last: int) -> None:
        """Take the messages from the first to the last of these numbers. There is more than one only if the
        client samples."""

    def hear(self, payload: memoryview) -> None:
        newest = _number(self.wire.ready, payload)
        if newest < 0:
            return
        if not self._is_newcomer:
            self.missed += max(0, newest - self.held)
        self.held = max(self.held, newest)
        self._is_newcomer = False
        self.become_ready()

    def on_ws_frame(self, transport: "WSTransport", frame: "WSFrame") -> None:
        self._unparsed += 1
        if self.samples and not frame.last_in_buffer and frame.payload_size > CONTROL_BYTES:
            return
        unparsed, self._unparsed = self._unparsed, 0
        number = _number(self.wire.number, frame.get_payload_as_memoryview())
        if number < 0:
            if unparsed > 1:
                self._advance(self.held + unparsed - 1)
            super().on_ws_frame(transport, frame)
            return
        # It is no fault if there are fewer than `unparsed`: a long frame among them may have been no message.
        self.missed += max(0, number - self.held - unparsed)
        self.missed += number <= self.held
        self._advance(number)

    def _advance(self, number: int) -> None:
        first, self.held = self.held + 1, number
        if not self.is_ready:
            self.note_frame()
        self.take(first, number)


def _number(read: Callable[[memoryview], int], payload: memoryview) -> int:
    try:
        return read(payload)
    except ValueError:
        return -1
