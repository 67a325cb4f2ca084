"""Who may use this server: the account that a request is signed in as, and the sites that may ask."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from app.errors import NotSignedIn, OriginNotAllowed
from app.settings import Settings

AnyConnection = ASGIConnection[Any, Any, Any, Any]

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

# Both are coroutines, though they wait for nothing: a plain function Litestar would run in a thread.


async def check_origin(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Refuse what a page of another site makes a browser do (RFC 6455, section 10.2; for HTTP, CSRF).

    Programs that are not browsers send no Origin, and may pass. Raises OriginNotAllowed.
    """
    origin = _header(connection, b"origin")
    if origin is None or connection.scope.get("method", "") in SAFE_METHODS:
        return
    settings: Settings = connection.app.state.settings
    host = _header(connection, b"host") or ""
    same_site = host != "" and origin.partition("://")[2] == host
    if not same_site and origin not in settings.allowed_origins:
        raise OriginNotAllowed(f"a page of {origin[:100]} may not use this server")


async def check_signed_in(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Sign in whoever is on this computer, by itself. Raises NotSignedIn."""
    settings: Settings = connection.app.state.settings
    if settings.sign_in == "anyone":
        return
    client = connection.scope.get("client")
    # A name of somebody else's that leads to 127.0.0.1 would make a foreign page a local one (DNS
    # rebinding). So the name in the address bar must be a local one too.
    host = _name_in(_header(connection, b"host") or "")
    if not (client and _is_loopback(client[0]) and (host == "localhost" or _is_loopback(host))):
        raise NotSignedIn()


def _header(connection: AnyConnection, name: bytes) -> str | None:
    # connection.headers would decode all of them, and keep them for as long as a socket lives.
    for key, value in connection.scope["headers"]:
        if key.lower() == name:  # uvicorn leaves those of a WebSocket as they came
            return value.decode("latin-1")
    return None


def _name_in(host: str) -> str:
    """The host without its port; nothing if it is malformed, such as `[::1`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
