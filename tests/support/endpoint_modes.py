"""The misbehaviour of the fake endpoint (tests.support.endpoint), by the names that its models have."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from tests.support.endpoint_answer import Answering, event_of

TEXT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich 🥊."
"""What the model says, if it says anything."""

BEGINNING = "It begins well, "
"""What it says before something goes wrong."""

MEGABYTE = "abcdefg " * 125_000

FOREVER = 3600

Mode = Callable[[Answering], Awaitable[None]]


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
