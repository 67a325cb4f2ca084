"""An endpoint of language models that misbehaves on purpose, as the name of the model says, or, where that is
`as-told`, the last message.

In a test it runs in the test's own event loop. For load it is a process of its own, which writes its URL, and
tells at /asked what it was asked:

    python -m tests.support.endpoint --port 8099
"""

import argparse
import asyncio
import json
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

TEXT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich 🥊."
"""What the model says, if it says anything."""

BEGINNING = "It begins well, "
"""What it says before something goes wrong."""

MEGABYTE = "abcdefg " * 125_000

FOREVER = 3600


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


Mode = Callable[[Answering], Awaitable[None]]


def event_of(**choice: Any) -> bytes:
    data = {"object": "chat.completion.chunk", "choices": [{"index": 0, "finish_reason": None, **choice}]}
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def fine(to: Answering) -> None:
    await to.begin()
    await to.event(role="assistant", content="")
    for word in TEXT.split(" "):
        await to.event(content=word if word == TEXT.split(" ")[0] else f" {word}")
    await to.finish()


async def tokens(to: Answering) -> None:
    """`tokens-30-100` says 100 tokens, 30 a second."""
    _, rate, count = to.asked.model.split("-")
    await to.begin()
    await to.event(role="assistant", content="")
    for number in range(int(count)):
        due = to.asked.began + (number + 1) / int(rate)
        await asyncio.sleep(due - time.monotonic())
        await to.event(content=f"token{number} ")
    await to.finish()


async def slow(to: Answering) -> None:
    await to.begin()
    await to.event(role="assistant", content=None)
    while True:
        await to.part(b": still here\n\n")
        await asyncio.sleep(0.1)


async def never(to: Answering) -> None:
    await asyncio.sleep(FOREVER)


async def stall(to: Answering) -> None:
    await to.begin()
    await to.event(content=BEGINNING)
    while True:
        await to.part(b": still here\n\n")
        await asyncio.sleep(0.1)


async def cut_in_a_character(to: Answering) -> None:
    await to.begin()
    await to.event(content=BEGINNING)
    whole = event_of(delta={"content": "Ü"})
    await to.part(whole[: whole.index("Ü".encode()) + 1])
    to.cut()


async def cut_without_chunks(to: Answering) -> None:
    """The end of the connection is the end of the body: nothing says that it is too early."""
    await to.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    await to.send(event_of(delta={"content": BEGINNING}))
    to.cut()


async def reset(to: Answering) -> None:
    await to.begin()
    await to.event(content=BEGINNING)
    await asyncio.sleep(0.1)
    to.reset()


async def reset_once(to: Answering) -> None:
    if to.asked_before:
        await fine(to)
    else:
        to.reset()


async def busy_once(to: Answering) -> None:
    if to.asked_before:
        await fine(to)
    else:
        await to.refuse("429 Too Many Requests", "{}", "application/json", "Retry-After: 1")


async def busy(to: Answering) -> None:
    await to.refuse("429 Too Many Requests", "{}", "application/json", "Retry-After: 0")


async def busy_for_long(to: Answering) -> None:
    await to.refuse("429 Too Many Requests", "{}", "application/json", "Retry-After: 3600")


async def error(to: Answering) -> None:
    await to.refuse("500 Internal Server Error", "oh no", "text/plain")


async def error_once(to: Answering) -> None:
    await (fine if to.asked_before else error)(to)


async def refused(to: Answering) -> None:
    """It repeats everything that it was sent, wherever it can."""
    secret = to.asked.headers.get("authorization", "")
    names = {"message": f"{secret} {to.asked.body}", "code": secret.removeprefix("Bearer "), "type": secret}
    await to.refuse("401 Unauthorized", json.dumps({"error": names}))


async def unknown_model(to: Answering) -> None:
    await to.refuse("404 Not Found", json.dumps({"error": {"code": "model_not_found", "message": "…"}}))


async def redirect(to: Answering) -> None:
    await to.refuse("307 Temporary Redirect", "", "text/plain", "Location: /v1/elsewhere")


async def html(to: Answering) -> None:
    await to.refuse("200 OK", "<html><h1>Welcome to our router</h1></html>", "text/html")


