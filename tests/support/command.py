"""Commands that are run to their end, and what is asked of a server that one has started."""

import subprocess
import sys

import httpx

from tests.support.client import LIMIT_SECONDS
from tests.support.process import Server, environ_of


def chinwag(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "chinwag.cli", *arguments],
        env=environ_of(None, settings),
        capture_output=True,
        check=False,
        text=True,
        timeout=LIMIT_SECONDS,
    )


async def post(server: Server, path: str, body: dict[str, str]) -> dict[str, int]:
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1") as http:
        answer: dict[str, int] = (await http.post(path, json=body)).raise_for_status().json()
    return answer
