"""Writers in SQL: pgbench, each of whose clients writes one message a commit, to a thread of its own."""

import asyncio
import contextlib
import os
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from chinwag.embedded.binaries import binary, libpq

SCRIPT = Path(__file__).with_name("writers.sql")

JOBS = 2
"""The number of pgbench's own threads; one thread is busy with 20,000 commits/s."""

ENDLESS_SECONDS = 1_000_000


@contextlib.asynccontextmanager
async def pgbench(
    url: str,
    threads: Sequence[int],
    size: int,
    *,
    rate: float = 0,
) -> AsyncIterator[Process]:
    """Run pgbench with a client for each thread. At the end of the block it is killed.

    Args:
        size: the characters of a message.
        rate: commits a second of all clients together; 0: as many as possible.
    """
    bare, secret = libpq(url)
    command = [str(binary("pgbench")), "--no-vacuum", "--protocol=prepared", "--progress=1"]
    command += [f"--client={len(threads)}", f"--jobs={min(JOBS, len(threads))}", f"--time={ENDLESS_SECONDS}"]
    command += [f"--define=threads={{{','.join(map(str, threads))}}}", f"--define=content={'x' * size}"]
    command += [f"--rate={rate:g}"] if rate else []
    command += [f"--file={SCRIPT}", bare]
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | secret, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
