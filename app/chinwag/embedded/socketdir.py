"""The directory of the embedded PostgreSQL's socket: its mode is 0700 and its path is short enough."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

PATH_BYTES = 103
"""A socket's path may be no longer: sun_path of sockaddr_un on macOS. Linux takes 107."""

LONGEST_NAME = "/.s.PGSQL.65535"


def socket_directory(data: Path, user: int) -> Path:
    """The data directory itself, which is the server's user's alone; where its path cannot be a socket's, a
    directory in /tmp, which a link beside the data names, so that the next start uses it again."""
    if _is_suitable(data):
        return data
    link = data.with_name("socket")
    if not _is_private(link, user):
        link.unlink(missing_ok=True)
        made = tempfile.mkdtemp(prefix="chinwag-", dir="/tmp")  # that of the environment may be deep
        os.chown(made, user, -1)
        link.symlink_to(made)
    return link.readlink()


def _is_suitable(directory: Path) -> bool:
    # PostgreSQL and its clients take a comma for the end of the path.
    path = os.fsencode(directory) + LONGEST_NAME.encode()
    return len(path) <= PATH_BYTES and b"," not in path


def _is_private(link: Path, user: int) -> bool:
    """Whether the directory is the one that we made. In /tmp others may have put theirs in its place."""
    with suppress(OSError):
        found = link.readlink().lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == user and stat.S_IMODE(found.st_mode) == 0o700
    return False
