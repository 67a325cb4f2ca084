"""The default bot: it answers with random sentences, and needs neither a network nor a key."""

import random
from collections.abc import AsyncIterator

from chinwag.bots.bot import Conversation
from chinwag.bots.pieces import paced

OPENINGS = (
    "Funny you should say that.",
    "Hm.",
    "I was just thinking the same.",
    "Go on!",
    "Really?",
    "That reminds me of something.",
    "Let me think aloud.",
    "Between you and me:",
)
SUBJECTS = (
    "a good row",
    "every trigger",
    "the quiet one at the back",
    "my favourite elephant",
    "a transaction",
    "whoever speaks last",
    "an index",
    "the tea in this place",
)
REMARKS = (
    "commits when it is ready",
    "never forgets a number",
    "is worth waiting for",
    "says more than it means to",
    "was there all the time",
    "likes to be listened to",
    "comes back sooner than you think",
    "has its own opinion about order",
)


class Random:
    """The bot that says something random."""

    def __init__(self, pace: float = 0) -> None:
        """
        Args:
            pace: about how many seconds it seems to think.
        """
        self._pace = pace

    async def reply(self, conversation: Conversation) -> AsyncIterator[str]:
        async for piece in paced(_remark_on(conversation.content), self._pace):
            yield piece


def _remark_on(content: str) -> str:
    opening, subject, remark = map(random.choice, (OPENINGS, SUBJECTS, REMARKS))
    if content.rstrip().endswith("?"):
        return f"{opening} I would say that {subject} {remark}, but ask me again."
    return f"{opening} {subject.capitalize()} {remark}."
