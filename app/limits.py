"""What the system allows a process."""

import contextlib
import resource


def allow_many_sockets() -> None:
    """Raise the usual limit of 1,024, which is there for programs that use select(): uvloop would cut off the
    next browser without a word."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a limit below the one that it names
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
