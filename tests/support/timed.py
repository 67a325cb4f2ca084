"""Bots whose words carry the time at which they were said, on the clock time.monotonic(), which all
processes of a machine share."""

import asyncio
import time
from collections.abc import AsyncIterator

from chinwag.bots.bot import Conversation

STREAMING = {"CHINWAG_BOT": "tests.support.timed:Streaming"}
AT_ONCE = {"CHINWAG_BOT": "tests.support.timed:AtOnce"}


class Streaming:
    """A message such as "say 30 20" makes it say 30 words a second for 20 s."""

    async def reply(self, conversation: Conversation) -> AsyncIterator[str]:
        rate, seconds = map(float, conversation.content.split()[1:3])
        began = time.monotonic()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(began + number / rate - time.monotonic())
            yield _word()


class AtOnce:
    """The same, but it says all of it at the end."""

    async def reply(self, conversation: Conversation) -> str:
        rate, seconds = map(float, conversation.content.split()[1:3])
        await asyncio.sleep(seconds)
        return "".join(_word() for _ in range(round(rate * seconds)))


def _word() -> str:
    return f"{time.monotonic_ns() // 1000:x} "


def times_of(words: str) -> list[float]:
    """Return when the words were said that have come in a frame."""
    return [int(word, 16) / 1e6 for word in words.split()]
