"""The roots of all errors, and those at the start of a program."""

from typing import ClassVar


class ChinwagError(Exception):
    """Something went wrong."""

    def __str__(self) -> str:
        return super().__str__() or type(self).__doc__ or ""


class SettingsInvalid(ChinwagError):
    """A setting is unknown or has a wrong value."""


class EmbeddedPostgresFailed(ChinwagError):
    """The embedded PostgreSQL cannot run."""


class DatabaseUnsuitable(ChinwagError):
    """The database cannot hold Chinwag: it needs PostgreSQL 15 or newer, in UTF-8."""


class CannotHear(ChinwagError):
    """No notification arrives: a transaction pooler cannot carry LISTEN; set listen_url to go around it."""


class LoadFailed(ChinwagError):
    """The measured server did not do what the measurement needs."""


class Refusal(ChinwagError):
    """The request cannot be answered."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
