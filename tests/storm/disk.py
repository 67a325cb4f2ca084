"""A small disk of its own for a PostgreSQL, which can be filled: a tmpfs, which only root can mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZE = 2 * 2**30
"""In bytes: enough for the data and the WAL of a storm of ten minutes."""


def can_mount() -> bool:
    """Whether this process may mount a file system: only as root, and outside of most containers."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


@contextmanager
def small_disk(directory: Path) -> Iterator[None]:
    """Mount a disk on a directory, which is made if it is missing."""
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "chinwag", directory], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


def fill(file: Path) -> None:
    """Let a file take all the room that its disk has left."""
    block = bytes(2**20)
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(block)  # the last write is a short one, and the one after it fails
