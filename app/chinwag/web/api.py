"""The HTTP API, as OpenAPI describes it at /docs."""

from typing import Any

from litestar import HttpMethod, Request, Response, Router, route
from litestar.exceptions import HTTPException, SerializationException
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from chinwag.chat.accounts import SignedIn
from chinwag.errors import BadJson
from chinwag.web import (
    bot_api,
    hook_api,
    links_api,
    member_api,
    message_api,
    monitoring_api,
    openid_api,
    people_api,
    reply_api,
    session_api,
    thread_api,
)
from chinwag.web.access import CheckAccess
from chinwag.web.parameters import WITHOUT_BODY
from chinwag.web.problems import AnswerWhenCancelled
from chinwag.web.throttle import LimitChanges

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


ROUTES: list[ControllerRouterHandler] = [
    Router(
        "/api/v1",
        middleware=[AnswerWhenCancelled(), CheckAccess(), LimitChanges()],
        before_request=read_json,
        route_handlers=[
            methods,  # before the others, or Litestar adds its own
            *session_api.ROUTES,
            *thread_api.ROUTES,
            *message_api.ROUTES,
            *reply_api.ROUTES,
            *member_api.ROUTES,
            *links_api.ROUTES,
            *people_api.ROUTES,
            *openid_api.ROUTES,
            *bot_api.ROUTES,
            *hook_api.ROUTES,
        ],
    ),
    hook_api.HOOKS,
    *monitoring_api.ROUTES,
]
