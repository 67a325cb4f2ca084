"""The HTTP API and the two WebSockets, as OpenAPI describes them at /docs."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, patch, post, websocket
from litestar.datastructures import State
from litestar.openapi import ResponseSpec
from litestar.params import Parameter
from litestar.types import ControllerRouterHandler

from app import messages, threads, wire
from app.access import check_origin, check_signed_in
from app.errors import BadInput
from app.outbox import AnyWebSocket
from app.socket import ListSocket, ThreadSocket
from app.wire import CloseCode
from app.writer import Post, Writer

ThreadId = Annotated[int, Parameter(ge=1, le=wire.MAX_ID, description="The thread.")]
Limit = Annotated[int, Parameter(ge=1, le=200, description="How many at most.")]
SeqCursor = Annotated[int | None, Parameter(ge=0, le=wire.MAX_ID, description="A seq; it is left out.")]
ThreadCursor = Annotated[
    str | None,
    Parameter(
        pattern=r"^[^,]+,[0-9]{1,18}$",
        description="The `updated_at` and the `id` of the last thread seen, with a comma between them.",
    ),
]

PROBLEMS = {
    400: "Something in the request is wrong.",
    401: "Not signed in.",
    403: "A page of another site may not do this.",
    404: "There is no such thread.",
    413: "The body is too big.",
    503: "The database is away; try again.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors that a handler answers with."""
    return {
        status: ResponseSpec(
            wire.Problem,
            description=PROBLEMS[status],
            media_type="application/problem+json",
            generate_examples=False,
        )
        for status in (*statuses, 401, 503)
    }


@get("/account", responses=problems(), summary="The account that is signed in")
async def get_account(state: State) -> wire.Account:
    account: wire.Account = state.account
    return account


@post("/threads", responses=problems(400, 403, 413), summary="Create a thread")
async def create_thread(data: wire.NewThread, state: State) -> wire.Thread:
    return await threads.create(data, owner=state.account.id)


@get("/threads", responses=problems(400), summary="The threads, newest activity first")
async def list_threads(limit: Limit = 50, before: ThreadCursor = None) -> list[wire.Thread]:
    return await threads.newest(limit, _thread_cursor(before))


@get("/threads/{thread_id:int}", responses=problems(400, 404), summary="A thread")
async def get_thread(thread_id: ThreadId) -> wire.Thread:
    return await threads.get(thread_id)


@patch("/threads/{thread_id:int}", responses=problems(400, 403, 404, 413), summary="Rename a thread")
async def rename_thread(thread_id: ThreadId, data: wire.ThreadChange) -> wire.Thread:
    return await threads.rename(thread_id, data)


@delete("/threads/{thread_id:int}", responses=problems(400, 403, 404), summary="Delete a thread")
async def delete_thread(thread_id: ThreadId) -> None:
    await threads.delete(thread_id)


@get(
    "/threads/{thread_id:int}/messages",
    responses=problems(400, 404),
    summary="Messages of a thread, oldest first",
    description="Those right after `after`, or else those right before `before`, or else the newest.",
)
async def list_messages(
    thread_id: ThreadId,
    state: State,
    before: SeqCursor = None,
    after: SeqCursor = None,
    limit: Limit = 50,
) -> list[wire.Message]:
    page = await messages.page(state.pool, thread_id, before=before, after=after, limit=limit)
    if not page:
        await threads.get(thread_id)
    return page


@post(
    "/threads/{thread_id:int}/messages",
    responses={
        200: ResponseSpec(wire.Message, description="It was stored before.", generate_examples=False)
    }
    | problems(400, 403, 404, 413),
    summary="Write a message",
    description="With a `client_id` it can be sent again, and is stored once.",
)
async def create_message(
    thread_id: ThreadId, data: wire.NewMessage, state: State
) -> Response[wire.Message]:
    messages.check_content(data.content, state.settings.max_content)
    writer: Writer = state.writer
    stored = await writer.write(Post(thread_id, data.content, data.client_id))
    message = await messages.get(state.pool, thread_id, stored.seq)
    return Response(message, status_code=201 if stored.new else 200)


@websocket("/ws/threads/{thread_id:str}")
async def thread_socket(socket: AnyWebSocket, thread_id: str, state: State) -> None:
    """A thread: what is written goes in, what is stored comes out."""
    # Accepted first: a browser cannot see why a WebSocket was closed before.
    await socket.accept()
    id, after = _integer(thread_id), _integer(socket.query_params.get("after", "0"))
    if id is None or id < 1:
        return await socket.close(CloseCode.NO_SUCH_THREAD)
    if after is None:
        return await socket.close(CloseCode.POLICY_VIOLATION, "after is not a seq")
    served = ThreadSocket(socket, id, state.pool, state.writer, state.settings.max_content)
    await served.serve(state.hub, after if "after" in socket.query_params else None)


@websocket("/ws/threads")
async def list_socket(socket: AnyWebSocket, state: State) -> None:
    """The list of threads: created, renamed, deleted, active."""
    await socket.accept()
    await ListSocket(socket).serve(state.hub)


@get("/health/live", guards=[], summary="Whether this process answers")
async def live() -> wire.Health:
    return wire.Health("ok")


@get(
    "/health/ready",
    responses={503: ResponseSpec(wire.Health, description="It cannot hear the database.")},
    summary="Whether this server hears the database, and so can serve browsers",
)
async def ready(state: State) -> Response[wire.Health]:
    if state.listener.ready:
        return Response(wire.Health("ok"))
    return Response(wire.Health("not ready"), status_code=503)


ROUTES: list[ControllerRouterHandler] = [
    Router(
        "/api/v1",
        guards=[check_origin, check_signed_in],
        route_handlers=[
            get_account,
            create_thread,
            list_threads,
            get_thread,
            rename_thread,
            delete_thread,
            list_messages,
            create_message,
            thread_socket,
            list_socket,
        ],
    ),
    live,
    ready,
]


def _thread_cursor(text: str | None) -> tuple[datetime, int] | None:
    if text is None:
        return None
    moment, _, id = text.partition(",")
    try:
        return msgspec.convert(moment.replace(" ", "+"), datetime), int(id)
    except msgspec.ValidationError:
        raise BadInput("before: not the updated_at and the id of a thread") from None


def _integer(text: str) -> int | None:
    """An integer that PostgreSQL has too, from 0."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
