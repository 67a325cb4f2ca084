"""HTTP header fields that every answer has."""

from litestar.types import Message, Scope

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
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
