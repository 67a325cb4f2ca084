"""Errors of requests that are wrong, and would be wrong again."""

from chinwag.errors.base import Refusal


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
