"""The HTTP API of links: invitations, joining, and signing in once without the password."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.errors import PasswordNeeded
from chinwag.web.openapi import FOR_PERSONS, ForEverybody
from chinwag.web.parameters import EXACT, InvitationId, problems
from chinwag.web.permissions import check_admin
from chinwag.web.services import Provided, Services
from chinwag.web.session_api import address_of, signed_in_answer, site_of_server

SignedInRequest = Request[SignedIn, Any, Any]
AnyRequest = Request[Any, Any, Any]

TAGS = ["invitations"]

CREATED = "It is made. Its address is in this answer and nowhere else."


@post(
    "/invitations",
    responses=problems(400, 403, 409, 413, 415),
    summary="Make an invitation",
    response_description=CREATED,
    tags=TAGS,
    security=FOR_PERSONS,
)
async def create_invitation(
    request: SignedInRequest, data: Annotated[wire.InvitationOrder, EXACT], services: Provided
) -> wire.NewInvitation:
    await check_admin(request.user, services)
    await _stay_able_to_sign_in(request.user, services)
    made = await services.links.invite(request.user.account_id, uses=data.uses, days=data.days)
    return wire.NewInvitation(_address(request, "/join", made.secret, services), made.row)


@get(
    "/invitations",
    responses=problems(403),
    summary="The invitations that can be used, the newest first",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def list_invitations(request: SignedInRequest, services: Provided) -> list[wire.Invitation]:
    await check_admin(request.user, services)
    return await services.links.invitations()


@delete(
    "/invitations/{invitation_id:int}",
    responses=problems(400, 403, 404),
    status_code=204,
    summary="Revoke an invitation",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def revoke_invitation(
    request: SignedInRequest, invitation_id: InvitationId, services: Provided
) -> None:
    await check_admin(request.user, services)
    await services.links.revoke(invitation_id)


@post(
    "/join",
    responses=problems(400, 403, 404, 409, 413, 415),
    summary="Create an account by an invitation or by the set-up link, and sign in",
    response_description="The account. The answer sets the cookie of the session.",
    tags=TAGS,
    operation_class=ForEverybody,
)
async def join(
    request: AnyRequest, data: Annotated[wire.NewPerson, EXACT], services: Provided
) -> Response[wire.Account]:
    token = await services.joining.join(data, device=_device(request), address=address_of(request))
    return await signed_in_answer(request, token, services)


@post(
    "/sign-in-links",
    responses=problems(400, 403, 404, 413, 415),
    summary="Make a link by which a person signs in once, for who has lost the password",
    response_description=CREATED,
    tags=["people"],
    security=FOR_PERSONS,
)
async def create_sign_in_link(
    request: SignedInRequest, data: Annotated[wire.SignInLinkOrder, EXACT], services: Provided
) -> wire.SignInLink:
    await check_admin(request.user, services)
    made = await services.links.for_account(data.username, request.user.account_id)
    return wire.SignInLink(_address(request, "/sign-in/link", made.secret, services), made.row.expires_at)


@post(
    "/session/link",
    responses=problems(400, 403, 404, 413, 415),
    summary="Sign in by a link, with a new password",
    description="The account is signed out everywhere but here.",
    response_description="The account. The answer sets the cookie of the session.",
    tags=["account"],
    operation_class=ForEverybody,
)
async def sign_in_by_link(
    request: AnyRequest, data: Annotated[wire.LinkSignIn, EXACT], services: Provided
) -> Response[wire.Account]:
    token = await services.joining.sign_in(
        data.secret, data.password, device=_device(request), address=address_of(request)
    )
    return await signed_in_answer(request, token, services)


ROUTES: list[ControllerRouterHandler] = [
    create_invitation,
    list_invitations,
    revoke_invitation,
    join,
    create_sign_in_link,
    sign_in_by_link,
]


async def _stay_able_to_sign_in(who: SignedIn, services: Services) -> None:
    """Refuse an invitation by the only person, who needs no password until somebody joins.

    Raises:
        PasswordNeeded
    """
    is_by_itself = who.session_id is None and services.settings.sign_in in {"auto", "loopback"}
    if is_by_itself and not (await services.accounts.shown(who.account_id))["has_password"]:
        raise PasswordNeeded()


def _address(request: AnyRequest, path: str, secret: str, services: Services) -> str:
    """Return the address of a link. The secret is in its fragment, which browsers do not send, and so is in
    no log of a server or a proxy."""
    return f"{site_of_server(request, services)}{path}#{secret}"


def _device(request: AnyRequest) -> str:
    return request.headers.get("user-agent", "")
