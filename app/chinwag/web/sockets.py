"""The two WebSockets: of a thread, and of the list of threads.

They go past Litestar: its routing and its wrappers would cost as much as all the rest of a handshake.
"""

from urllib.parse import parse_qs

import msgspec
from litestar.types import Receive, Scope, Send

from chinwag import wire
from chinwag.counts import SOCKETS_CLOSED
from chinwag.errors import Refusal
from chinwag.push.connection import Connection, connection_of
from chinwag.push.subscription import ListSubscription
from chinwag.push.thread_subscription import ThreadSubscription
from chinwag.web.access import who_opens
from chinwag.web.services import Services
from chinwag.wire import CloseCode

LIST_ADDRESS = "/api/v1/ws/threads"
THREAD_ADDRESS = "/api/v1/ws/threads/{thread_id}"


def is_address(path: str) -> bool:
    """Return whether a path is the address of a WebSocket."""
    path = path.rstrip("/")
    return LIST_ADDRESS in (path, path.rpartition("/")[0])


async def serve_socket(scope: Scope, receive: Receive, send: Send, services: Services) -> None:
    """Serve a WebSocket: check the access of who opens it, accept it, and make its subscription."""
    await receive()  # websocket.connect
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    try:
        who = await who_opens(scope, services) if is_address(path) else None
    except Refusal:
        who = None
    if who is None:
        return await send({"type": "websocket.close", "code": CloseCode.POLICY_VIOLATION, "reason": ""})
    # It is accepted first: a browser cannot see why a WebSocket was closed before that.
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    connection = connection_of(scope, receive, send)
    if isinstance(who, CloseCode):
        return await _close(connection, who)
    if path.rstrip("/") == LIST_ADDRESS:
        return await ListSubscription(
            connection, services.limits, who, services.sign_outs, services.hub
        ).serve()
    try:
        id = msgspec.convert(path.rstrip("/").rpartition("/")[2], wire.Id, strict=False)
    except msgspec.ValidationError:
        return await _close(connection, CloseCode.NO_SUCH_THREAD)
    try:
        after = _after(scope["query_string"])
    except msgspec.ValidationError:
        return await _close(connection, CloseCode.POLICY_VIOLATION, "after is not a seq")
    subscription = ThreadSubscription(
        connection,
        services.limits,
        who,
        services.sign_outs,
        id,
        hub=services.hub,
        threads=services.threads,
        messages=services.messages,
        writer=services.writer,
        max_content=services.settings.max_content,
    )
    return await subscription.serve(after, services.joins)


def _after(query: bytes) -> int | None:
    """Return the seq after which the messages are sent; None if only what is new is.

    Raises:
        msgspec.ValidationError: it is not a seq.
    """
    if not query:
        return None
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("after")
    return msgspec.convert(values[0], wire.Seq | None, strict=False) if values else None


async def _close(connection: Connection, code: CloseCode, reason: str = "") -> None:
    SOCKETS_CLOSED.add(str(code.value))
    await connection.close(code, reason)
