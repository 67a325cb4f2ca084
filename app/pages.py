"""What a browser loads: the page, its modules, and the interactive documentation, all from this server."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from litestar import Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.response import File
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from app.settings import ROOT

STATIC = ROOT / "static"

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # The modules belong together: none of them may be older than the others.
    "Cache-Control": "no-cache",
}


@get(
    ["/", "/threads/{thread_id:str}", "/threads/{thread_id:str}/{seq:str}"],
    include_in_schema=False,
    sync_to_thread=False,
)
def page(thread_id: str = "", seq: str = "") -> File:
    """The chat. Which thread is open, and at which message, the page reads from its own address."""
    return File(STATIC / "index.html", media_type="text/html", content_disposition_type="inline")


def _swagger_ui() -> Path:
    """Swagger UI's files, in a package that is looked for and not imported."""
    spec = find_spec("swagger_ui")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "static"


ROUTES: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[page, create_static_files_router("/static", [STATIC])],
        response_headers=HEADERS,
    ),
    create_static_files_router("/docs-static", [_swagger_ui()], name="docs-static"),
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
