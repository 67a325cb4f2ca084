"""The schema of a relay's database, and its publication on the primary, from the files in sql/."""

from functools import cache
from hashlib import sha256

from chinwag.resources import folder

FILES = ("relay/10_tables.sql", "50_frame.sql", "relay/60_notify.sql")
"""The files in sql/ of which a relay's database is made. It has the primary's own functions for frames."""


@cache
def schema() -> str:
    """Return the SQL of a relay's database."""
    return "\n".join(_read(name) for name in FILES)


@cache
def mark() -> str:
    """Return the comment on the schema `public` of a relay, which tells the version that has made it."""
    return f"chinwag relay {sha256(schema().encode()).hexdigest()}"


def publication() -> str:
    """Return the statement that makes the publication on the primary."""
    return _read("relay/publication.sql").strip()


def _read(name: str) -> str:
    return (folder("sql") / name).read_text(encoding="utf-8")
