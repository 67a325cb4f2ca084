"""A disk that is slow to sync, such as a network disk: a library that delays each fsync of a PostgreSQL."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from chinwag.db.pool import connect
from chinwag.errors import LoadFailed

SOURCE = Path(__file__).with_name("slow_disk.c")
COMMITS = 5

COMMIT = "select pg_logical_emit_message(true, 'chinwag', '')"
"""A transaction that writes to the WAL and to nothing else."""


def environment(directory: Path, milliseconds: float) -> dict[str, str]:
    """Compile the library into a directory, and return the environment of a PostgreSQL that is to use it.

    Raises:
        LoadFailed: there is no C compiler, or no LD_PRELOAD.
    """
    if not milliseconds:
        return {}
    if sys.platform != "linux":
        raise LoadFailed("an fsync can be delayed on Linux only")
    compiler = shutil.which("cc")
    if compiler is None:
        raise LoadFailed("to delay each fsync takes a C compiler, cc: apt install gcc libc6-dev")
    library = directory / "slow_disk.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LoadFailed(f"the library that delays each fsync cannot be compiled:\n{done.stderr}")
    library.chmod(0o755)  # for the user that runs PostgreSQL for root
    return {"LD_PRELOAD": str(library), "FSYNC_DELAY_US": str(round(milliseconds * 1000))}


async def check(database_url: str, milliseconds: float) -> None:
    """Check that each commit waits as long as it should.

    Raises:
        LoadFailed: one does not.
    """
    connection = await connect(database_url, "chinwag bench")
    try:
        await connection.execute("set synchronous_commit = on")  # it is off in a relay
        for _ in range(COMMITS):
            began = time.monotonic()
            await connection.execute(COMMIT)
            if (taken := (time.monotonic() - began) * 1000) < milliseconds:
                raise LoadFailed(
                    f"each fsync should take {milliseconds:g} ms longer, but a commit has taken {taken:.1f}"
                )
    finally:
        await connection.close()
