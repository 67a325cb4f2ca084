"""The HTTP API of threads."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat import export
from chinwag.chat.accounts import SignedIn
from chinwag.errors import BadInput
from chinwag.web.parameters import EXACT, Limit, PinnedFilter, ThreadCursor, ThreadId, TitleFilter, problems
from chinwag.web.services import Provided

SignedInRequest = Request[SignedIn, Any, Any]


@post(
    "/threads",
    responses={
        200: ResponseSpec(
            wire.Thread, description="There was such a direct chat already.", generate_examples=False
        )
    }
    | problems(400, 403, 404, 409, 413, 415),
    summary="Create a thread",
    response_description="The new thread.",
    tags=["threads"],
)
async def create_thread(
    request: SignedInRequest, data: Annotated[wire.NewThread, EXACT], services: Provided
) -> Response[wire.Thread]:
    thread, is_new = await services.threads.create(data, owner=request.user.account_id)
    return Response(thread, status_code=201 if is_new else 200)


@get("/threads", responses=problems(400), summary="The threads, newest activity first", tags=["threads"])
async def list_threads(
    request: SignedInRequest,
    services: Provided,
    limit: Limit = 50,
    before: ThreadCursor = None,
    pinned: PinnedFilter = None,
    q: TitleFilter = None,
) -> list[wire.Thread]:
    return await services.threads.newest(
        request.user.account_id, limit, _thread_cursor(before), pinned, q
    )


@get("/threads/{thread_id:int}", responses=problems(400, 404), summary="A thread", tags=["threads"])
async def get_thread(request: SignedInRequest, thread_id: ThreadId, services: Provided) -> wire.Thread:
    return await services.threads.get(thread_id, request.user.account_id)


@patch(
    "/threads/{thread_id:int}",
    responses=problems(400, 403, 404, 409, 413, 415),
    summary="Rename a thread, pin it, open or close it",
    tags=["threads"],
)
async def change_thread(
    request: SignedInRequest,
    thread_id: ThreadId,
    data: Annotated[wire.ThreadChange, EXACT],
    services: Provided,
) -> wire.Thread:
    return await services.threads.change(thread_id, data, request.user.account_id)


@delete(
    "/threads/{thread_id:int}",
    responses=problems(400, 403, 404),
    summary="Delete a thread",
    tags=["threads"],
)
async def delete_thread(request: SignedInRequest, thread_id: ThreadId, services: Provided) -> None:
    await services.threads.delete(thread_id, request.user.account_id)


@get(
    "/threads/{thread_id:int}/export",
    responses=problems(400, 404)
    | {200: ResponseSpec(None, description="A file, as long as the thread.", generate_examples=False)},
    summary="A thread as a file",
    tags=["threads"],
)
async def export_thread(
    request: SignedInRequest,
    thread_id: ThreadId,
    services: Provided,
    format: export.Format = "markdown",
) -> Stream:
    reader = request.user.account_id
    thread = await services.threads.get(thread_id, reader)
    return Stream(
        await services.exports.write(thread, reader, format),
        media_type=export.MEDIA_TYPES[format],
        headers={"Content-Disposition": export.disposition(thread, format)},
    )


ROUTES: list[ControllerRouterHandler] = [
    create_thread,
    list_threads,
    get_thread,
    change_thread,
    delete_thread,
    export_thread,
]


def _thread_cursor(text: str | None) -> tuple[datetime, int] | None:
    if text is None:
        return None
    moment, _, id = text.partition(",")
    try:
        return msgspec.convert(moment.replace(" ", "+"), datetime).astimezone(UTC), int(id)
    except (msgspec.ValidationError, OverflowError):
        raise BadInput("before: not the updated_at and the id of a thread") from None
