"""What a bot is: it gets a conversation, and yields the pieces of its reply."""

from collections.abc import AsyncIterator, Awaitable
from typing import Literal, Protocol

from msgspec import Struct

from chinwag import wire

HISTORY_CHARACTERS = 16_000
HISTORY_MESSAGES = 100
"""How much of a conversation a bot is given, where it does not ask for another amount."""


class Turn(Struct, frozen=True):
    """A message of a conversation.

    Attributes:
        role: `assistant` for what the bot itself has written, and `user` for everybody else.
        name: who has written it, as people see the name.
    """

    role: Literal["user", "assistant"]
    content: str
    name: str


class Conversation(Protocol):
    """A conversation with a message to which a bot replies.

    Attributes:
        thread_id: the thread.
        content: the message.
    """

    thread_id: int
    content: str

    async def history(
        self, characters: int = HISTORY_CHARACTERS, messages: int = HISTORY_MESSAGES
    ) -> list[Turn]:
        """Read the conversation up to the message, which is the last turn.

        Messages that were replaced are left out, and so are the oldest ones beyond the budget. The message
        itself is always there, and its end is cut off where it is longer than the budget.

        Raises:
            NoSuchThread: the bot does not see the thread any more.
        """


class Bot(Protocol):
    """A bot: it answers messages. Write another in a file of its own, and name it in the setting `bot`.

    Each server process makes one object of the class, and asks it for many replies at the same time. If the
    class has `__aenter__` and `__aexit__`, they are called when the server starts and stops. The options of
    its table in litestar.toml are the keyword arguments with which it is made.

    If the class has a method `async def title(self, conversation) -> str | None`, it is asked for the title
    of a chat after the first reply in it: a line of at most 60 characters, or None to leave the title as it
    is.
    """

    def reply(self, conversation: Conversation) -> AsyncIterator[str] | Awaitable[str]:
        """Yield the pieces of the reply, or return all of it from a coroutine. This may take long.

        It is cancelled when a person stops the reply, when another server has taken it over, and when the
        server stops.

        Raises:
            BotFailed: the person is told why, and may ask again. So it is after any other exception, of which
                the person is told nothing.
            ReplyCut: the reply ends here, though there would be more of it.
        """


class BotFailed(Exception):
    """A bot cannot reply.

    Attributes:
        code: the reason, for which the page has a text (static/text/texts.js).
    """

    def __init__(self, code: wire.Failure) -> None:
        super().__init__(code)
        self.code = code


class ReplyCut(Exception):
    """A reply has reached its limit, and ends in the middle."""