async def plain_json(to: Answering) -> None:
    whole = {"choices": [{"message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}]}
    await to.refuse("200 OK", json.dumps(whole))


async def garbage(to: Answering) -> None:
    await to.begin()
    await to.part(b"data: <h1>no JSON</h1>\n\n")
    await asyncio.sleep(FOREVER)


async def long_line(to: Answering) -> None:
    await to.begin()
    await to.event(content=BEGINNING)
    await to.part(b"data: ")
    while True:
        await to.part(65_536 * b"x")


async def endless(to: Answering) -> None:
    await to.begin()
    while True:
        await to.event(content=2_000 * "and so on ")


async def megabyte(to: Answering) -> None:
    await to.begin()
    await to.event(content=MEGABYTE)
    await to.finish()


async def silent(to: Answering) -> None:
    await to.begin()
    await to.event(role="assistant", content="")
    await to.event(content=" \n\u200b")
    await to.finish()


async def empty(to: Answering) -> None:
    await to.begin()
    await to.end()


async def too_long(to: Answering) -> None:
    await to.begin()
    await to.event(content=BEGINNING)
    await to.finish("length")


async def only_reasoning(to: Answering) -> None:
    await to.begin()
    await to.event(reasoning_content="Let me see.")
    await to.finish("length")


async def error_event(to: Answering) -> None:
    secret = to.asked.headers.get("authorization", "")
    await to.begin()
    await to.event(content=BEGINNING)
    await to.part(f"data: {json.dumps({'error': {'message': secret, 'code': 500}})}\n\n".encode())
    await asyncio.sleep(FOREVER)


async def odd(to: Answering) -> None:
    """All that the standard allows, a byte at a time."""
    told = [
        b": a comment\r\n\r\n",
        b"event: message\r\nid: 1\r\nretry: 10\r\n",
        event_of(delta={"role": "assistant"}).replace(b"\n", b"\r\n"),
        event_of(delta={"reasoning": "not shown"}),
        b'data: {"choices":[]}\n\n',
        b'data: {"choices":null,"usage":{}}\r\r',
        b'data:{"choices":[{"delta":\ndata: {"content":"Zw\\u00f6lf Boxk"}}]}\n\n',
        event_of(delta={"content": TEXT.removeprefix("Zwölf Boxk")}).replace(b"\n", b"\r"),
    ]
    await to.begin()
    for byte in b"".join(told):
        await to.part(bytes([byte]))
    await to.finish()


async def no_done(to: Answering) -> None:
    """It says that it has ended, and then nothing more."""
    await to.begin()
    await to.event(content=TEXT)
    await to.part(event_of(delta={}, finish_reason="stop"))
    await asyncio.sleep(FOREVER)


MODES: dict[str, Mode] = {
    mode.__name__.replace("_", "-"): mode
    for mode in (
        fine, slow, never, stall, cut_in_a_character, cut_without_chunks, reset, reset_once, busy_once, busy,
        busy_for_long, error, error_once, refused, unknown_model, redirect, html, plain_json, garbage,
        long_line, endless, megabyte, silent, empty, too_long, only_reasoning, error_event, odd, no_done,
    )
}  # fmt: skip


class FakeEndpoint:
    """The endpoint, while it runs.

    Attributes:
        asked: the requests, in their order.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.port = 0
        self._changed = asyncio.Condition()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def until(self, holds: Callable[[list[Asked]], object], seconds: float = 20) -> None:
        """Wait until something holds of the requests."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: holds(self.asked))

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["FakeEndpoint"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request, and return whether another may follow."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if head[0].startswith("GET /asked "):
            told = json.dumps([asdict(one) for one in self.asked]).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
            return True
        request = json.loads(body)
        model = request["model"]
        if model == "as-told":
            model = request["messages"][-1]["content"]
        asked = Asked(model, headers, request)
        before = sum(one.model == asked.model for one in self.asked)
        self.asked.append(asked)
        await self._tell()
        mode = tokens if asked.model.startswith("tokens-") else MODES[asked.model]
        answering = asyncio.ensure_future(mode(Answering(asked, writer, before)))
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
            return asked.is_finished and not leaving.done() and await _stop(leaving)
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
            asked.closed = time.monotonic()
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _stop(leaving: "asyncio.Future[bytes]") -> bool:
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    return True


async def _main(port: int) -> None:
    async with FakeEndpoint().running(port) as endpoint:
        sys.stdout.write(f"{endpoint.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=0)
    asyncio.run(_main(arguments.parse_args().port))
