"""The HTTP API with which administrators manage bot accounts and their keys."""

from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.web.openapi import FOR_PERSONS
from chinwag.web.parameters import EXACT, BotName, KeyId, problems
from chinwag.web.permissions import check_admin
from chinwag.web.services import Provided

SignedInRequest = Request[SignedIn, Any, Any]

TAGS = ["bots"]


@post(
    "/bots",
    responses=problems(400, 403, 409, 413, 415),
    summary="Add a bot account",
    response_description="The bot. It needs a key to sign in.",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def add_bot(
    request: SignedInRequest, data: Annotated[wire.NewBot, EXACT], services: Provided
) -> wire.Bot:
    await check_admin(request.user, services)
    return await services.bot_accounts.add(data.username, data.display_name)


@get("/bots", responses=problems(403), summary="The bot accounts", tags=TAGS, security=FOR_PERSONS)
async def list_bots(request: SignedInRequest, services: Provided) -> list[wire.Bot]:
    await check_admin(request.user, services)
    return await services.bot_accounts.all()


@post(
    "/bots/{username:str}/keys",
    responses=problems(400, 403, 404, 413, 415),
    summary="Make a key of a bot",
    response_description="The key, with its secret, which is shown only this once.",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def make_key(
    request: SignedInRequest,
    username: BotName,
    data: Annotated[wire.KeyName, EXACT],
    services: Provided,
) -> wire.NewKey:
    await check_admin(request.user, services)
    return await services.keys.make(username, data.name, request.user.account_id)


@get(
    "/bots/{username:str}/keys",
    responses=problems(400, 403, 404),
    summary="The keys of a bot, without their secrets",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def list_keys(request: SignedInRequest, username: BotName, services: Provided) -> list[wire.Key]:
    await check_admin(request.user, services)
    await services.bot_accounts.get(username)
    return await services.keys.of_bot(username)


@delete(
    "/bots/{username:str}/keys/{key_id:int}",
    responses=problems(400, 403, 404),
    status_code=204,
    summary="Revoke a key",
    description="The WebSockets that were opened with it are closed with 4001.",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def revoke_key(
    request: SignedInRequest, username: BotName, key_id: KeyId, services: Provided
) -> None:
    await check_admin(request.user, services)
    await services.keys.revoke(username, key_id)


ROUTES: list[ControllerRouterHandler] = [add_bot, list_bots, make_key, list_keys, revoke_key]
