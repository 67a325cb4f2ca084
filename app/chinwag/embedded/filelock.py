"""File locks (flock(2)) that tell whether a process is alive."""

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.005


class FileLock:
    """An exclusive lock on a file. A process that inherits its descriptor holds it, too, until it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = -1

    def take(self, seconds: float, stopping: threading.Event | None = None) -> bool:
        """Wait for the lock, at most until `stopping` is set. False: another process still holds it."""
        deadline = time.monotonic() + seconds
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        while not _try(self.descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline or (stopping and stopping.is_set()):
                self.release()
                return False
            time.sleep(POLL_SECONDS)
        return True

    def holders(self) -> list[int]:
        """Return the ids of the processes that have the file open, as far as Linux shows them to us."""
        found = set()
        for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):  # it was closed meanwhile
                if descriptor.samefile(self.path):
                    found.add(int(descriptor.parts[2]))
        return sorted(found)

    def release(self) -> None:
        """Release the lock. Processes that have inherited it still hold it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on this file. False if there is no file, or none that we may read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Shared, and for a moment only: whoever takes the lock waits longer than that.
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
