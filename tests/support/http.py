"""The HTTP client of the tests."""

from typing import Any

import httpx

IDLE_SECONDS = 3
"""Shorter than the 5 s after which a server ends an idle connection. A request that is sent on a connection
that the server is just ending fails with httpx.ReadError."""


def http_client(base_url: str = "", **options: Any) -> httpx.AsyncClient:
    """Make a client of servers on this machine. TLS is left out: its certificates take 20 ms to load."""
    limits = httpx.Limits(keepalive_expiry=IDLE_SECONDS)
    common: dict[str, Any] = {"limits": limits, "timeout": 20, "verify": False, "trust_env": False}
    return httpx.AsyncClient(base_url=base_url, **common | options)
