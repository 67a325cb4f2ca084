"""A bot that does what messages say."""

import asyncio
from collections.abc import AsyncIterator

from chinwag.bots.bot import Conversation

TALKER = {"CHINWAG_BOT": "tests.support.talker:Talker", "CHINWAG_BOT_PACE": "0"}


class Talker:
    """A message such as "say 20 0.01" makes it say 20 words, with 0.01 s between them. After `hang` it says
    no more and does not end; after `fail` it raises an error, and after `cancel` it cancels itself; after
    `recall` it says how many messages it remembers. Anything else is repeated."""

    async def reply(self, conversation: Conversation) -> AsyncIterator[str]:
        verb, *numbers = conversation.content.removeprefix("@talker ").split()
        if verb not in {"say", "hang", "fail", "cancel", "recall"}:
            yield conversation.content
            return
        count, pause = int(numbers[0]), float(numbers[1])
        for number in range(count):
            yield f"word{number} "
            await asyncio.sleep(pause)
        if verb == "hang":
            await asyncio.Event().wait()
        if verb == "fail":
            raise RuntimeError("failed")
        if verb == "cancel":
            raise asyncio.CancelledError
        if verb == "recall":
            yield f"{len(await conversation.history())} messages"


def words(count: int) -> str:
    """Return what the bot says if it is told to say so many words."""
    return "".join(f"word{number} " for number in range(count))
