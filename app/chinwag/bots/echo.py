"""A bot that repeats each message: the smallest possible one, and a template for your own.

Copy this file, change what `reply` yields, and name your class in the setting `bot`:
`bot = "your_module:YourBot"`.
"""

from collections.abc import AsyncIterator

from chinwag.bots.bot import Conversation
from chinwag.bots.pieces import paced


class Echo:
    """The bot that says the same again."""

    def __init__(self, pace: float = 0) -> None:
        """
        Args:
            pace: about how many seconds it seems to think.
        """
        self._pace = pace

    async def reply(self, conversation: Conversation) -> AsyncIterator[str]:
        async for piece in paced(conversation.content, self._pace):
            yield piece
