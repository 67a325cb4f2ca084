"""Routes for load balancers and for Prometheus: health and metrics. Nobody signs in for them."""

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.middleware import ASGIMiddleware
from litestar.openapi import ResponseSpec
from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send

from chinwag import wire
from chinwag.counts import Values
from chinwag.web.access import CheckSite, is_operator
from chinwag.web.openapi import ForEverybody
from chinwag.web.parameters import TOO_LARGE
from chinwag.web.services import Provided, services_of

CODES = "\n".join(
    [
        "| code | ready | meaning |",
        "|---|---|---|",
        *(
            f"| `{code.value}` | {'yes' if code.is_ready else 'no'} | {code.meaning} |"
            for code in wire.HealthCode
        ),
    ]
)
"""The table of what may be wrong with a server, in Markdown."""


class ForOperators(ASGIMiddleware):
    """The middleware that hides a path from everybody who is not on this computer or at an address of the
    setting metrics_from, whoever is signed in."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """
        Raises:
            NotFoundException: as if there was no such path.
        """
        if not is_operator(scope, services_of(scope["litestar_app"].state).settings):
            raise NotFoundException()
        await next_app(scope, receive, send)


@get(
    "/health/live",
    responses=TOO_LARGE,
    operation_class=ForEverybody,
    operation_id="checkLiveness",
    summary="Whether this process answers",
    description="It does not look at the database: to restart a server does not help when the database is "
    "away. Where there is no answer for long, restart the process.",
    tags=["health"],
)
async def live() -> wire.Health:
    return wire.Health("ok")


@get(
    "/health/ready",
    responses=TOO_LARGE | {503: ResponseSpec(wire.Health, description="It cannot serve browsers.")},
    operation_class=ForEverybody,
    operation_id="checkReadiness",
    summary="Whether this server hears the database and may write to it, and so can serve browsers",
    description="The body says what is wrong, with a stable code for each problem. A server that is ready "
    f"may have problems, too.\n\n{CODES}",
    tags=["health"],
)
async def ready(services: Provided) -> Response[wire.Health]:
    report = services.health.report()
    return Response(report, status_code=200 if report.status == "ok" else 503)


@get("/metrics", middleware=[ForOperators(), CheckSite()], include_in_schema=False)
async def metrics(request: Request[Any, Any, Any], services: Provided) -> Response[bytes]:
    """The metrics of the server processes of this computer, for Prometheus."""
    accept = request.headers.get("accept", "")
    text, media_type = await asyncio.to_thread(_expose, services.metrics.values(), accept)
    return Response(text, media_type=media_type)


def _expose(values: Values, accept: str) -> tuple[bytes, str]:
    from chinwag.monitoring.exposition import expose  # only here: a server that nobody scrapes needs it not

    return expose(values, accept)


ROUTES: list[ControllerRouterHandler] = [live, ready, metrics]
