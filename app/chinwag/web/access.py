"""Access control: the Host and Origin checks, and the sign-in of the pre-configured account."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from chinwag.errors import HostNotAllowed, NotSignedIn, OriginNotAllowed
from chinwag.settings import Settings
from chinwag.web.services import services_of

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


class CheckAccess(ASGIMiddleware):
    """The middleware that refuses a client that may not use this server, before anything else is done for
    it."""

    # This is no guard, because Litestar copies the handler for each guard in each handshake.

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check the Host, the Origin and the sign-in.

        Raises:
            HostNotAllowed, OriginNotAllowed, NotSignedIn
        """
        settings = services_of(scope["litestar_app"].state).settings
        fields = _fields(scope)
        name = _name_in(fields.get(b"host", ""))
        check_host(name, settings)
        check_origin(scope, fields, settings)
        check_signed_in(scope, name, fields, settings)
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


def check_signed_in(scope: Scope, name: str, fields: dict[bytes, str], settings: Settings) -> None:
    """Accept a browser on this computer, which is signed in by itself.

    A client on this computer that adds a proxy's field stands for browsers elsewhere.

    Raises:
        NotSignedIn
    """
    if settings.sign_in == "anyone":
        return
    client = scope.get("client")
    is_here = client is not None and _is_loopback(client[0]) and (name == "localhost" or _is_loopback(name))
    if not is_here or not PROXY_FIELDS.isdisjoint(fields):
        raise NotSignedIn()


def _fields(scope: Scope) -> dict[bytes, str]:
    """Return the header fields. Of several fields with one name, it is the last."""
    # uvicorn leaves the names of a WebSocket's fields as they came.
    return {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}


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
