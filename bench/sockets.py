"""The clients of a contest: how each dialect says that a socket is live, and how messages are counted."""

import asyncio
from collections.abc import Callable

from picows import WSFrame, WSTransport

from bench.tally import Tally
from bench.wire import Task
from chinwag.bench.client import Client
from chinwag.errors import LoadFailed

MARK = b"@"
"""It is twice in each message, and nowhere else in a frame."""
READ_BUFFER = bytearray(256 * 1024)
"""The buffer of all sockets: it is looked at before the next socket is read."""
SHORTEST = 100
"""The bytes of the shortest message. A shorter frame is no message, because the content and the names of the
fields are longer."""


class TaskClient(Client):
    """A client in a thread. `take` is called with the frame of each message."""

    def __init__(self, task: Task, thread: int, take: "Callable[[TaskClient, WSFrame], None]") -> None:
        super().__init__()
        self.url = task.url.format(thread=thread)
        self.received = 0
        self._thread = thread
        self._is_socketio = task.dialect == "socketio"
        self._take = take

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self.is_ready and frame.payload_size >= SHORTEST:
            self.received += 1
            self._take(self, frame)
        else:
            super().on_ws_frame(transport, frame)

    def hear(self, payload: memoryview) -> None:
        frame = bytes(payload)
        if b'"ready"' in frame:
            self.become_ready()
        elif self._is_socketio and frame.startswith(b"0"):
            self.send(b'40{"thread":%d}' % self._thread)
        elif self._is_socketio and frame == b"2":
            self.send(b"3")

    def write(self, content: str, client_id: str) -> None:
        """Send a message."""
        message = '{"content":"' + content + '","client_id":"' + client_id + '"}'
        self.send((f'42["message",{message}]' if self._is_socketio else message).encode())

    def only_count(self, tally: Tally) -> None:
        """Stop looking at frames, and only count the messages in them."""
        if self.transport is None:
            raise LoadFailed("a socket was closed")
        self.transport.underlying_transport.set_protocol(Counter(self, tally))


class Counter(asyncio.BufferedProtocol):
    """Counts the messages of a socket that is live already, by the mark in each, with one look for each
    read.

    With a look at each frame, the load generator would limit the result.
    """

    def __init__(self, socket: TaskClient, tally: Tally) -> None:
        self._socket = socket
        self._tally = tally
        self._marks = 0

    def get_buffer(self, sizehint: int) -> bytearray:
        return READ_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        before = self._marks // 2
        self._marks += READ_BUFFER.count(MARK, 0, nbytes)  # one byte: no read ends in its middle
        arrived = self._marks // 2 - before
        self._socket.received += arrived
        self._tally.arrive(arrived)

    def connection_lost(self, exc: Exception | None) -> None:
        self._socket.transport = None
