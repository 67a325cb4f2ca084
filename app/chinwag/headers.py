"""HTTP header fields that every answer has."""

from typing import Any

from litestar import Request
from litestar.types import Message, Scope

PAGE_POLICY = "default-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none';object-src 'none'"
"""The Content-Security-Policy of HTML and SVG, which a browser shows as documents that may load something."""

STRICT_POLICY = "default-src 'none';form-action 'none';frame-ancestors 'none'"
"""The Content-Security-Policy of everything else, except of a part of a page."""

HEADERS = {
    "Content-Security-Policy": STRICT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

OF_DOCUMENTS = {"Content-Security-Policy", "Referrer-Policy"}
"""The fields that a part of a page does without: they would cost a first visit 4 kB.

A part is a module or a style sheet. A browser takes a Content-Security-Policy from the answer that becomes a
document or the script of a Worker, and from no other (Content Security Policy Level 3, section 4.2; HTML,
"policy containers"): what a page loads is under the policy of the page. The same is true of what a part asks
for: without a Referrer-Policy of its own, it has the one of the page, or the default of browsers, which tells
other sites no more than the origin, and the policy of the page allows none. Somebody who opens a part by
itself sees a text, in which nothing is run or loaded. The script of a Worker would need a policy: there is no
Worker, and a test fails when there is one.
"""

ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

ENCODED_OF_PARTS = [
    (name.lower().encode(), value.encode()) for name, value in HEADERS.items() if name not in OF_DOCUMENTS
]

IS_PART = "is_part_of_a_page"
"""The key in the state of a request."""

def is_answered_with_part(request: Request[Any, Any, Any]) -> None:
    """Note that the answer to this request is a part of a page, or tells that the browser has it."""
    request.scope["state"][IS_PART] = True


async def add_headers(message: Message, scope: Scope) -> None:
    """Add the fields that the handler has not set itself. A hook of Litestar, called for all that is sent."""
    if message["type"] == "http.response.start":
        fields = ENCODED_OF_PARTS if IS_PART in scope["state"] else ENCODED
        given = {name for name, _ in message["headers"]}
        missing = [field for field in fields if field[0] not in given]
        message["headers"] = [*message["headers"], *missing]
