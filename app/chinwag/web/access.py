"""Access control: the Host and Origin checks, and who is signed in."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from chinwag.chat.accounts import SignedIn
from chinwag.db.failures import refusal_of
from chinwag.db.pool import FAILURES
from chinwag.errors import HostNotAllowed, NotSignedIn, OriginNotAllowed, TooManyRequests, WrongKey
from chinwag.logs import loggable
from chinwag.push.connection import PEER
from chinwag.push.rate_limit import site_of
from chinwag.settings import Settings, networks
from chinwag.web.services import Services, services_of
from chinwag.wire import CloseCode

PROXY_FIELDS = {
    b"forwarded",
    b"via",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-real-ip",
}
"""The header fields that proxies add. No browser sends one of them."""

OTHER_SITES = {"cross-site", "same-site"}
"""The values of Sec-Fetch-Site for a page of another origin (W3C Fetch Metadata). A server on another port
of this computer is of the same site."""

OPEN_TO_NOBODY = {"/api/v1/session", "/api/v1/session/link", "/api/v1/join"}
"""The paths to which somebody may POST who is not signed in yet."""

OPENID_CALLBACK = "/api/v1/openid/callback"

READABLE_BY_NOBODY = {"/api/v1/sign-in-ways", "/api/v1/openid/start", OPENID_CALLBACK}
"""The paths that somebody may GET who is not signed in yet."""

COOKIE = "chinwag"
SECURE_COOKIE = "__Host-chinwag"
"""The cookie of a session has this name under HTTPS: browsers then take it only from this host itself, only
encrypted, and for all paths (RFC 6265bis, section 4.1.3.2)."""


class CheckSite(ASGIMiddleware):
    """The middleware that checks the Host and the Origin, and not who is signed in."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """
        Raises:
            HostNotAllowed, OriginNotAllowed
        """
        settings, fields = services_of(scope["litestar_app"].state).settings, _fields(scope)
        check_host(_name_in(fields.get(b"host", "")), settings)
        check_origin(scope, fields, settings)
        await next_app(scope, receive, send)


class CheckAccess(ASGIMiddleware):
    """The middleware that refuses a client that may not use this server, before anything else is done for
    it.

    Handlers have who is signed in as `scope["user"]`. A request is refused if nobody is, unless it signs in.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check the Host, the Origin and who is signed in.

        Raises:
            HostNotAllowed, OriginNotAllowed, NotSignedIn, WrongKey, TooManyRequests
        """
        services = services_of(scope["litestar_app"].state)
        fields = _fields(scope)
        name = _name_in(fields.get(b"host", ""))
        check_host(name, services.settings)
        if scope["path"] != OPENID_CALLBACK:  # to which a page of the provider leads
            check_origin(scope, fields, services.settings)
        scope["user"] = await signed_in(scope, name, fields, services)
        if scope["user"] is None and not _signs_in(scope):
            raise NotSignedIn()
        await next_app(scope, receive, send)


def check_host(name: str, settings: Settings) -> None:
    """Refuse a request for a name that is not this server's.

    Anybody who owns a name can let it lead to this server. A page under this name, in a browser that reaches
    this server, would then be of the same origin as the server (DNS rebinding). An address leads nowhere
    else.

    Raises:
        HostNotAllowed
    """
    if name != "localhost" and name not in settings.allowed_hosts and not _address(name):
        raise HostNotAllowed(f"this server is not known as {name[:100]!r}; see the setting allowed_hosts")


def check_origin(scope: Scope, fields: dict[bytes, str], settings: Settings) -> None:
    """Refuse what a page of another site makes a browser do (RFC 6455, section 10.2; for HTTP, CSRF).

    Reading is refused, too: that a request loads, how long it takes and how it fails tell the other site
    what is there. Programs that are not browsers send neither Origin nor Sec-Fetch-Site, and pass.

    Raises:
        OriginNotAllowed
    """
    origin = fields.get(b"origin")
    if origin is None:
        if fields.get(b"sec-fetch-site") in OTHER_SITES:
            raise OriginNotAllowed()
        return
    scheme = scope["scheme"].replace("ws", "http")
    if origin != f"{scheme}://{fields.get(b'host')}" and origin not in settings.allowed_origins:
        raise OriginNotAllowed(f"a page of {origin[:100]} may not use this server")


def is_operator(scope: Scope, settings: Settings) -> bool:
    """Whether a request comes straight from this computer, or from an address of the setting metrics_from.

    What comes through a proxy comes from elsewhere, whatever the proxy says: only without its fields the
    address is the connection's own, and not one that somebody has made up.
    """
    client = scope.get("client")
    address = _address(client[0]) if client else None
    if address is None or not PROXY_FIELDS.isdisjoint(_fields(scope)):
        return False
    return address.is_loopback or any(address in network for network in networks(settings.metrics_from))


async def signed_in(
    scope: Scope, name: str, fields: dict[bytes, str], services: Services
) -> SignedIn | None:
    """Return who has the key, or else who has the session of the cookie, or else the only person, if the
    browser is on this computer.

    A client on this computer that adds a proxy's field stands for browsers elsewhere.

    Raises:
        WrongKey
        TooManyRequests: too many secrets from this address are not those of sessions or keys.
    """
    sign_in, client = services.sign_in, scope.get("client")
    or_remembered = scope["type"] == ScopeType.WEBSOCKET
    if (key := key_in(fields.get(b"authorization", ""))) is not None:
        if who := await sign_in.by_key(key, or_remembered=or_remembered):
            return who
        _count_made_up(scope, services)
        raise WrongKey()
    if services.settings.sign_in == "anyone":
        return await sign_in.pre_configured(or_remembered=or_remembered)
    if (name_given := _name_by_proxy(scope, services.settings)) is not None:
        return await sign_in.by_proxy(name_given, or_remembered=or_remembered)
    if token := token_in(fields.get(b"cookie", ""), scope["scheme"]):
        if who := await sign_in.by_token(token, or_remembered=or_remembered):
            return who
        _count_made_up(scope, services)
    if services.settings.sign_in in {"required", "proxy"}:
        return None
    is_here = client is not None and _is_loopback(client[0]) and (name == "localhost" or _is_loopback(name))
    if not is_here or not PROXY_FIELDS.isdisjoint(fields):
        return None
    return await sign_in.by_computer(or_remembered=or_remembered)


async def who_opens(scope: Scope, services: Services) -> SignedIn | CloseCode:
    """Return who opens a WebSocket, or the code with which to close it: a browser cannot see why a handshake
    was refused.

    Raises:
        HostNotAllowed, OriginNotAllowed, TooManyRequests
    """
    fields = _fields(scope)
    name = _name_in(fields.get(b"host", ""))
    check_host(name, services.settings)
    check_origin(scope, fields, services.settings)
    try:
        return await signed_in(scope, name, fields, services) or CloseCode.SIGNED_OUT
    except WrongKey:
        return CloseCode.SIGNED_OUT
    except FAILURES as error:
        refusal_of(error, path=loggable(scope["path"]))  # says it in the log
        return CloseCode.DATABASE_UNAVAILABLE


def _name_by_proxy(scope: Scope, settings: Settings) -> str | None:
    """Return the name of the person whom a proxy has signed in; None if it is no proxy that may do so.

    Its own address counts. The one in scope["client"] may be one that somebody has made up, in a field that
    the proxy passes on.
    """
    if settings.sign_in != "proxy":
        return None
    peer = _address(scope.get(PEER) or "")
    if peer is None or not any(peer in network for network in networks(settings.proxies)):
        return None
    wanted = settings.proxy_header.encode()
    values = [value for name, value in scope["headers"] if name.lower() == wanted]
    # Of two, one may be the client's own.
    return values[0].decode("latin-1") if len(values) == 1 and values[0] else None


def _count_made_up(scope: Scope, services: Services) -> None:
    """Count a secret that nobody has. Each has cost a query, whoever has made it up.

    Raises:
        TooManyRequests: there were too many from this address.
    """
    client = scope.get("client")
    if not services.changes.take(site_of(client[0]) if client else ""):
        raise TooManyRequests()


def key_in(authorization: str) -> str | None:
    """Return the key in an Authorization field (RFC 6750, section 2.1), or None if it has none: another
    scheme, such as Basic, is for a proxy in front of this server."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def cookie_name(scheme: str) -> str:
    """Return the name of a session's cookie, for a connection of this scheme."""
    return SECURE_COOKIE if scheme in {"https", "wss"} else COOKIE


def token_in(cookies: str, scheme: str) -> str:
    """Return the secret of a session in a Cookie field (RFC 6265, section 4.2.1); "" if there is none."""
    wanted = cookie_name(scheme)
    for cookie in cookies.split("; "):
        name, _, value = cookie.partition("=")
        if name == wanted:
            return value
    return ""


def _signs_in(scope: Scope) -> bool:
    if scope.get("method") == "POST":
        return scope["path"] in OPEN_TO_NOBODY
    return scope["path"] in READABLE_BY_NOBODY and scope.get("method") == "GET"


def _fields(scope: Scope) -> dict[bytes, str]:
    """Return the header fields. Of several fields with one name, it is the last."""
    # uvicorn leaves the names of a WebSocket's fields as they came.
    return {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}


@lru_cache
def _name_in(host: str) -> str:
    """Return the host without its port; nothing if it is malformed, such as `[::1`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback


@lru_cache
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
