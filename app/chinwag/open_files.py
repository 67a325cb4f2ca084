"""The operating system's limit on the open files of a process, which limits its connections, too."""

import contextlib
import resource
import sys

OTHER_FILES = 200
"""The most files that a server opens in addition to its connections."""


def allow_many_sockets() -> int:
    """Raise the limit on open files as far as possible, and return how many connections it allows.

    The usual limit of 1,024 is there for programs that use select(). Danger: beyond the limit, uvloop cuts
    off the next browser without a word.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # the limit of macOS is lower than the one that it names
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft - OTHER_FILES
