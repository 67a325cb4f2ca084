"""Commands that are run to their end, and what is asked of a server that one has started."""

import subprocess
import sys
import tempfile
import threading

from tests.support.client import LIMIT_SECONDS
from tests.support.forking import CAN_FORK, FORKERY
from tests.support.http import http_client
from tests.support.process import Server, environ_of


def chinwag(*arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as a new process."""
    return subprocess.run(
        [sys.executable, "-m", "chinwag.cli", *arguments],
        env=environ_of(None, settings),
        input=stdin,
        capture_output=True,
        check=False,
        text=True,
        timeout=LIMIT_SECONDS,
    )


def forked_chinwag(*arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process that is forked from one that has imported Chinwag."""
    if not CAN_FORK:
        return chinwag(*arguments, stdin=stdin, **settings)
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as stderr:
        given.write(stdin)
        given.seek(0)
        environ = environ_of(None, settings)
        process = FORKERY.fork(list(arguments), environ, given.fileno(), stderr.fileno())
        limit = threading.Timer(LIMIT_SECONDS, process.kill)
        limit.start()
        assert process.stdout is not None
        with process.stdout as stdout:
            said = stdout.read()
        status = process.wait(LIMIT_SECONDS)
        limit.cancel()
        stderr.seek(0)
        return subprocess.CompletedProcess(arguments, status, said, stderr.read())


async def post(server: Server, path: str, body: dict[str, str]) -> dict[str, int]:
    async with http_client(f"{server.url}/api/v1") as http:
        answer: dict[str, int] = (await http.post(path, json=body)).raise_for_status().json()
    return answer
