"""Every answer has the header fields that keep a browser from being used against the person before it."""

import re
import warnings
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar.routes import HTTPRoute
from playwright.async_api import Browser

from chinwag.asgi import create_app
from chinwag.db.pool import Connection
from chinwag.settings import Settings
from chinwag.web.assets import FILES
from chinwag.web.pages import DOCS_FILES
from tests.support.http import http_client
from tests.support.process import Server
from tests.support.raw import ask, request

EXPECTED = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
REFERRER = {"referrer-policy": "same-origin"}
STRICT = "default-src 'none';form-action 'none';frame-ancestors 'none'"
PAGE = "default-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none';object-src 'none'"
DOCUMENTATION = f"{PAGE};img-src 'self' data:"
POLICIES = {
    "text/html": [PAGE, DOCUMENTATION],
    "image/svg+xml": [PAGE],
    "application/vnd.oai.openapi+json": [DOCUMENTATION],
    "": [STRICT, DOCUMENTATION],  # without content; all that is below /docs has the same policy
}
"""By media type: of all others it is the strict one."""
PARTS = {"text/javascript", "text/css"}
"""The media types without a policy: no browser makes a document of them that may load something."""
ODD_PATHS = {
    "nowhere": "/nowhere",
    "300 letters": f"/static/{'x' * 300}",
    "300 letters of the documentation": f"/docs-static/{'x' * 300}",
    "30,000 letters": f"/static/{'x' * 30_000}",
    "many parts": "/x" * 5_000,
    "NUL": "/static/%00",
    "NUL of the documentation": "/docs-static/%00",
    "NUL of a thread": "/threads/%00/%00",
    "NUL in the API": "/api/v1/threads/%00",
    "not UTF-8": "/static/%ff%fe",
    "not UTF-8 in the API": "/api/v1/threads/1%ff",
    "a surrogate": "/static/%ed%a0%80",
    "backslashes": "/static/..%5c..%5cpyproject.toml",
    "slashes": "/docs-static/..%2f..%2fpyproject.toml",
    "a parent": "/docs-static/../../pyproject.toml",
    "a directory": "/docs-static/",
    "the directory itself": "/static/.",
    "its parent": "/static/%2e%2e",
    "a per cent sign": "/static/%",
    "a file of the documentation that is not needed": "/docs-static/swagger-editor.js",
    "a long thread": f"/api/v1/threads/{'9' * 5_000}",
    "a new line": "/threads/1%0d%0aX:%201",
}


def routes() -> list[tuple[str, str]]:
    """Return all methods and paths of the application, and two methods that no path has."""
    with warnings.catch_warnings(action="ignore"):  # Litestar warns of what its next version does not do
        app = create_app(Settings())
    pairs = {
        (method, re.sub(r"\{[^}]*\}", "1", route.path))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in [*route.methods, "PUT", "HEAD"]
    }
    return sorted(pairs)


@pytest.fixture
async def site(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(server.url) as client:
        yield client


def check(answer: httpx.Response) -> None:
    assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if media_type in PARTS:
        assert {"content-security-policy", "referrer-policy"}.isdisjoint(answer.headers)
    else:
        assert answer.headers["content-security-policy"] in POLICIES.get(media_type, [STRICT])
        assert {name: answer.headers.get(name) for name in REFERRER} == REFERRER
    assert answer.headers.get_list("cache-control") in (["no-store"], ["no-cache"])


@pytest.mark.parametrize(("method", "path"), routes())
async def test_every_route_has_them(site: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await site.request(method, path, headers={"host": "localhost"})
    check(answer)
    if path.startswith("/api/"):
        assert answer.headers["cache-control"] == "no-store"
    check(await site.request(method, path, headers={"host": "evil.example", "origin": "http://evil.example"}))


@pytest.mark.parametrize("name", ODD_PATHS)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
async def test_an_odd_path_is_never_a_fault_of_the_server(server: Server, name: str, accept: str) -> None:
    path = ODD_PATHS[name]
    received = await ask(server, request("GET", path, f"Accept: {accept}", "Connection: close"))
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    answer = httpx.Response(int(status_line.split()[1]), headers=fields, content=body)
    check(answer)
    assert answer.status_code in ({200} if path.startswith("/threads/") else {400, 404})
    if answer.status_code == 404:
        is_page = accept == "text/html" and not path.startswith("/api/")
        media_type = "text/html" if is_page else "application/problem+json"
        assert answer.headers["content-type"].startswith(media_type)


async def test_other_answers_have_them(site: httpx.AsyncClient, server: Server) -> None:
    check(await site.get("/docs/nowhere"))
    check(await site.get("/api/v1/search?q=%ff"))
    for bad in (b"GET /\0 HTTP/1.1\r\n\r\n", request("GET", "/", "X: " + "x" * 40_000)):
        received = (await ask(server, bad)).decode().lower()
        assert all(f"{name}: {value}" in received for name, value in (EXPECTED | REFERRER).items())
        assert f"content-security-policy: {STRICT}\r\n" in received


@pytest.mark.parametrize("path", ["/", "/threads/1", "/static/bundle/app/app.js", "/static/favicon.svg"])
async def test_an_answer_without_content_has_those_of_the_file(site: httpx.AsyncClient, path: str) -> None:
    """A browser that has the file takes them over (RFC 9111, section 3.2)."""
    whole = await site.get(path)
    check(whole)
    unchanged = await site.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert unchanged.status_code == 304
    fields = [*EXPECTED, *REFERRER, "content-security-policy", "cache-control", "etag", "vary"]
    assert [unchanged.headers.get(name) for name in fields] == [whole.headers.get(name) for name in fields]


async def test_of_all_files_modules_and_style_sheets_alone_have_no_policy(site: httpx.AsyncClient) -> None:
    paths = [*(f"/static/{name}" for name in FILES), *(f"/docs-static/{name}" for name in DOCS_FILES)]
    paths += ["/static/bundle/app/app.js", "/static/bundle/app/events.js", "/static/bundle/app/app.js.map"]
    for path in paths:
        answer = await site.get(path)
        check(answer)
        has_policy = "content-security-policy" in answer.headers
        assert has_policy == (not path.endswith((".js", ".css"))), path
    check(await site.get("/static/nowhere.js"))


def test_no_module_is_a_worker_which_would_need_a_policy() -> None:
    worker = re.compile(r"\b(?:Shared)?Worker\(|serviceWorker|[wW]orklet")
    assert [name for name, path in FILES.items() if worker.search(path.read_text())] == []


async def test_a_fault_of_the_server_has_them(site: httpx.AsyncClient, db: Connection) -> None:
    await db.execute("alter table thread rename to gone")
    try:
        answer = await site.get("/api/v1/threads")
        assert answer.status_code >= 500
        check(answer)
    finally:
        await db.execute("alter table gone rename to thread")


@pytest.mark.parametrize("path", ["/docs", "/nowhere", "/threads/1"])
async def test_a_real_browser_shows_the_pages_without_complaint(
    server: Server, browser: Browser, path: str
) -> None:
    page = await (await browser.new_context()).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{server.url}{path}")
    heading = {"/docs": "Chinwag", "/nowhere": "This page does not exist"}.get(path)
    if heading:
        await page.get_by_role("heading", name=heading).first.wait_for(timeout=20_000)
    if path == "/docs":
        await page.get_by_text("/api/v1/account").first.click()
        await page.get_by_role("button", name="Try it out").click()
        await page.get_by_role("button", name="Execute").click()
        await page.get_by_text("Server response").wait_for(timeout=20_000)
    await page.context.close()
    assert [one for one in complaints if "404" not in one and "400" not in one] == []
