"""Signing in by an OpenID provider, as a browser sees it: to the provider, and back."""

import base64
import binascii
import secrets
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.datastructures import Cookie
from litestar.params import Parameter, QueryParameter
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.chat.identities import Flow
from chinwag.errors import OpenIDFailed, TooManyRequests
from chinwag.web.access import OPENID_CALLBACK
from chinwag.web.openapi import ForEverybody
from chinwag.web.parameters import problems
from chinwag.web.services import Provided, Services
from chinwag.web.session_api import address_of, end_session_of, session_cookie, site_of_server

AnyRequest = Request[SignedIn | None, Any, Any]

FAILED = "/sign-in?problem=openid_failed"

FLOW_SECONDS = 10 * 60
"""How long a person may take at the provider."""

Text = Annotated[str, Parameter(max_length=4000)]
StateText = Annotated[str, QueryParameter(name="state", max_length=4000)]  # `state` is a word of Litestar's

decode_flow = msgspec.json.Decoder(Flow).decode


@get(
    "/sign-in-ways",
    responses=problems(),
    summary="How people sign in here, beside a password",
    tags=["account"],
    operation_class=ForEverybody,
)
async def get_sign_in_ways(services: Provided) -> wire.SignInWays:
    return wire.SignInWays(openid=services.openid.name if services.openid else None)


@get("/openid/start", include_in_schema=False)
async def start(request: AnyRequest, services: Provided, next: Text = "/") -> Redirect:
    """Send the browser to the provider."""
    if services.openid is None:
        return Redirect("/sign-in", status_code=303)
    _limit(request, services)
    try:
        url, flow = await services.openid.begin(_callback(request, services), _path(next))
    except OpenIDFailed:
        return Redirect(FAILED, status_code=303)
    return Redirect(url, status_code=303, cookies=[_cookie(request, flow)])


@get("/openid/callback", include_in_schema=False)
async def callback(
    request: AnyRequest, services: Provided, code: Text = "", given_state: StateText = ""
) -> Redirect:
    """Sign in the person whom the provider sends back."""
    over = _cookie(request, None)
    flow = _flow_of(request)
    # Who has been given an address with the code of somebody else has not this cookie with it.
    is_of_this_browser = flow is not None and secrets.compare_digest(
        flow.state.encode(), given_state.encode()
    )
    if services.openid is None or flow is None or not is_of_this_browser or not code:
        return Redirect(FAILED, status_code=303, cookies=[over])
    _limit(request, services)
    try:
        identity = await services.openid.finish(_callback(request, services), flow, code)
        id, password_hash = await services.identities.account_of(identity)
        device = request.headers.get("user-agent", "")
        token = await services.password_sign_in.begin(id, password_hash, device)
    except OpenIDFailed:
        token = None
    if token is None:
        return Redirect(FAILED, status_code=303, cookies=[over])
    await end_session_of(request.user, services)  # the session of the cookie that is replaced
    cookies = [over, session_cookie(request, token, services)]
    return Redirect(_path(flow.next), status_code=303, cookies=cookies)


ROUTES: list[ControllerRouterHandler] = [get_sign_in_ways, start, callback]


def _limit(request: AnyRequest, services: Services) -> None:
    """Have one address not send this server to the provider too often.

    Raises:
        TooManyRequests
    """
    if not services.changes.take(address_of(request)):
        raise TooManyRequests()


def _callback(request: AnyRequest, services: Services) -> str:
    return site_of_server(request, services) + OPENID_CALLBACK


def _path(wanted: str) -> str:
    """Return a path on this server, if it is one: nobody is led to another site."""
    is_path = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_path else "/"


def _name(request: AnyRequest) -> str:
    return "__Host-chinwag-openid" if request.scope["scheme"] == "https" else "chinwag-openid"


def _cookie(request: AnyRequest, flow: Flow | None) -> Cookie:
    """Make the cookie in which the browser keeps the flow, or the one that removes it."""
    return Cookie(
        key=_name(request),
        value=base64.urlsafe_b64encode(msgspec.json.encode(flow)).decode() if flow else "",
        path="/",
        max_age=FLOW_SECONDS if flow else 0,
        httponly=True,
        secure=request.scope["scheme"] == "https",
        samesite="lax",
    )


def _flow_of(request: AnyRequest) -> Flow | None:
    try:
        return decode_flow(base64.urlsafe_b64decode(request.cookies.get(_name(request), "")))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
