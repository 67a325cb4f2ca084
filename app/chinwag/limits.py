"""The operating system's limits for a process."""

import contextlib
import resource
import sys

OTHER_FILES = 200
"""A server opens so many files beside its connections, at most."""


def allow_many_sockets() -> int:
    """Raise the usual limit of 1,024, which is there for programs that use select(), and return how many
    connections are possible: uvloop would cut off the next browser without a word."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a limit below the one that it names
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft - OTHER_FILES
