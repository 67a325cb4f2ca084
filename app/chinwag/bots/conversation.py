"""The conversation with a message to which a bot replies, as it is stored."""

from chinwag.bots.bot import HISTORY_CHARACTERS, HISTORY_MESSAGES, Turn
from chinwag.db.pool import DATABASE_ERRORS, Pool
from chinwag.errors import DatabaseUnavailable, NoSuchThread

HISTORY = """
    with asked as (select seq from message where id = $2)
    select is_visible, left(content, $4::integer) as content, name,
           case when author = $3 then 'assistant' else 'user' end as role
    from (
      select coalesce((select sees($3, thread) from thread where id = $1), false) as is_visible
    ) as thread left join (
      select seq, author, content, sum(char_length(content)) over (order by seq desc) as characters,
             id = $2 as is_asked,
             coalesce(case when author is not null then name_of(author) end, written_by, 'Somebody') as name
      from (
        select id, seq, author, written_by, content from message
        where thread_id = $1 and role <> 'system' and seq <= (select seq from asked)
          and not exists (
            select from message as later
            where later.thread_id = $1 and later.replaces = message.seq
              and later.seq <= (select seq from asked)
          )
          and not exists (
            select from message as question
              join message as edited on edited.thread_id = $1 and edited.replaces = question.seq
            where question.id = message.reply_to and edited.seq <= (select seq from asked)
          )
        order by seq desc limit $5
      ) as newest
    ) as turn on is_visible and (characters <= $4 or is_asked)
    order by seq
"""
"""Without what was replaced before the message was asked, and without the replies to questions that were."""


class StoredConversation:
    """See chinwag.bots.bot.Conversation."""

    def __init__(self, pool: Pool, bot: int, *, thread_id: int, message_id: int, content: str) -> None:
        """
        Args:
            bot: the account of the bot, for which the history is read.
        """
        self.thread_id = thread_id
        self.content = content
        self._pool = pool
        self._bot = bot
        self._message_id = message_id

    async def history(
        self, characters: int = HISTORY_CHARACTERS, messages: int = HISTORY_MESSAGES
    ) -> list[Turn]:
        try:
            rows = await self._pool.fetch(
                HISTORY, self.thread_id, self._message_id, self._bot, characters, messages
            )
        except DATABASE_ERRORS as error:
            raise DatabaseUnavailable() from error  # not the bot's failure
        if not rows[0]["is_visible"]:
            raise NoSuchThread()
        return [Turn(row["role"], row["content"], row["name"]) for row in rows if row["content"] is not None]
