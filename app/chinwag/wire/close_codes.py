"""The codes with which the server closes a WebSocket."""

from enum import IntEnum
from typing import Literal, Self


class CloseCode(IntEnum):
    """Why the server closes a WebSocket (RFC 6455, section 7.4; codes from 4000 on are the application's).

    A test compares this table with the one of the page (close-codes.js) and with the one in ARCHITECTURE.md.

    Attributes:
        advice: whether a client should connect again.
        meaning: what has happened, in Markdown.
    """

    advice: Literal["come back", "give up"]
    meaning: str

    def __new__(cls, code: int, advice: Literal["come back", "give up"], meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.advice = advice
        member.meaning = meaning
        return member

    INVALID_TEXT = 1007, "come back", "a text frame was not in UTF-8"
    POLICY_VIOLATION = 1008, "come back", (
        "`after` is not a seq, or too many frames were refused: correct `after`, or send fewer wrong frames"
    )
    MESSAGE_TOO_BIG = 1009, "come back", "a frame was too big: do not send it again"
    SERVICE_RESTART = 1012, "come back", "the server restarts"
    SIGNED_OUT = 4001, "give up", "nobody is signed in here any more: sign in, and then connect again"
    DATABASE_UNAVAILABLE = 4003, "come back", "the database is unavailable"
    NO_SUCH_THREAD = 4004, "give up", "there is no such thread, or it was deleted"
    INTERNAL_ERROR = 4005, "come back", (
        "an internal error, with its traceback in the log: do not send a message again that causes it"
    )
    HISTORY_CHANGED = 4006, "come back", (
        "the database has lost what was read here: drop all of the thread, and read it from 0"
    )
