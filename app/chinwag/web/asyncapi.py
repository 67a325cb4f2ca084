"""The AsyncAPI document: the two WebSockets, for programs and for the page /docs/sockets."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import Any

from msgspec import json

from chinwag import socket_frames, wire
from chinwag.socket_frames import Shape

DESCRIPTION = """\
A WebSocket is opened with the cookie of a session or with a key (`Authorization: Bearer …`), as any request.
All frames are JSON text. Ignore the types and fields that you do not know: new ones may be added.

A program that holds the messages up to `seq` n connects with `after=n` and gets all that follow, after any
time and on any server.
"""

CHANNELS: dict[str, dict[str, Any]] = {
    "thread": {
        "address": "/api/v1/ws/threads/{thread_id}",
        "title": "A thread",
        "description": "What is stored in a thread comes out, and what is sent is stored.",
        "parameters": {"thread_id": {"description": "The thread."}},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {
                        "after": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": wire.MAX_ID,
                            "description": "A seq: the messages after it come first. Without it, only new "
                            "messages come.",
                        }
                    },
                },
                "bindingVersion": "0.1.0",
            }
        },
    },
    "list": {
        "address": "/api/v1/ws/threads",
        "title": "The list of threads",
        "description": "What concerns the list: the threads that the account sees, when they are created, "
        "changed, deleted, written to or read; who is there; and accounts that change.",
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    },
}

OPERATIONS: dict[str, tuple[str, str, str, tuple[Shape, ...]]] = {
    "pushToThread": ("send", "thread", "The server sends", socket_frames.FROM_THREAD),
    "writeToThread": ("receive", "thread", "The server takes", socket_frames.TO_THREAD),
    "pushToList": ("send", "list", "The server sends", socket_frames.FROM_LIST),
    "writeToList": ("receive", "list", "The server takes", socket_frames.TO_LIST),
}
"""By name: what the server does, on which channel, in words, and with which frames."""

ATTRIBUTES = re.compile(r"\n\s*Attributes:\n")
ATTRIBUTE = re.compile(r"^ *(\w+): ", re.MULTILINE)


@cache
def asyncapi() -> bytes:
    """Return the document, as JSON (AsyncAPI 3.0)."""
    return json.encode(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "Chinwag: the WebSockets",
                "version": version("chinwag"),
                "description": DESCRIPTION,
                "license": {"name": "MIT", "url": "https://opensource.org/license/mit"},
            },
            "defaultContentType": "application/json",
            "servers": {
                "this": {
                    "host": "{host}",
                    "protocol": "ws",
                    "description": "This server; with the protocol wss where it is reached by HTTPS.",
                    "variables": {"host": {"default": "127.0.0.1:8000"}},
                    "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in SCHEMES],
                }
            },
            "channels": {name: _channel(name) for name in CHANNELS},
            "operations": {name: _operation(name) for name in OPERATIONS},
            "components": {
                "messages": {shape.__name__: _message(shape) for shape in _shapes()},
                "schemas": _schemas(),
                "securitySchemes": SCHEMES,
            },
            "x-close-codes": [
                {"code": one.value, "name": one.name.lower(), "meaning": one.meaning, "advice": one.advice}
                for one in wire.CloseCode
            ],
        }
    )


SCHEMES = {
    "session": {
        "type": "httpApiKey",
        "name": "chinwag",
        "in": "cookie",
        "description": "The cookie that signing in sets. Under HTTPS its name is `__Host-chinwag`.",
    },
    "key": {"type": "http", "scheme": "bearer", "description": "The key of a bot account."},
}


def _channel(name: str) -> dict[str, Any]:
    frames = {shape for _, channel, _, shapes in OPERATIONS.values() if channel == name for shape in shapes}
    names = sorted(shape.__name__ for shape in frames)
    return CHANNELS[name] | {"messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names}}


def _operation(name: str) -> dict[str, Any]:
    action, channel, title, shapes = OPERATIONS[name]
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": title,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{shape.__name__}"} for shape in shapes],
    }


def _message(shape: Shape) -> dict[str, Any]:
    summary, _ = _described(shape.__doc__)
    tag = shape.__struct_config__.tag
    return {
        "name": str(tag or "message"),
        "title": shape.__name__,
        "summary": summary,
        "payload": {"$ref": f"#/components/schemas/{shape.__name__}"},
        "examples": [{"payload": ({"type": tag} if tag else {}) | shape.example}],
    }


def _shapes() -> Iterable[Shape]:
    return dict.fromkeys(shape for *_, shapes in OPERATIONS.values() for shape in shapes)


def _schemas() -> dict[str, Any]:
    _, schemas = json.schema_components(_shapes(), ref_template="#/components/schemas/{name}")
    return {name: _tidied(schema) for name, schema in schemas.items()}


def _tidied(part: Any) -> Any:
    """A schema as msgspec makes it, with what chinwag.wire says to Litestar only (`extra`), and with what
    docstrings say of each field."""
    if isinstance(part, list):
        return [_tidied(one) for one in part]
    if not isinstance(part, dict):
        return part
    tidied = {name: _tidied(one) for name, one in part.items() if name != "extra"} | part.get("extra", {})
    if "properties" in part and isinstance(part.get("description"), str):
        tidied["description"], fields = _described(part["description"])
        for name, text in fields.items():
            tidied["properties"][name] = tidied["properties"][name] | {"description": text}
    return tidied


def _described(docstring: str | None) -> tuple[str, dict[str, str]]:
    """What a docstring says of the whole, and of each of its attributes."""
    text, *attributes = ATTRIBUTES.split(docstring or "", maxsplit=1)
    _, *parts = ATTRIBUTE.split(attributes[0]) if attributes else [""]
    fields = {name: " ".join(said.split()) for name, said in zip(parts[::2], parts[1::2], strict=True)}
    return " ".join(text.split()), fields
