"""The handshake of a WebSocket. It imports nothing, because attackers start as new processes."""


def handshake(path: str, cookie: str = "") -> bytes:
    """Return the request for a WebSocket, for clients that do not follow the protocol any further."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Cookie: {cookie}\r\n\r\n"
    ).encode()
