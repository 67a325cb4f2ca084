"""A bot of which each attempt at a reply says words of its own: so a text tells which attempt has said it."""

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterator

from chinwag.bots.bot import Conversation

TAGGED = {"CHINWAG_BOT": "tests.support.tagged:Tagged"}

TAG = re.compile(r"(\d+)\.[0-9a-f]{8}-")


class Tagged:
    """A message such as "say 20 0.01" makes it say 20 words, one each 0.01 s. If its process was paused, it
    says at once all that is due, as a model does whose words have waited in the socket."""

    async def reply(self, conversation: Conversation) -> AsyncIterator[str]:
        count, pause = conversation.content.split()[1:3]
        tag = f"{os.getpid()}.{secrets.token_hex(4)}"
        began = time.monotonic()
        for number in range(int(count)):
            yield word(tag, number)
            await asyncio.sleep(began + (number + 1) * float(pause) - time.monotonic())


def word(tag: str, number: int) -> str:
    return f"{tag}-{number} "


def said(tag: str, count: int) -> str:
    """Return what an attempt says that says so many words."""
    return "".join(word(tag, number) for number in range(count))


def tag_of(text: str) -> str | None:
    """Return the tag of the attempt that has said a text; None if it is too short for that."""
    found = TAG.match(text)
    return found[0][:-1] if found else None


def process_of(tag: str) -> int:
    """Return the id of the process in which an attempt was made."""
    return int(tag.partition(".")[0])


def is_of_one_attempt(text: str) -> bool:
    """Whether a text is the beginning of what one attempt says, which is all that may ever be shown."""
    tag = tag_of(text)
    if tag is None:
        return re.fullmatch(r"\d*|\d+\.[0-9a-f]{0,8}", text) is not None
    return said(tag, text.count(" ") + 1).startswith(text)
