"""A `chinwag migrate` that runs beside the test, and can be killed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.process import environ_of

LIMIT_SECONDS = 60
"""The longest that a test waits for a line of output or for the end: the process starts Python and Piccolo
first."""


class Migrating:
    """The process, and its output so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said = ""

    async def says(self, word: str) -> None:
        """Wait until the process has written this."""
        assert self._process.stderr is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            while word not in self.said:
                line = await self._process.stderr.readline()
                assert line, f"it ended without a word of {word}: {self.said}"
                self.said += line.decode()

    async def status(self) -> int:
        """Wait for the end of the process, and return its exit status."""
        assert self._process.stderr is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            self.said += (await self._process.stderr.read()).decode()
            return await self._process.wait()

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self.status()


@asynccontextmanager
async def migrating(url: str) -> AsyncIterator[Migrating]:
    """Run the process, which is killed at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chinwag.cli", "migrate",
        env=environ_of(url, {}), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    migrating = Migrating(process)
    try:
        yield migrating
    finally:
        await migrating.kill()
