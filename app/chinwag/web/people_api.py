"""The HTTP API of people: the directory of accounts, and what people and administrators change in it."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, UnsetType

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.errors import BadInput, NotAllowed, PasswordNeeded
from chinwag.web.openapi import FOR_PERSONS
from chinwag.web.parameters import (
    EXACT,
    AccountIds,
    NameFilter,
    PeopleLimit,
    Username,
    UsernameCursor,
    problems,
)
from chinwag.web.permissions import check_admin, check_person
from chinwag.web.services import Provided
from chinwag.web.session_api import account_of, address_of

SignedInRequest = Request[SignedIn, Any, Any]

TAGS = ["people"]
OF_ACCOUNT = ["account"]


@get(
    "/accounts",
    responses=problems(400),
    summary="The people and bots, in the order of their usernames",
    description="`q` is the beginning of a username or of a word of a display name.",
    tags=TAGS,
)
async def list_accounts(
    services: Provided,
    ids: AccountIds = None,
    q: NameFilter = None,
    after: UsernameCursor = "",
    limit: PeopleLimit = 50,
) -> list[wire.Person]:
    wanted = None if ids is None else [int(id) for id in ids.split(",")]
    return await services.directory.people(limit, ids=wanted, typed=q, after=after)


@patch(
    "/accounts/{username:str}",
    responses=problems(400, 403, 404, 409, 413, 415),
    summary="Make somebody an administrator or a member, disable or enable an account",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def change_account(
    request: SignedInRequest,
    username: Username,
    data: Annotated[wire.PersonChange, EXACT],
    services: Provided,
) -> wire.Person:
    await check_admin(request.user, services)
    return await services.directory.change(
        username, admin=_flag("admin", data.admin), active=_flag("active", data.active)
    )


@delete(
    "/accounts/{username:str}",
    responses=problems(400, 403, 404, 409),
    status_code=204,
    summary="Delete the account of somebody else",
    description="What it has written stays.",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def delete_account(request: SignedInRequest, username: Username, services: Provided) -> None:
    await check_admin(request.user, services)
    person = await services.directory.person(username)
    if person.id == request.user.account_id:
        raise PasswordNeeded("to delete your own account, POST its password to /api/v1/account/deletion")
    await services.directory.delete(person.id)


@patch(
    "/account",
    responses=problems(400, 403, 409, 413, 415),
    summary="Change the names of the account that is signed in",
    tags=OF_ACCOUNT,
    security=FOR_PERSONS,
)
async def change_names(
    request: SignedInRequest, data: Annotated[wire.AccountChange, EXACT], services: Provided
) -> wire.Account:
    who = request.user
    check_person(who)
    if services.settings.sign_in == "anyone" and data.username is not UNSET:
        raise NotAllowed("everybody is this account, which the setting `account` names")
    await services.directory.rename(
        who.account_id,
        username=None if data.username is UNSET else data.username,
        display_name=None if data.display_name is UNSET else data.display_name,
    )
    services.sign_in.forget(who.account_id)
    username = who.username if data.username is UNSET else data.username
    return await account_of(SignedIn(who.account_id, username, who.session_id), services)


@post(
    "/account/deletion",
    responses=problems(400, 403, 409, 413, 415),
    status_code=204,
    summary="Delete the account that is signed in",
    description="What it has written stays.",
    tags=OF_ACCOUNT,
    security=FOR_PERSONS,
)
async def delete_own_account(
    request: SignedInRequest, data: Annotated[wire.AccountDeletion, EXACT], services: Provided
) -> Response[None]:
    who = request.user
    check_person(who)
    await services.password_sign_in.confirm(who, data.password, address=address_of(request))
    await services.directory.delete(who.account_id)
    services.sign_in.forget(who.account_id)
    return Response(None)


@get(
    "/account/export",
    responses=problems()
    | {200: ResponseSpec(None, description="A file in JSON.", generate_examples=False)},
    summary="All that is stored about the account that is signed in",
    tags=OF_ACCOUNT,
)
async def export_account(request: SignedInRequest, services: Provided) -> Stream:
    return Stream(
        await services.account_exports.write(request.user.account_id),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="chinwag-account.json"'},
    )


ROUTES: list[ControllerRouterHandler] = [
    list_accounts,
    change_account,
    delete_account,
    change_names,
    delete_own_account,
    export_account,
]


def _flag(name: str, value: object) -> bool | None:
    """Return the value of a flag; None if it is to stay as it is. Litestar lets anything through."""
    if not isinstance(value, bool | UnsetType):
        raise BadInput(f"{name}: true or false is taken")
    return None if isinstance(value, UnsetType) else value
