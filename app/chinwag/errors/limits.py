"""Errors of requests that are right, and too many, too large or too early."""

from chinwag.errors.base import Refusal


class TooManyRequests(Refusal):
    """There are too many requests from this sender; try again in a second."""

    code = "too_many_requests"
    status = 429


class TooManySignIns(TooManyRequests):
    """There were too many attempts to sign in; try again in a quarter of an hour."""

    code = "too_many_sign_ins"


class RequestTimeout(Refusal):
    """The request did not arrive in time."""

    code = "request_timeout"
    status = 408


class HeadTooLarge(Refusal):
    """The header fields of the request are too large."""

    code = "head_too_large"
    status = 431


class TryAgain(Refusal):
    """The server cannot do this at the moment; try again."""

    code = "try_again"
    status = 503


class DatabaseUnavailable(TryAgain):
    """The database is unavailable; try again."""

    code = "database_unavailable"


class OutcomeUnknown(DatabaseUnavailable):
    """The database is unavailable, so the message may be stored or not; send it again with its client_id."""


class ThreadBusy(TryAgain):
    """Another transaction holds the lock of this thread; try again."""

    code = "thread_busy"


class SearchBusy(TryAgain):
    """Too many searches are running at the moment; try again."""

    code = "search_busy"


class SearchTooLong(TryAgain):
    """The search took too long; search for words that are less frequent, or try again later."""

    code = "search_too_long"


class SignInBusy(TryAgain):
    """Too many passwords are being verified at the moment; try again."""

    code = "sign_in_busy"


class TooManyConnections(TryAgain):
    """This server has as many connections as it accepts; try again."""

    code = "too_many_connections"


class TooManyExports(TryAgain):
    """This server is writing as many exports as it accepts; try again."""

    code = "too_many_exports"


class ServerStopping(TryAgain):
    """The server is stopping; try again, and send a message again with its client_id."""

    code = "server_stopping"
