"""The HTTP API of messages."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.chat.messages import check_content
from chinwag.chat.store import Post
from chinwag.web.parameters import (
    EXACT,
    Limit,
    MessageCursor,
    SearchLimit,
    SearchQuery,
    SeqCursor,
    ThreadId,
    problems,
)
from chinwag.web.services import Provided

SignedInRequest = Request[SignedIn, Any, Any]


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
    | problems(400, 403, 404, 409, 413, 415),
    summary="Write a message",
    response_description="It is stored.",
    description="With a `client_id` it can be sent again, and is stored once. With `replaces` it takes the "
    "place of the newest message that the account has written: a question is asked anew.",
    tags=["messages"],
)
async def create_message(
    request: SignedInRequest,
    thread_id: ThreadId,
    data: Annotated[wire.NewMessage, EXACT],
    services: Provided,
) -> Response[wire.Message]:
    check_content(data.content, services.settings.max_content)
    author = request.user.account_id
    post = Post(thread_id, author, data.content, data.client_id, replaces=data.replaces)
    stored = await services.writer.write(post)
    message = await services.messages.get(thread_id, stored.seq)
    return Response(message, status_code=201 if stored.new else 200)


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


ROUTES: list[ControllerRouterHandler] = [list_messages, create_message, search_messages]
