"""The two WebSockets: of a thread, and of the list of threads."""

import msgspec
from litestar import websocket
from litestar.types import Receive, Send

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.counts import SOCKETS_CLOSED
from chinwag.push.connection import AnyWebSocket, connection_of
from chinwag.push.subscription import ListSubscription
from chinwag.push.thread_subscription import ThreadSubscription
from chinwag.web.services import services_of
from chinwag.wire import CloseCode


class _UnwrappedWebSocket(AnyWebSocket):
    """Litestar's WebSocket without its wrappers of receive and send.

    The wrappers refer back to the WebSocket, and so each handshake would leave some KiB that only the garbage
    collector can free. Without them Litestar does not know the state of the WebSocket: only scope, accept,
    receive, send and close are of use.
    """

    def receive_wrapper(self, receive: Receive) -> Receive:
        return receive

    def send_wrapper(self, send: Send) -> Send:
        return send


@websocket("/ws/threads/{thread_id:str}", websocket_class=_UnwrappedWebSocket)
async def thread_socket(socket: AnyWebSocket, thread_id: str) -> None:
    """Serve the WebSocket of a thread: what is written goes in, and what is stored comes out."""
    services = services_of(socket.app.state)
    # It is accepted first: a browser cannot see why a WebSocket was closed before that.
    await socket.accept()
    who: SignedIn | CloseCode = socket.scope["user"]
    if isinstance(who, CloseCode):
        return await _close(socket, who)
    try:
        id = msgspec.convert(thread_id, wire.Id, strict=False)
    except msgspec.ValidationError:
        return await _close(socket, CloseCode.NO_SUCH_THREAD)
    try:
        after = msgspec.convert(socket.query_params.get("after"), wire.Seq | None, strict=False)
    except msgspec.ValidationError:
        return await _close(socket, CloseCode.POLICY_VIOLATION, "after is not a seq")
    subscription = ThreadSubscription(
        connection_of(socket),
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
    await subscription.serve(after, services.joins)


@websocket("/ws/threads", websocket_class=_UnwrappedWebSocket)
async def list_socket(socket: AnyWebSocket) -> None:
    """Serve the WebSocket of the list of threads: threads created, changed (title, pin), deleted, active."""
    await socket.accept()
    who: SignedIn | CloseCode = socket.scope["user"]
    if isinstance(who, CloseCode):
        return await _close(socket, who)
    services = services_of(socket.app.state)
    await ListSubscription(
        connection_of(socket), services.limits, who, services.sign_outs, services.hub
    ).serve()
    return None


async def _close(socket: AnyWebSocket, code: CloseCode, reason: str | None = None) -> None:
    SOCKETS_CLOSED.add(str(code.value))
    await socket.close(code, reason)
