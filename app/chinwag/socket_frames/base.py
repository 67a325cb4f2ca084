"""The frames of both WebSockets."""

from typing import Any, ClassVar
from uuid import UUID

from msgspec import Struct

CLIENT_ID = "0b0e7a0c-6f53-4e0f-9c7d-2f1b8f1f4a11"


class Frame(Struct, frozen=True, tag_field="type"):
    """A frame.

    Attributes:
        example: the frame as it may look, without its `type`.
    """

    example: ClassVar[dict[str, Any]]


class Refused(Struct, frozen=True):
    """Why a frame is refused. The codes are those of HTTP; `message` is for people."""

    code: str
    message: str
    client_id: UUID | None


class Error(Frame, frozen=True, tag="error"):
    """A frame was refused. `client_id` is that of the message that was in it, if it had one."""

    data: Refused
    example = {
        "data": {
            "code": "content_is_empty",
            "message": "The content is empty, or has no visible character.",
            "client_id": CLIENT_ID,
        }
    }


class Availability(Struct, frozen=True):
    """Whether the server hears the database."""

    available: bool


class Database(Frame, frozen=True, tag="database"):
    """The server has lost the database (false), or hears it again, and nothing was missed (true)."""

    data: Availability
    example = {"data": {"available": False}}


class Pong(Frame, frozen=True, tag="pong"):
    """The answer to a ping."""

    example = {}


class Ping(Frame, frozen=True, tag="ping"):
    """Ask whether the server is there."""

    example = {}
