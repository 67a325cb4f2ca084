"""The HTTP API of webhooks: programs send messages to them as to Slack's, and administrators manage them.

The answers to programs are plain text in Slack's words, because programs show it or look for it.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from litestar import Request, Response, Router, delete, get, post
from litestar.enums import MediaType
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.chat.messages import check_content
from chinwag.chat.store import Post
from chinwag.counts import REFUSALS
from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES
from chinwag.errors import ContentIsEmpty, ContentTooLong, NoSuchThread, Refusal, TooManyRequests
from chinwag.push.rate_limit import site_of
from chinwag.web.access import CheckSite
from chinwag.web.openapi import FOR_PERSONS, ForEverybody
from chinwag.web.parameters import EXACT, HookSecret, ThreadId, WebhookId, problems
from chinwag.web.permissions import check_admin
from chinwag.web.problems import AnswerWhenCancelled
from chinwag.web.services import Provided, Services
from chinwag.web.session_api import site_of_server
from chinwag.web.slack import FORM, InvalidPayload, content_in

AnyRequest = Request[Any, Any, Any]
SignedInRequest = Request[SignedIn, Any, Any]

TAGS = ["webhooks"]

SLACKS_WORDS: dict[type[Refusal], str] = {
    ContentIsEmpty: "no_text",
    ContentTooLong: "msg_too_long",
    NoSuchThread: "channel_not_found",
    TooManyRequests: "rate_limited",
}

log = structlog.get_logger(__name__)


@post(
    "/threads/{thread_id:int}/hooks",
    responses=problems(400, 403, 404, 413, 415),
    summary="Make a webhook of a thread",
    response_description="The webhook, with its address, which is shown only this once.",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def make_webhook(
    request: SignedInRequest,
    thread_id: ThreadId,
    data: Annotated[wire.NewWebhook, EXACT],
    services: Provided,
) -> wire.MadeWebhook:
    await check_admin(request.user, services)
    await services.threads.get(thread_id, request.user.account_id)
    made, secret = await services.webhooks.make(thread_id, data.name, data.bot, request.user.account_id)
    url = f"{site_of_server(request, services)}/api/v1/hooks/{secret}"
    return wire.MadeWebhook(
        id=made.id,
        name=made.name,
        bot=made.bot,
        created_at=made.created_at,
        used_at=made.used_at,
        url=url,
    )


@get(
    "/threads/{thread_id:int}/hooks",
    responses=problems(400, 403, 404),
    summary="The webhooks of a thread, without their addresses",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def list_webhooks(
    request: SignedInRequest, thread_id: ThreadId, services: Provided
) -> list[wire.Webhook]:
    await check_admin(request.user, services)
    await services.threads.get(thread_id, request.user.account_id)
    return await services.webhooks.of_thread(thread_id)


@delete(
    "/threads/{thread_id:int}/hooks/{webhook_id:int}",
    responses=problems(400, 403, 404),
    status_code=204,
    summary="Revoke a webhook",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def revoke_webhook(
    request: SignedInRequest, thread_id: ThreadId, webhook_id: WebhookId, services: Provided
) -> None:
    await check_admin(request.user, services)
    await services.threads.get(thread_id, request.user.account_id)
    await services.webhooks.revoke(thread_id, webhook_id)


@dataclass
class SendsToWebhook(ForEverybody):
    """The description of the body, which the handler reads itself."""

    def __post_init__(self) -> None:
        super().__post_init__()
        text = Schema(type=OpenAPIType.STRING, description="The content of the message.")
        message = Schema(type=OpenAPIType.OBJECT, properties={"text": text}, required=["text"])
        payload = Schema(type=OpenAPIType.STRING, description="A message as JSON.")
        form = Schema(type=OpenAPIType.OBJECT, properties={"payload": payload}, required=["payload"])
        content = {"application/json": OpenAPIMediaType(message), FORM: OpenAPIMediaType(form)}
        self.request_body = RequestBody(content=content, required=True, description="As Slack takes it.")


def _plain(description: str) -> ResponseSpec:
    return ResponseSpec(str, description=description, media_type=MediaType.TEXT, generate_examples=False)


@post(
    "/hooks/{secret:str}",
    operation_class=SendsToWebhook,
    status_code=200,
    media_type=MediaType.TEXT,
    responses={
        400: _plain("`invalid_payload`, `no_text`, or `msg_too_long` and why."),
        403: problems(403)[403],
        404: _plain("`no_service`: there is no such webhook (any more)."),
        413: problems(413)[413],
        429: _plain("`rate_limited`: try again in a second."),
        503: _plain("The database is unavailable: try again."),
    },
    summary="Send a message to a webhook",
    response_description="`ok`: it is stored.",
    description="It takes what programs send to Slack's incoming webhooks: JSON with a `text`, or a form "
    "with that JSON as `payload`. The text of blocks and attachments is used, too; other fields are ignored. "
    "The secret is all that a program needs.",
    tags=TAGS,
)
async def send_to_webhook(request: AnyRequest, secret: HookSecret, services: Provided) -> Response[str]:
    webhook = await services.webhooks.find(secret)
    if webhook is None:
        _count_made_up(request, services)
        REFUSALS.add("no_service", "http")
        return _answer(404, "no_service")
    if not services.limits.posts.take(("webhook", webhook.id)):
        raise TooManyRequests()
    media_type, _ = request.content_type
    try:
        content = content_in(await request.body(), media_type)
    except InvalidPayload:
        REFUSALS.add("invalid_payload", "http")
        return _answer(400, "invalid_payload")
    check_content(content, services.settings.max_content)
    post = Post(webhook.thread_id, webhook.account_id, content, webhook=webhook.id, way="webhook")
    await services.writer.write(post)
    return _answer(200, "ok")


def _count_made_up(request: AnyRequest, services: Services) -> None:
    """Count a secret that no webhook has. Each has cost a query, whoever has made it up.

    Raises:
        TooManyRequests: there were too many from this address.
    """
    if not services.changes.take(site_of(request.client.host) if request.client else ""):
        raise TooManyRequests()


def _refused(_request: AnyRequest, error: Refusal) -> Response[str]:
    word = SLACKS_WORDS.get(type(error), error.code)
    log.info("refused", code=error.code)
    REFUSALS.add(error.code, "http")
    return _answer(error.status, word if word == "no_text" else f"{word}: {error}")


def _database_failed(request: AnyRequest, error: Exception) -> Response[str]:
    return _refused(request, refusal_of(error))


def _answer(status: int, text: str) -> Response[str]:
    headers = {"Retry-After": "1"} if status in {429, 503} else None
    return Response(text, status_code=status, headers=headers, media_type=MediaType.TEXT)


ROUTES: list[ControllerRouterHandler] = [make_webhook, list_webhooks, revoke_webhook]

HOOKS = Router(
    "/api/v1",
    middleware=[AnswerWhenCancelled(), CheckSite()],
    route_handlers=[send_to_webhook],
    exception_handlers={Refusal: _refused, **dict.fromkeys(FAILURES, _database_failed)},
)
"""The address that programs call: nobody signs in there."""
