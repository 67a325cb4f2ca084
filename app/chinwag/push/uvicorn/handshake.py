"""The opening handshake of a WebSocket (RFC 6455, section 4.2), whose request the HTTP parser has read.

uvicorn would write the request again, so that the library websockets can parse it a second time.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chinwag.errors import BadInput

Field = tuple[bytes, bytes]

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
VERSION = b"13"
KEY_BYTES = 16


def accept_value(fields: Iterable[Field]) -> bytes:
    """Return the value of Sec-WebSocket-Accept for a request. The names of its fields are in lower case.

    The parser has seen already that it is a GET that asks for an upgrade to a WebSocket.

    Raises:
        BadInput: a field is missing, is there twice, or is wrong.
    """
    keys, versions, origins = [], [], 0
    for name, value in fields:
        if name == b"sec-websocket-key":
            keys.append(value)
        elif name == b"sec-websocket-version":
            versions.append(value)
        elif name == b"origin":
            origins += 1
    if origins > 1:
        raise BadInput("the handshake has several Origin fields")  # access control looks at one
    if versions != [VERSION]:
        raise BadInput("the handshake needs one Sec-WebSocket-Version field, which is 13")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise BadInput("the handshake needs one Sec-WebSocket-Key field, of 16 bytes in Base64")
    digest = hashlib.sha1(keys[0] + GUID, usedforsecurity=False).digest()
    return binascii.b2a_base64(digest, newline=False)


def scope_of(http: HttpToolsProtocol, path: str, raw_path: bytes, query: bytes) -> dict[str, Any]:
    """Return the ASGI scope of a handshake, as uvicorn makes it, without extensions.

    Args:
        path: the path of the request as text, before its escapes are decoded.
    """
    return {
        "type": "websocket",
        "asgi": {"version": http.asgi_version, "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "wss" if http.scheme == "https" else "ws",
        "server": http.server,
        "client": http.client,
        "root_path": http.root_path,
        "path": http.root_path + (unquote(path) if "%" in path else path),
        "raw_path": http.root_path.encode("ascii") + raw_path,
        "query_string": query,
        "headers": http.headers,
        "subprotocols": [],
        "state": http.app_state.copy(),
    }


def answer(accept: bytes, fields: Iterable[Field]) -> bytes:
    """Return the answer that begins the WebSocket, with further fields."""
    head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    lines = [b"%s: %s\r\n" % field for field in fields]
    return b"".join([head, b"sec-websocket-accept: ", accept, b"\r\n", *lines, b"\r\n"])


def _is_key(value: bytes) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == KEY_BYTES
    except binascii.Error:
        return False
