"""A bot whose words carry the time at which they were said, on the clock time.monotonic(), which all
processes of a machine share."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Literal

from chinwag.bots.bot import Conversation

TIMED = {"CHINWAG_BOT": "tests.support.timed:Timed"}

Way = Literal["streamed", "at the end"]


def order(way: Way, rate: float, seconds: float) -> str:
    """Return the message that makes the bot say so many words a second for so long."""
    return f"{rate} {seconds} {way}"


class Timed:
    """It thinks of each word at its time, and says it at once, or all of them at the end."""

    async def reply(self, conversation: Conversation) -> AsyncIterator[str]:
        rate, seconds, way = conversation.content.split(maxsplit=2)
        began = time.monotonic()
        words = []
        for number in range(round(float(rate) * float(seconds))):
            await asyncio.sleep(began + number / float(rate) - time.monotonic())
            if way == "streamed":
                yield _word()
            else:
                words.append(_word())
        if words:
            yield "".join(words)


def _word() -> str:
    return f"{time.monotonic_ns() // 1000:x} "


def times_of(words: str) -> list[float]:
    """Return when the words were said that have come in a frame."""
    return [int(word, 16) / 1e6 for word in words.split()]
