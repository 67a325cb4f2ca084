"""Who may use this server: the account that a request is signed in as, and the sites that may ask."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.errors import NotSignedIn, OriginNotAllowed
from app.settings import Settings

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class CheckAccess(ASGIMiddleware):
    """Refuses who may not use this server, before anything else is done for them."""

    # No guards: for each of them Litestar copies the handler, in each handshake.

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises OriginNotAllowed or NotSignedIn."""
        settings: Settings = scope["litestar_app"].state.settings
        check_origin(scope, settings)
        check_signed_in(scope, settings)
        await next_app(scope, receive, send)


def check_origin(scope: Scope, settings: Settings) -> None:
    """Refuse what a page of another site makes a browser do (RFC 6455, section 10.2; for HTTP, CSRF).

    Programs that are not browsers send no Origin, and may pass. Raises OriginNotAllowed.
    """
    origin = _header(scope, b"origin")
    if origin is None or scope.get("method", "") in SAFE_METHODS:
        return
    host = _header(scope, b"host") or ""
    same_site = host != "" and origin.partition("://")[2] == host
    if not same_site and origin not in settings.allowed_origins:
        raise OriginNotAllowed(f"a page of {origin[:100]} may not use this server")


def check_signed_in(scope: Scope, settings: Settings) -> None:
    """Sign in whoever is on this computer, by itself. Raises NotSignedIn."""
    if settings.sign_in == "anyone":
        return
    client = scope.get("client")
    # A name of somebody else's that leads to 127.0.0.1 would make a foreign page a local one (DNS
    # rebinding). So the name in the address bar must be a local one too.
    host = _name_in(_header(scope, b"host") or "")
    if not (client and _is_loopback(client[0]) and (host == "localhost" or _is_loopback(host))):
        raise NotSignedIn()


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key.lower() == name:  # uvicorn leaves those of a WebSocket as they came
            return value.decode("latin-1")
    return None


def _name_in(host: str) -> str:
    """The host without its port; nothing if it is malformed, such as `[::1`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


@lru_cache
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
