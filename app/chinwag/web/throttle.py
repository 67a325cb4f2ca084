"""Rate limits over HTTP: the number of changes that one account, or one address, may ask for."""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from chinwag.errors import TooManyRequests
from chinwag.push.rate_limit import account_key, site_of
from chinwag.web.services import services_of

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class LimitChanges(ASGIMiddleware):
    """The middleware that refuses requests that change something when too many of them come from one
    account, wherever it is signed in, or from one address where there is no account of one's own.

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
            services, client = services_of(scope["litestar_app"].state), scope.get("client")
            if key := account_key(scope["user"]):
                has_one = services.limits.posts.take(key)
            else:
                has_one = services.changes.take(site_of(client[0]) if client else "")
            if not has_one:
                raise TooManyRequests()
        await next_app(scope, receive, send)
