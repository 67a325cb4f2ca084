"""The pieces of a reply, whichever of the forms of `reply` a bot has."""

import asyncio
import inspect
import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Annotated, Any, cast

from msgspec import Meta, Struct

from chinwag.bots.bot import Bot, Conversation

WORD = re.compile(r"\s*\S+\s*$|\s*\S+")


async def pieces_of(bot: Bot, conversation: Conversation) -> AsyncGenerator[str, None]:
    """Yield the pieces of the reply of a bot.

    A bot of an earlier version takes the id of the thread and the content of the message, and returns the
    whole reply from a coroutine.
    """
    ask = cast(Any, bot.reply)
    takes_two = len(inspect.signature(ask).parameters) == 2
    answer: AsyncIterator[str] | Awaitable[str] = (
        ask(conversation.thread_id, conversation.content) if takes_two else ask(conversation)
    )
    if isinstance(answer, AsyncIterator):
        try:
            async for piece in answer:
                yield piece
        finally:
            if inspect.isasyncgen(answer):
                await answer.aclose()  # at once, so that its connections are closed
    else:
        yield await answer


class PacedOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The options of the bots that come with Chinwag and need no model. `pace` is that of `paced`."""

    pace: Annotated[float, Meta(ge=0, le=60)]


async def paced(text: str, pace: float) -> AsyncIterator[str]:
    """Yield a text word by word, as if somebody were thinking and writing it.

    Args:
        pace: about how many seconds it takes to think. The words take about as long again.
    """
    if pace == 0:
        yield text
        return
    await asyncio.sleep(pace * random.uniform(0.5, 1.5))
    words = WORD.findall(text)
    for word in words:
        yield word
        await asyncio.sleep(pace / len(words))
