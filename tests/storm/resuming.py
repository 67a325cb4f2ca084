"""A reader of one thread over one connection after the other: each resumes where the last one ended."""

import time

from chinwag.bench.chinwag import WIRE, socket_url
from chinwag.bench.numbered import NumberedClient
from tests.support.process import Server

LIMIT_SECONDS = 5
"""The browser's limit for the time to `ready`, and between two frames before it."""


class ResumingReader(NumberedClient):
    """A client that costs so little that one process can be thousands of them.

    Attributes:
        ready_at: when its connection became live, on time.monotonic(); 0 before that.
    """

    def __init__(self, thread: int, held: int = 0) -> None:
        super().__init__(WIRE, held=held)
        self.thread = thread
        self.ready_at = 0.0

    async def resume(self, server: Server, receive_bytes: int = 0) -> None:
        """Connect, and return when it is live.

        Args:
            receive_bytes: the size of the kernel's buffer; 0 for its own choice.

        Raises:
            OSError, TimeoutError, WSError, ConnectionLost: it is not live.
        """
        self.ready_at = 0.0
        url = f"{socket_url(server.url, self.thread)}?after={self.held}"
        await self.connect(url, LIMIT_SECONDS, receive_bytes)

    async def until_lost(self) -> None:
        if self.transport:
            await self.transport.wait_disconnected()

    def become_ready(self) -> None:
        super().become_ready()
        self.ready_at = time.monotonic()
