"""The directory of the embedded PostgreSQL's socket: its mode is 0700 and its path is short enough."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

PATH_BYTES = 103
"""The longest path of a socket that macOS takes (sun_path of sockaddr_un). Linux takes 107 bytes."""

LONGEST_NAME = "/.s.PGSQL.65535"


def socket_directory(data: Path, user: int) -> Path:
    """Return the directory for the socket.

    It is the data directory itself, which only the server's user can enter. If its path is not suitable for
    a socket, it is a directory in /tmp; a link beside the data names it, so that the next start uses it
    again.
    """
    if _is_suitable(data):
        return data
    link = data.with_name("socket")
    if not _is_private(link, user):
        link.unlink(missing_ok=True)
        made = tempfile.mkdtemp(prefix="chinwag-", dir="/tmp")  # TMPDIR may have a long path
        os.chown(made, user, -1)
        link.symlink_to(made)
    return link.readlink()


def _is_suitable(directory: Path) -> bool:
    # For PostgreSQL and its clients, a comma ends the path.
    path = os.fsencode(directory) + LONGEST_NAME.encode()
    return len(path) <= PATH_BYTES and b"," not in path


def _is_private(link: Path, user: int) -> bool:
    """Whether the directory is the one that we made. In /tmp, other users may have put theirs in its
    place."""
    with suppress(OSError):
        found = link.readlink().lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == user and stat.S_IMODE(found.st_mode) == 0o700
    return False
