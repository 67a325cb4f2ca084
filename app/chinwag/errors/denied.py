"""Errors of requests that are not for who makes them, or that things as they are do not allow."""

from chinwag.errors.base import Refusal


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


class NoReplyUnderWay(Refusal):
    """No reply to this message is being written."""

    code = "no_reply_under_way"
    status = 409


class ReplyUnderWay(Refusal):
    """A reply to this message is being written already."""

    code = "reply_under_way"
    status = 409


class NotAReply(Refusal):
    """This is neither the newest version of a bot's reply, nor a message to which a bot has failed to
    reply."""

    code = "not_a_reply"
    status = 409


class CannotReplace(Refusal):
    """Only the newest message that one has written can be replaced, and only once."""

    code = "cannot_replace"
    status = 409


class HostNotAllowed(Refusal):
    """This server is not known by this name; see the setting allowed_hosts."""

    code = "host_not_allowed"
    status = 421
