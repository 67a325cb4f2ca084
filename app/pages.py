"""What a browser loads: the page, its modules, and the interactive documentation, all from this server."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from app import assets

AnyRequest = Request[Any, Any, Any]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # The modules belong together: none of them may be older than the others.
    "Cache-Control": "no-cache",
}
DOCUMENT_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
}
NEWEST = "/api/v1/threads/{thread_id}/messages?limit=50"
"""What static/store.js asks for first."""


@get(
    ["/", "/threads/{thread_id:str}", "/threads/{thread_id:str}/{seq:str}"],
    include_in_schema=False,
    sync_to_thread=False,
    response_headers=DOCUMENT_HEADERS,
)
def page(request: AnyRequest, thread_id: str = "", seq: str = "") -> Response[bytes]:
    """The chat. Which thread is open, and at which message, the page reads from its own address."""
    answer = assets.answer("index.html", request)
    if thread_id.isascii() and thread_id.isdecimal():
        # The messages come along with the modules that will ask for them (RFC 8288; HTML, "preload").
        answer.headers["Link"] = f"<{NEWEST.format(thread_id=thread_id)}>; rel=preload; as=fetch; crossorigin"
    return answer


@get("/static/{name:str}", include_in_schema=False, sync_to_thread=False)
def static(request: AnyRequest, name: str) -> Response[bytes]:
    """A file of the page."""
    return assets.answer(name, request)


def _swagger_ui() -> Path:
    """Swagger UI's files, in a package that is looked for and not imported."""
    spec = find_spec("swagger_ui")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "static"


ROUTES: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[page, static],
        response_headers=HEADERS,
        opt={"is_compressed": True},
    ),
    create_static_files_router(
        "/docs-static", [_swagger_ui()], name="docs-static", opt={"is_compressed": True}
    ),
]

OPENAPI = OpenAPIConfig(
    title="Chinwag",
    version=version("chinwag"),
    description="A real-time chat on PostgreSQL.",
    path="/docs",
    render_plugins=[
        SwaggerRenderPlugin(
            js_url="/docs-static/swagger-ui-bundle.js",
            css_url="/docs-static/swagger-ui.css",
            standalone_preset_js_url="/docs-static/swagger-ui-standalone-preset.js",
            favicon='<link rel="icon" href="/static/favicon.svg">',
        )
    ],
)
