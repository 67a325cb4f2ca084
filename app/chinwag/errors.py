"""All errors that Chinwag itself raises.

    ChinwagError
    ├── SettingsInvalid            at start: a setting is unknown or has a wrong value
    ├── EmbeddedPostgresFailed     at start: the embedded PostgreSQL cannot run
    ├── DatabaseUnsuitable         at start: too old, or not in UTF-8
    ├── CannotHear                 at start: no notification of the database arrives
    ├── LoadFailed                 in `chinwag bench`: the measured server did not do what it must
    └── Refusal                    an answer to a client: `code` and HTTP `status`
        ├── BadInput               400: the request is wrong, and would be wrong again
        │   ├── BadJson
        │   ├── BadMessage
        │   ├── ContentIsEmpty
        │   ├── ContentTooLong
        │   ├── DisplayNameRefused
        │   ├── PasswordRefused
        │   ├── UsernameRefused
        │   └── TitleIsWrong
        ├── NotSignedIn            401
        │   ├── OpenIDFailed
        │   ├── WrongKey
        │   └── WrongPassword
        ├── NotAllowed             403
        ├── OriginNotAllowed       403
        ├── NoSuchThread           404
        ├── NoSuchAccount          404
        ├── NoSuchInvitation       404
        ├── NoSuchLink             404
        ├── NoSuchSession          404
        ├── NoSuchKey              404
        ├── NoSuchWebhook          404
        ├── RequestTimeout         408
        ├── AccountExists          409
        ├── DirectChatRefused      409
        ├── MembersAreFixed        409
        ├── LastAdmin              409
        ├── PasswordNeeded         409
        ├── HostNotAllowed         421
        ├── TooManyRequests        429: the request is right, but there were too many
        │   └── TooManySignIns
        ├── HeadTooLarge           431
        └── TryAgain               503: the request is right, and may succeed later
            ├── DatabaseUnavailable
            │   └── OutcomeUnknown
            ├── ThreadBusy
            ├── SearchBusy
            ├── SearchTooLong
            ├── SignInBusy
            ├── TooManyConnections
            ├── TooManyExports
            └── ServerStopping

The docstring of a class is its message, unless the error is raised with a more exact one.
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
    """The measured server did not do what the measurement needs."""


class Refusal(ChinwagError):
    """The request cannot be answered."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500


class BadInput(Refusal):
    """The request is wrong."""

    code = "bad_request"
    status = 400


class BadJson(BadInput):
    """This is not valid JSON text in UTF-8."""

    code = "bad_json"


class BadMessage(BadInput):
    """The fields of the message are not as documented."""

    code = "bad_message"


class ContentIsEmpty(BadInput):
    """The content is empty, or has no visible character."""

    code = "content_is_empty"


class ContentTooLong(BadInput):
    """The content is longer than this server accepts."""

    code = "content_too_long"


class TitleIsWrong(BadInput):
    """A title must have 1 to 200 characters, at least one of them visible."""

    code = "title_is_wrong"


class DisplayNameRefused(BadInput):
    """A display name has 1 to 100 characters, at least one of them visible, in one line."""

    code = "display_name_refused"


class PasswordRefused(BadInput):
    """This cannot be a password."""

    code = "password_refused"


class UsernameRefused(BadInput):
    """A name has 1 to 32 characters: a-z, 0-9, and between them dots, hyphens and underscores."""

    code = "username_refused"


class NotSignedIn(Refusal):
    """Nobody is signed in: sign in first."""

    code = "not_signed_in"
    status = 401


class OpenIDFailed(NotSignedIn):
    """The OpenID provider has not confirmed who this is."""

    code = "openid_failed"


class WrongKey(NotSignedIn):
    """This key is wrong, or it was revoked, or its bot is disabled."""

    code = "wrong_key"


class WrongPassword(NotSignedIn):
    """There is no account with this name and this password."""

    code = "wrong_password"


class NotAllowed(Refusal):
    """This account may not do this."""

    code = "not_allowed"
    status = 403


class OriginNotAllowed(Refusal):
    """A page of another site may not use this server; see the setting allowed_origins."""

    code = "origin_not_allowed"
    status = 403


class NoSuchThread(Refusal):
    """There is no such thread."""

    code = "no_such_thread"
    status = 404


class NoSuchAccount(Refusal):
    """There is no such account."""

    code = "no_such_account"
    status = 404


class NoSuchInvitation(Refusal):
    """There is no such invitation."""

    code = "no_such_invitation"
    status = 404


class NoSuchLink(Refusal):
    """This link is used up, expired or revoked, or there never was one."""

    code = "no_such_link"
    status = 404


class NoSuchSession(Refusal):
    """The account has no such session."""

    code = "no_such_session"
    status = 404


class NoSuchKey(Refusal):
    """The bot has no such key."""

    code = "no_such_key"
    status = 404


class NoSuchWebhook(Refusal):
    """The thread has no such webhook."""

    code = "no_such_webhook"
    status = 404


class AccountExists(Refusal):
    """There is an account with this name already."""

    code = "account_exists"
    status = 409


class DirectChatRefused(Refusal):
    """A direct chat is with somebody else; it is not open, and has no other members."""

    code = "direct_chat_refused"
    status = 409


class MembersAreFixed(Refusal):
    """The people of a direct chat stay the same; begin another chat for others."""

    code = "members_are_fixed"
    status = 409


class LastAdmin(Refusal):
    """This is the last administrator who is not disabled."""

    code = "last_admin"
    status = 409


class PasswordNeeded(Refusal):
    """The account needs a password first: without one, nobody could sign in to it any more."""

    code = "password_needed"
    status = 409


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


class HostNotAllowed(Refusal):
    """This server is not known by this name; see the setting allowed_hosts."""

    code = "host_not_allowed"
    status = 421


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
