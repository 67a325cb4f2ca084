"""The address from which a connection comes, as the operating system has it.

uvicorn puts the address that a proxy names (X-Forwarded-For) in the place of it. Who signs people in by a
header field must be known by their own address.
"""

from collections.abc import Awaitable
from typing import Any

import uvicorn

from chinwag.push.connection import PEER


class ConfigWithPeer(uvicorn.Config):
    """uvicorn's configuration, with an application that is told the peer of each connection."""

    def load(self) -> None:
        """Load the application, and wrap it around what changes the address."""
        super().load()
        inner = self.loaded_app

        def app(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
            client = scope.get("client")
            scope[PEER] = client[0] if client else None
            return inner(scope, receive, send)  # type: ignore[no-any-return]

        self.loaded_app = app
