"""The HTTP API of signing in: sessions, the account that is signed in and its password."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.openapi import ResponseSpec
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.errors import NoSuchSession, NotSignedIn
from chinwag.push.rate_limit import site_of
from chinwag.web.access import cookie_name
from chinwag.web.openapi import FOR_PERSONS, ForEverybody
from chinwag.web.parameters import EXACT, SessionId, problems
from chinwag.web.permissions import check_person
from chinwag.web.services import Provided, Services

SignedInRequest = Request[SignedIn, Any, Any]
AnyRequest = Request[Any, Any, Any]

TAGS = ["account"]

DAY = 24 * 60 * 60


@get("/account", responses=problems(), summary="The account that is signed in", tags=TAGS)
async def get_account(request: SignedInRequest, services: Provided) -> wire.Account:
    return await account_of(request.user, services)


@put(
    "/account/password",
    responses=problems(400, 403, 413, 415),
    status_code=204,
    summary="Change the password of the account",
    description="The account is signed out everywhere but here.",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def change_password(
    request: SignedInRequest, data: Annotated[wire.PasswordChange, EXACT], services: Provided
) -> None:
    check_person(request.user)
    await services.password_sign_in.change_password(
        request.user, data.current, data.new, address=address_of(request)
    )


@post(
    "/session",
    responses=problems(400, 403, 413, 415),
    summary="Sign in",
    response_description="The account. The answer sets the cookie of the session.",
    tags=TAGS,
    operation_class=ForEverybody,
)
async def sign_in(
    request: AnyRequest, data: Annotated[wire.Credentials, EXACT], services: Provided
) -> Response[wire.Account]:
    token = await services.password_sign_in.with_password(
        data.username,
        data.password,
        device=request.headers.get("user-agent", ""),
        address=address_of(request),
    )
    return await signed_in_answer(request, token, services)


@delete(
    "/session",
    responses={204: ResponseSpec(None, description="Nobody is signed in.", generate_examples=False)}
    | problems(403),
    status_code=204,
    summary="Sign out",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def sign_out(request: SignedInRequest, services: Provided) -> Response[None]:
    check_person(request.user)
    await end_session_of(request.user, services)
    return Response(None, cookies=[_cookie(request, "", max_age=0)])


@get(
    "/sessions",
    responses=problems(403),
    security=FOR_PERSONS,
    summary="The browsers in which the account is signed in",
    tags=TAGS,
)
async def list_sessions(request: SignedInRequest, services: Provided) -> list[wire.Session]:
    check_person(request.user)
    return await services.sessions.of_account(request.user.account_id, request.user.session_id)


@delete(
    "/sessions/{session_id:int}",
    responses=problems(400, 403, 404),
    status_code=204,
    summary="Sign out one of the browsers",
    tags=TAGS,
    security=FOR_PERSONS,
)
async def end_session(request: SignedInRequest, session_id: SessionId, services: Provided) -> None:
    check_person(request.user)
    if not await services.sessions.end(request.user.account_id, session_id):
        raise NoSuchSession(f"there is no session {session_id} of this account")
    services.sign_in.forget(request.user.account_id)


ROUTES: list[ControllerRouterHandler] = [
    get_account,
    change_password,
    sign_in,
    sign_out,
    list_sessions,
    end_session,
]


async def signed_in_answer(
    request: AnyRequest, token: str, services: Services
) -> Response[wire.Account]:
    """Answer with the account of a new session, and set its cookie."""
    await end_session_of(request.user, services)  # the session of the cookie that it replaces
    who = await services.sign_in.by_token(token)
    if who is None:  # it has ended in this moment
        raise NotSignedIn()
    return Response(await account_of(who, services), cookies=[session_cookie(request, token, services)])


def session_cookie(request: AnyRequest, token: str, services: Services) -> Cookie:
    """Make the cookie of a session."""
    return _cookie(request, token, max_age=services.settings.session_days * DAY)


async def account_of(who: SignedIn, services: Services) -> wire.Account:
    """Return what a person sees of the account."""
    return wire.Account(
        id=who.account_id,
        username=who.username,
        max_content=services.settings.max_content,
        session=who.session_id,
        bots=services.bots,
        **await services.accounts.shown(who.account_id),
    )


def site_of_server(request: AnyRequest, services: Services) -> str:
    """Return how the addresses on this server begin, as people reach it."""
    return services.settings.public_url or f"{request.scope['scheme']}://{request.headers['host']}"


async def end_session_of(who: SignedIn | None, services: Services) -> None:
    """End the session of a request, if it has one."""
    if who is not None and who.session_id is not None:
        await services.sessions.end(who.account_id, who.session_id)
        services.sign_in.forget(who.account_id)  # at once, and not with the notification


def address_of(request: AnyRequest) -> str:
    """Return the address of a client, as its attempts are counted."""
    return site_of(request.client.host) if request.client else ""


def _cookie(request: AnyRequest, value: str, *, max_age: int) -> Cookie:
    scheme = request.scope["scheme"]
    return Cookie(
        key=cookie_name(scheme),
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        secure=scheme == "https",
        samesite="lax",
    )
