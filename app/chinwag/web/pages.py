"""Routes for the page, its files and the interactive documentation, all served from this server."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.types import ControllerRouterHandler

from chinwag.headers import PAGE_POLICY, STRICT_POLICY
from chinwag.web import assets
from chinwag.web.asyncapi import asyncapi
from chinwag.web.openapi import openapi_config

AnyRequest = Request[Any, Any, Any]

HEADERS = {"Cache-Control": "no-cache"}
"""The files belong together: none of them may be older than the others."""

FIRST = ("/api/v1/threads/{thread_id}", "/api/v1/threads/{thread_id}/messages?limit=50")
"""What static/model/store.js asks for first: where reading was left off, and the newest messages."""


@get(
    ["/", "/threads/{thread_id:str}", "/threads/{thread_id:str}/{seq:str}"],
    include_in_schema=False,
    sync_to_thread=False,
)
def page(request: AnyRequest, thread_id: str = "", seq: str = "") -> Response[bytes]:
    """The chat. Which thread is open, and at which message, the page reads from its own address."""
    answer = assets.answer(assets.find("index.html"), request)
    if thread_id.isascii() and thread_id.isdecimal():
        # They come along with the module that will ask for them (RFC 8288; HTML, "preload").
        answer.headers["Link"] = ", ".join(
            f"<{path.format(thread_id=thread_id)}>; rel=preload; as=fetch; crossorigin" for path in FIRST
        )
    return answer


@get("/sign-in", include_in_schema=False, sync_to_thread=False)
def sign_in_page(request: AnyRequest) -> Response[bytes]:
    """The page for signing in."""
    return assets.answer(assets.find("sign-in.html"), request)


@get(["/join", "/set-up", "/sign-in/link"], include_in_schema=False, sync_to_thread=False)
def join_page(request: AnyRequest) -> Response[bytes]:
    """The page for who opens a link. The secret is in the fragment of its address, which is not sent."""
    return assets.answer(assets.find("join.html"), request)


@get("/profile", include_in_schema=False, sync_to_thread=False)
def profile_page(request: AnyRequest) -> Response[bytes]:
    """The page of one's own account: names, password, devices."""
    return assets.answer(assets.find("profile.html"), request)


@get("/people", include_in_schema=False, sync_to_thread=False)
def people_page(request: AnyRequest) -> Response[bytes]:
    """The page of all accounts, where administrators invite people."""
    return assets.answer(assets.find("people.html"), request)


@get("/static/{name:path}", include_in_schema=False, sync_to_thread=False)
def static(request: AnyRequest) -> Response[bytes]:
    """A file of a page, or of a bundle. Its path is taken as it was sent. If it were decoded, `a%2fb` would
    be a second address of the file `a/b`, and a module that is loaded from two addresses runs twice."""
    name = request.scope["raw_path"].decode("ascii", "replace").removeprefix("/static/")
    return assets.answer(assets.find(name), request)


def _swagger_ui(names: list[str]) -> dict[str, Path]:
    """Files of Swagger UI, in a package that is looked for and not imported."""
    spec = find_spec("swagger_ui")
    assert spec is not None and spec.submodule_search_locations is not None
    return {name: Path(spec.submodule_search_locations[0]) / "static" / name for name in names}


DOCS_FILES = _swagger_ui(["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "swagger-ui.css"])


@get("/docs-static/{name:str}", include_in_schema=False, sync_to_thread=False)
def docs_static(request: AnyRequest, name: str) -> Response[bytes]:
    """A file of the documentation."""
    if name not in DOCS_FILES:
        raise NotFoundException("there is no such file")
    return assets.answer(assets.load(DOCS_FILES[name]), request)


@get("/asyncapi.json", sync_to_thread=False)
def asyncapi_document() -> Response[bytes]:
    """The description of the WebSockets, for programs."""
    headers = {"Content-Security-Policy": STRICT_POLICY}
    return Response(asyncapi(), media_type="application/json", headers=headers)


@get("/sockets", sync_to_thread=False)
def sockets_page(request: AnyRequest) -> Response[bytes]:
    """The description of the WebSockets, for people."""
    return assets.answer(assets.find("sockets.html"), request)


class Documentation(OpenAPIRenderPlugin):
    """Swagger UI in a page of our own: Litestar's has an inline script, which our Content-Security-Policy
    forbids."""

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        return assets.content("docs.html")


ROUTES: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[page, sign_in_page, join_page, profile_page, people_page, static, docs_static],
        response_headers=HEADERS,
        opt={"is_compressed": True},
    ),
]

OPENAPI = openapi_config(
    Router(
        "/docs",
        route_handlers=[asyncapi_document, sockets_page],
        include_in_schema=False,
        # Swagger UI has its icons in its style sheet.
        response_headers={"Content-Security-Policy": f"{PAGE_POLICY};img-src 'self' data:"},
    ),
    Documentation(path="/"),
)
