"""Rate limits over HTTP: the number of changes that one address may ask for."""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from chinwag.errors import TooManyRequests
from chinwag.push.rate_limit import site_of
from chinwag.web.services import services_of

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class LimitChanges(ASGIMiddleware):
    """The middleware that refuses requests that change something when too many of them come from one
    address.

    The address is the one that uvicorn has found. Behind a proxy on this computer that is the one in
    X-Forwarded-For, which is believed from nobody else.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Count a request that changes something.

        Raises:
            TooManyRequests
        """
        if scope.get("method") not in SAFE_METHODS:
            changes = services_of(scope["litestar_app"].state).changes
            client = scope.get("client")
            if not changes.take(site_of(client[0]) if client else ""):
                raise TooManyRequests()
        await next_app(scope, receive, send)
