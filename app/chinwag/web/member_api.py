"""The HTTP API of what concerns the people of a thread: its members, and what each has read of it."""

from typing import Annotated, Any

from litestar import Request, delete, get, put
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.web.parameters import EXACT, WITHOUT_BODY, ThreadId, Username, problems
from chinwag.web.services import Provided

SignedInRequest = Request[SignedIn, Any, Any]

TAGS = ["members"]


@get(
    "/threads/{thread_id:int}/members",
    responses=problems(400, 404),
    summary="The members of a thread",
    tags=TAGS,
)
async def list_members(
    request: SignedInRequest, thread_id: ThreadId, services: Provided
) -> list[wire.Member]:
    return await services.members.of(thread_id, request.user.account_id)


@put(
    "/threads/{thread_id:int}/members/{username:str}",
    responses=problems(400, 403, 404, 409),
    status_code=204,
    opt={WITHOUT_BODY: True},
    summary="Add a member",
    description="Every account that sees a thread may add others. A direct chat keeps its people.",
    tags=TAGS,
)
async def add_member(
    request: SignedInRequest, thread_id: ThreadId, username: Username, services: Provided
) -> None:
    await services.members.add(thread_id, username, request.user.account_id)


@delete(
    "/threads/{thread_id:int}/members/{username:str}",
    responses=problems(400, 403, 404, 409),
    status_code=204,
    summary="Leave a thread, or remove a member",
    description="The owner of a thread and administrators may remove others.",
    tags=TAGS,
)
async def remove_member(
    request: SignedInRequest, thread_id: ThreadId, username: Username, services: Provided
) -> None:
    await services.members.remove(thread_id, username, request.user.account_id)


@put(
    "/threads/{thread_id:int}/read",
    responses=problems(400, 403, 404, 413, 415),
    status_code=204,
    summary="Note that a thread was read up to a seq",
    description="All devices of the account are told. What was read stays read: a lower seq changes nothing.",
    tags=TAGS,
)
async def mark_thread_read(
    request: SignedInRequest,
    thread_id: ThreadId,
    data: Annotated[wire.Read, EXACT],
    services: Provided,
) -> None:
    await services.read_marks.read(thread_id, request.user.account_id, data.seq)


@put(
    "/threads/{thread_id:int}/level",
    responses=problems(400, 403, 404, 413, 415),
    status_code=204,
    summary="Set of which messages of a thread the account wants to be notified",
    tags=TAGS,
)
async def set_level(
    request: SignedInRequest,
    thread_id: ThreadId,
    data: Annotated[wire.NewLevel, EXACT],
    services: Provided,
) -> None:
    await services.read_marks.set_level(thread_id, request.user.account_id, data.level)


ROUTES: list[ControllerRouterHandler] = [
    list_members,
    add_member,
    remove_member,
    mark_thread_read,
    set_level,
]
