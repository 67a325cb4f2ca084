"""The exceptions that Chinwag raises itself.

    ChinwagError
    ├── SettingsInvalid            at start: a setting is unknown or has a wrong value
    ├── EmbeddedPostgresFailed     at start: the embedded PostgreSQL cannot run
    ├── DatabaseUnsuitable         at start: too old, or not in UTF-8
    ├── CannotHear                 at start: what the database notifies does not come
    ├── LoadFailed                 of `chinwag bench`: what it measures did not do what it must
    └── Refusal                    an answer to a client: `code` and HTTP `status`
        ├── BadInput               400: what was sent is wrong; sending it again is wrong again
        │   ├── BadJson
        │   ├── BadMessage
        │   ├── ContentIsEmpty
        │   ├── ContentTooLong
        │   └── TitleIsWrong
        ├── NotSignedIn            401
        ├── OriginNotAllowed       403
        ├── NoSuchThread           404
        ├── RequestTimeout         408
        ├── HostNotAllowed         421
        ├── TooManyRequests        429: nothing was wrong with it, but with how many there were
        ├── HeadTooLarge           431
        └── TryAgain               503: nothing was wrong with it; the same may work later
            ├── DatabaseUnavailable
            ├── ThreadBusy
            ├── SearchBusy
            ├── SearchTooLong
            ├── TooManyConnections
            ├── TooManyExports
            └── ServerStopping

The docstring of a class is its message, unless it is raised with a better one.
"""

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
    """The server did not do what a measure needs."""


class Refusal(ChinwagError):
    """The request cannot be answered."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500


class BadInput(Refusal):
    """What was sent is wrong."""

    code = "bad_request"
    status = 400


class BadJson(BadInput):
    """This is not valid JSON text in UTF-8."""

    code = "bad_json"


class BadMessage(BadInput):
    """The fields of the message are not as documented."""

    code = "bad_message"


class ContentIsEmpty(BadInput):
    """The content has nothing to read in it."""

    code = "content_is_empty"


class ContentTooLong(BadInput):
    """The content is longer than this server takes."""

    code = "content_too_long"


class TitleIsWrong(BadInput):
    """A title has 1 to 200 characters, one of them visible."""

    code = "title_is_wrong"


class NotSignedIn(Refusal):
    """Only a browser on this computer is signed in by itself; see the setting sign_in."""

    code = "not_signed_in"
    status = 401


class OriginNotAllowed(Refusal):
    """A page of another site may not use this server; see the setting allowed_origins."""

    code = "origin_not_allowed"
    status = 403


class NoSuchThread(Refusal):
    """There is no such thread."""

    code = "no_such_thread"
    status = 404


class TooManyRequests(Refusal):
    """You send more messages than this server takes from one sender; try again in a second."""

    code = "too_many_requests"
    status = 429


class RequestTimeout(Refusal):
    """The request did not arrive in time."""

    code = "request_timeout"
    status = 408


class HostNotAllowed(Refusal):
    """This server is not known by this name; see the setting allowed_hosts."""

    code = "host_not_allowed"
    status = 421


class HeadTooLarge(Refusal):
    """The header fields of the request are too large."""

    code = "head_too_large"
    status = 431


class TryAgain(Refusal):
    """The server cannot do this just now; try again."""

    code = "try_again"
    status = 503


class DatabaseUnavailable(TryAgain):
    """The database fails just now; nothing is known to be stored. Try again with the same client_id."""

    code = "database_unavailable"


class ThreadBusy(TryAgain):
    """A transaction elsewhere holds this thread; try again with the same client_id."""

    code = "thread_busy"


class SearchBusy(TryAgain):
    """Too many searches run at the moment; try again."""

    code = "search_busy"


class SearchTooLong(TryAgain):
    """The search took too long; search for words that are less frequent, or try again later."""

    code = "search_too_long"


class TooManyConnections(TryAgain):
    """This server has as many connections as it takes; try again."""

    code = "too_many_connections"


class TooManyExports(TryAgain):
    """This server writes as many exports as it takes; try again."""

    code = "too_many_exports"


class ServerStopping(TryAgain):
    """The server is stopping; try again with the same client_id."""

    code = "server_stopping"
