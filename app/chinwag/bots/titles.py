"""Titles that bots give to chats."""

import structlog

from chinwag.bots.bot import Bot, Conversation
from chinwag.db.pool import FAILURES, Pool

GIVE = """
    with given as (select set_config('chinwag.gives_title', 'on', true))
    update thread set title = $2 from given
    where id = $1 and title = (select title_of(content) from message where thread_id = $1 and seq = 1)
"""
"""Replaces the title that the first message has given. What somebody else has given stays."""

TITLE_CHARACTERS = 200

log = structlog.get_logger(__name__)


async def give_title(pool: Pool, bot: Bot, conversation: Conversation) -> None:
    """Give a chat the title that its bot finds, if the bot has a method for it. There is no second try."""
    find = getattr(bot, "title", None)
    if find is None:
        return
    try:
        title = await find(conversation)
    except Exception as error:
        # A bot may be the user's code, so it may raise anything.
        log.error("title_failed", thread=conversation.thread_id, exc_info=error)
        return
    if not isinstance(title, str) or not title.strip():
        return
    title = " ".join(title.replace("\0", "").split())[:TITLE_CHARACTERS]
    try:
        await pool.execute(GIVE, conversation.thread_id, title)
    except FAILURES as error:
        log.warning("title_not_stored", thread=conversation.thread_id, error=type(error).__name__)
