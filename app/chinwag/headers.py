"""HTTP header fields that every answer has."""

from litestar.types import Message, Scope

PAGE_POLICY = "default-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none';object-src 'none'"
"""The Content-Security-Policy of HTML and SVG, which a browser shows as documents that may load something."""

STRICT_POLICY = "default-src 'none';form-action 'none';frame-ancestors 'none'"
"""The Content-Security-Policy of everything else. A module or style sheet is under the policy of the page
that loads it. Its own one counts when it is opened by itself, and in a Worker; the page has no Worker."""

HEADERS = {
    "Content-Security-Policy": STRICT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

STARTS = {"http.response.start", "websocket.http.response.start"}


async def add_headers(message: Message, _scope: Scope) -> None:
    """Add the fields that the handler has not set itself. A hook of Litestar, called for all that is sent."""
    if message["type"] in STARTS:
        given = {name for name, _ in message["headers"]}  # type: ignore[typeddict-item]
        missing = [field for field in ENCODED if field[0] not in given]
        message["headers"] = [*message["headers"], *missing]  # type: ignore[typeddict-item, typeddict-unknown-key]
