"""The HTTP API, as OpenAPI describes it at /docs."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import HttpMethod, Request, Response, Router, delete, get, patch, post, route
from litestar.exceptions import HTTPException, SerializationException
from litestar.openapi import ResponseSpec
from litestar.response import Stream
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat import export
from chinwag.chat.accounts import SignedIn
from chinwag.chat.messages import check_content
from chinwag.chat.store import Post
from chinwag.errors import BadInput, BadJson
from chinwag.web import bot_api, hook_api, links_api, member_api, openid_api, people_api, session_api
from chinwag.web.access import CheckAccess
from chinwag.web.openapi import ForEverybody
from chinwag.web.parameters import (
    EXACT,
    WITHOUT_BODY,
    Limit,
    MessageCursor,
    PinnedFilter,
    SearchLimit,
    SearchQuery,
    SeqCursor,
    ThreadCursor,
    ThreadId,
    TitleFilter,
    problems,
)
from chinwag.web.problems import AnswerWhenCancelled
from chinwag.web.services import Provided
from chinwag.web.sockets import list_socket, thread_socket
from chinwag.web.throttle import LimitChanges

TOO_LARGE = {431: problems(431)[431]}
"""What may be wrong with a request that has nothing but a head."""

AnyRequest = Request[Any, Any, Any]
SignedInRequest = Request[SignedIn, Any, Any]


async def read_json(request: AnyRequest) -> None:
    """Read the body, if there should be one, before Litestar does, which would fail on what is not UTF-8.

    Raises:
        BadJson
    """
    if request.method not in {"POST", "PATCH", "PUT"} or request.route_handler.opt.get(WITHOUT_BODY):
        return
    media_type, _ = request.content_type
    if media_type not in {"application/json", ""}:
        raise HTTPException("send JSON, and say so: Content-Type: application/json", status_code=415)
    if not await request.body():
        raise BadJson("the body is empty; JSON is taken")
    try:
        await request.json()
    except (SerializationException, UnicodeError, RecursionError) as error:
        raise BadJson(f"this is not valid JSON: {error}") from None


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
    responses=problems(400, 403, 404, 413, 415),
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
    "/threads/{thread_id:int}/messages",
    responses=problems(400, 404),
    summary="Messages of a thread, oldest first",
    description="Those right after `after`, or else those right before `before`, or else the newest. "
    "Where messages are long there are fewer than `limit`: only an empty page is the end.",
    tags=["messages"],
)
async def list_messages(
    request: SignedInRequest,
    thread_id: ThreadId,
    services: Provided,
    before: SeqCursor = None,
    after: SeqCursor = None,
    limit: Limit = 50,
) -> list[wire.Message]:
    reader = request.user.account_id
    page = await services.messages.page(thread_id, reader, before=before, after=after, limit=limit)
    if not page:
        await services.threads.get(thread_id, reader)
    return page


@post(
    "/threads/{thread_id:int}/messages",
    responses={
        200: ResponseSpec(wire.Message, description="It was stored before.", generate_examples=False)
    }
    | problems(400, 403, 404, 413, 415),
    summary="Write a message",
    response_description="It is stored.",
    description="With a `client_id` it can be sent again, and is stored once.",
    tags=["messages"],
)
async def create_message(
    request: SignedInRequest,
    thread_id: ThreadId,
    data: Annotated[wire.NewMessage, EXACT],
    services: Provided,
) -> Response[wire.Message]:
    check_content(data.content, services.settings.max_content)
    post = Post(thread_id, request.user.account_id, data.content, data.client_id)
    stored = await services.writer.write(post)
    message = await services.messages.get(thread_id, stored.seq)
    return Response(message, status_code=201 if stored.new else 200)


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


@get(
    "/search",
    responses=problems(400),
    summary="Find messages by their words, newest first",
    description='Words, "a phrase", or, -not; the last word may be unfinished. '
    "Of a message, the first 100,000 characters are searched.",
    tags=["messages"],
)
async def search_messages(
    request: SignedInRequest,
    q: SearchQuery,
    services: Provided,
    before: MessageCursor = None,
    limit: SearchLimit = 20,
) -> list[wire.Hit]:
    return await services.search.find(q, request.user.account_id, before=before, limit=limit)


@route(
    [
        "/account",
        "/accounts/{username:str}",
        "/bots",
        "/bots/{username:str}/keys",
        "/invitations",
        "/session",
        "/threads",
        "/threads/{thread_id:int}",
        "/threads/{thread_id:int}/hooks",
        "/threads/{thread_id:int}/members/{username:str}",
        "/threads/{thread_id:int}/messages",
    ],
    http_method=HttpMethod.OPTIONS,
    status_code=204,
    include_in_schema=False,
)
async def methods(request: AnyRequest) -> Response[None]:
    """Answer with the methods of a path. Litestar's own answer names only those of the path's first
    handler."""
    [path] = [
        one
        for one in request.app.routes
        if isinstance(one, HTTPRoute) and one.path_format == request.scope["path_template"]
    ]
    return Response(None, headers={"Allow": ", ".join(sorted(path.methods))})


@get(
    "/health/live",
    responses=TOO_LARGE,
    operation_class=ForEverybody,
    operation_id="checkLiveness",
    summary="Whether this process answers",
    tags=["health"],
)
async def live() -> wire.Health:
    return wire.Health("ok")


@get(
    "/health/ready",
    responses=TOO_LARGE | {503: ResponseSpec(wire.Health, description="It cannot hear the database.")},
    operation_class=ForEverybody,
    operation_id="checkReadiness",
    summary="Whether this server hears the database, and so can serve browsers",
    tags=["health"],
)
async def ready(services: Provided) -> Response[wire.Health]:
    if services.listener.ready:
        return Response(wire.Health("ok"))
    return Response(wire.Health("not ready"), status_code=503)


ROUTES: list[ControllerRouterHandler] = [
    Router(
        "/api/v1",
        middleware=[AnswerWhenCancelled(), CheckAccess(), LimitChanges()],
        before_request=read_json,
        route_handlers=[
            methods,  # before the others, or Litestar adds its own
            *session_api.ROUTES,
            *member_api.ROUTES,
            *links_api.ROUTES,
            *people_api.ROUTES,
            *openid_api.ROUTES,
            *bot_api.ROUTES,
            *hook_api.ROUTES,
            create_thread,
            list_threads,
            get_thread,
            change_thread,
            delete_thread,
            list_messages,
            create_message,
            export_thread,
            search_messages,
        ],
    ),
    hook_api.HOOKS,
    # The WebSockets have a router with fewer middlewares, because each handshake pays for every middleware.
    Router("/api/v1", middleware=[CheckAccess()], route_handlers=[thread_socket, list_socket]),
    live,
    ready,
]


def _thread_cursor(text: str | None) -> tuple[datetime, int] | None:
    if text is None:
        return None
    moment, _, id = text.partition(",")
    try:
        return msgspec.convert(moment.replace(" ", "+"), datetime).astimezone(UTC), int(id)
    except (msgspec.ValidationError, OverflowError):
        raise BadInput("before: not the updated_at and the id of a thread") from None
