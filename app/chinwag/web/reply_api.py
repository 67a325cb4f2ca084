"""The HTTP API with which people stop the replies of bots, and ask for other versions of them."""

from typing import Any

from litestar import Request, post
from litestar.types import ControllerRouterHandler

from chinwag.chat.accounts import SignedIn
from chinwag.web.parameters import WITHOUT_BODY, MessageSeq, ThreadId, problems
from chinwag.web.services import Provided

SignedInRequest = Request[SignedIn, Any, Any]


@post(
    "/threads/{thread_id:int}/messages/{seq:int}/stop",
    responses=problems(400, 404, 409),
    status_code=204,
    summary="Stop the reply to a message",
    description="What was said stays: it is stored as a reply whose `ended` is `stopped`.",
    tags=["messages"],
    opt={WITHOUT_BODY: True},
)
async def stop_reply(
    request: SignedInRequest, thread_id: ThreadId, seq: MessageSeq, services: Provided
) -> None:
    await services.reply_orders.stop(thread_id, seq, request.user.account_id)


@post(
    "/threads/{thread_id:int}/messages/{seq:int}/regenerate",
    responses=problems(400, 404, 409),
    status_code=202,
    summary="Ask for another version of a reply, or once more for one that has failed",
    description="`seq` is that of the newest version of a bot's reply, or of the message to which a bot has "
    "failed to reply. The new reply names the one that it `replaces`.",
    tags=["messages"],
    opt={WITHOUT_BODY: True},
)
async def regenerate_reply(
    request: SignedInRequest, thread_id: ThreadId, seq: MessageSeq, services: Provided
) -> None:
    await services.reply_orders.regenerate(thread_id, seq, request.user.account_id)


ROUTES: list[ControllerRouterHandler] = [stop_reply, regenerate_reply]
