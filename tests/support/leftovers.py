"""Processes that the tests have started and that still run, as /proc of Linux shows them."""

import os
import time
import uuid
from pathlib import Path

MARK = "TESTS_OF_CHINWAG"
"""A variable in the environment of all that this process starts, except the embedded PostgreSQL, which gets
none."""

LIMIT_SECONDS = 30

OF_PYTHON = "from multiprocessing.resource_tracker import"
"""Python's own helper process, which ends with the process of the tests."""


def mark_what_is_started() -> None:
    os.environ[MARK] = uuid.uuid4().hex


def leftovers() -> list[str]:
    """Return the command lines of the processes that have not ended after a while."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := _marked()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _marked() -> list[str]:
    mark = f"{MARK}={os.environ[MARK]}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if OF_PYTHON not in command:
                    found.append(command)
        except OSError:
            continue  # it has ended, or is somebody else's
    return found
