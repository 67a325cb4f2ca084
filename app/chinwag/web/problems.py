"""Errors as HTTP answers: RFC 9457 problem details, each with a stable code."""

import asyncio
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.enums import MediaType, ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from chinwag import wire
from chinwag.counts import REFUSALS
from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES
from chinwag.errors import BadInput, Refusal, ServerStopping
from chinwag.headers import PAGE_POLICY
from chinwag.logs import loggable
from chinwag.web import assets
from chinwag.web.sockets import is_address

AnyRequest = Request[Any, Any, Any]

MEDIA_TYPE = "application/problem+json"

CODES = {
    400: BadInput.code,
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_big",
    415: "unsupported_media_type",
}
"""The codes of what Litestar itself refuses, by status. They are written out, because the phrases of
HTTPStatus differ between versions of Python."""

log = structlog.get_logger(__name__)


def refused(request: AnyRequest, error: Refusal) -> Response[wire.Problem]:
    """Answer with an error of our own."""
    return _answer(request, error.status, error.code, str(error))


def database_failed(request: AnyRequest, error: Exception) -> Response[wire.Problem]:
    """Answer with what an error of the database means to the client."""
    return refused(request, refusal_of(error, path=loggable(request.scope["path"])))


def http_failed(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer with what Litestar itself refuses: a wrong path, method, body or parameter."""
    if error.status_code == 404 and is_address(request.scope["path"]):
        detail = "this is the address of a WebSocket"
        return _answer(request, 426, "upgrade_required", detail, {"Upgrade": "websocket"})
    if error.status_code == 404 and _wants_page(request):
        page = assets.content("not-found.html")
        headers = {"Content-Security-Policy": PAGE_POLICY}
        return Response(page, status_code=404, media_type=MediaType.HTML, headers=headers)
    code = CODES.get(error.status_code, Refusal.code)
    detail = "; ".join(_complaints(error.extra)) or error.detail
    return _answer(request, error.status_code, code, detail, error.headers)


def failed(request: AnyRequest, error: Exception) -> Response[wire.Problem]:
    """Log an unexpected error, and answer with status 500."""
    log.error("request_failed", path=loggable(request.scope["path"]), exc_info=error)
    return _answer(request, 500, Refusal.code, "The server failed; its log says why.")


class AnswerWhenCancelled(ASGIMiddleware):
    """The middleware that answers `server_stopping` to requests that uvicorn cancels when it must stop;
    uvicorn itself would answer 500 without a body of ours."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        try:
            await next_app(scope, receive, send)
        except asyncio.CancelledError:
            raise ServerStopping from None


HANDLERS: dict[int | type[Exception], Any] = {
    Exception: failed,
    HTTPException: http_failed,
    Refusal: refused,
    **dict.fromkeys(FAILURES, database_failed),
}


def _answer(
    request: AnyRequest, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> Response[wire.Problem]:
    if status < 500:
        # request.url cannot be made of a malformed Host header.
        log.info("refused", code=code, path=loggable(request.scope["path"]))
    REFUSALS.add(code, "http")
    problem = wire.Problem(status=status, code=code, title=_phrase(status), detail=detail)
    if status in {429, 503}:
        headers = {"Retry-After": "1"} | (headers or {})
    return Response(problem, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def _wants_page(request: AnyRequest) -> bool:
    """Whether a person has followed a link to a page that does not exist."""
    is_api = request.scope["path"].startswith("/api/")
    return not is_api and "text/html" in request.headers.get("accept", "")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def _complaints(extra: Any) -> list[str]:
    """Read Litestar's list of what is wrong with which field."""
    if not isinstance(extra, list):
        return []
    return [f"{'body' if one['key'] == 'data' else one['key']}: {one['message']}" for one in extra]
