"""A request to the fake endpoint of language models (tests.support.endpoint), and how it is answered: HTTP in
chunks, with server-sent events in them."""

import asyncio
import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """A request.

    Attributes:
        began, first_token, closed: when, on the clock time.monotonic(), which all processes share. The
            connection is closed by the client, or after the end of the answer.
        is_finished: whether everything was sent that the model says.
    """

    model: str
    headers: dict[str, str]
    body: dict[str, Any]
    began: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    closed: float | None = None
    is_finished: bool = False


class Answering:
    """The connection on which a request is answered."""

    def __init__(self, asked: Asked, writer: asyncio.StreamWriter, asked_before: int) -> None:
        self.asked = asked
        self.asked_before = asked_before
        self._writer = writer

    async def send(self, data: bytes) -> None:
        if self._writer.is_closing():  # uvloop would raise RuntimeError
            raise ConnectionResetError
        self._writer.write(data)
        await self._writer.drain()

    async def begin(self, status: str = "200 OK", kind: str = "text/event-stream", *more: str) -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Transfer-Encoding: chunked", *more, "", ""]
        await self.send("\r\n".join(head).encode())

    async def part(self, data: bytes) -> None:
        """Send a chunk of the body."""
        if data:
            self.asked.first_token = self.asked.first_token or time.monotonic()
            await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def event(self, **delta: Any) -> None:
        await self.part(event_of(delta=delta))

    async def finish(self, reason: str = "stop") -> None:
        await self.part(event_of(delta={}, finish_reason=reason))
        await self.part(b"data: [DONE]\n\n")
        await self.end()

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")
        self.asked.is_finished = True

    async def refuse(self, status: str, body: str = "{}", kind: str = "application/json", *more: str) -> None:
        await self.begin(status, kind, *more)
        await self.part(body.encode())
        await self.end()

    def reset(self) -> None:
        """Close the connection with RST instead of FIN."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def cut(self) -> None:
        """Close the connection in the middle."""
        self._writer.close()


def event_of(**choice: Any) -> bytes:
    data = {"object": "chat.completion.chunk", "choices": [{"index": 0, "finish_reason": None, **choice}]}
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
