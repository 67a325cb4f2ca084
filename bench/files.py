"""The limit on open files, of which each socket is one."""

import resource


def allow_many_sockets() -> int:
    """Raise the limit on open files, also for the servers, which inherit it. Return how many files a process
    may open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
