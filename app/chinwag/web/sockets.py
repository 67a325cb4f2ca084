"""The two WebSockets: of a thread, and of the list of threads."""

import msgspec
from litestar import websocket

from chinwag import wire
from chinwag.push.connection import BareWebSocket, connection_of
from chinwag.push.subscription import ListSubscription
from chinwag.push.thread_subscription import ThreadSubscription
from chinwag.web.services import services_of
from chinwag.wire import CloseCode


@websocket("/ws/threads/{thread_id:str}", websocket_class=BareWebSocket)
async def thread_socket(socket: BareWebSocket, thread_id: str) -> None:
    """A thread: what is written goes in, what is stored comes out."""
    services = services_of(socket.app.state)
    # Accepted first: a browser cannot see why a WebSocket was closed before.
    await socket.accept()
    try:
        id = msgspec.convert(thread_id, wire.Id, strict=False)
    except msgspec.ValidationError:
        return await socket.close(CloseCode.NO_SUCH_THREAD)
    try:
        after = msgspec.convert(socket.query_params.get("after"), wire.Seq | None, strict=False)
    except msgspec.ValidationError:
        return await socket.close(CloseCode.POLICY_VIOLATION, "after is not a seq")
    subscription = ThreadSubscription(
        connection_of(socket),
        services.limits,
        id,
        hub=services.hub,
        pool=services.pool,
        writer=services.writer,
        max_content=services.settings.max_content,
    )
    await subscription.serve(after, services.joins)


@websocket("/ws/threads", websocket_class=BareWebSocket)
async def list_socket(socket: BareWebSocket) -> None:
    """The list of threads: created, renamed, deleted, active."""
    await socket.accept()
    services = services_of(socket.app.state)
    await ListSubscription(connection_of(socket), services.limits, services.hub).serve()
