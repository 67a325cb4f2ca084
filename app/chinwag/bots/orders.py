"""What people order of replies: to stop one, and to write another version of one."""

from chinwag.db.pool import Pool
from chinwag.errors import NoReplyUnderWay, NoSuchThread, NotAReply, ReplyUnderWay

STOP = """
    with asked as (
      select message.id, message.thread_id
      from message join thread on thread.id = message.thread_id
      where message.thread_id = $1 and seq = $2 and sees($3, thread)
    ), stopped as (
      update reply_request set stop = true from asked
      where message_id = asked.id and failure is null
      returning message_id, asked.thread_id
    ), told as (
      select notify_frame(thread_id, 0, frame('draft.stop', json_build_object(
        'thread_id', thread_id, 'reply_to', message_id
      )))
      from stopped
    )
    select exists (select from asked) as is_there, (select count(*) from told) > 0 as is_stopped
"""

LOCK = "select from thread where id = $1 and sees($2, thread) for no key update"

FIND = """
    select message.id, request.message_id, request.message_id is not null as is_asked,
           request.failure is not null and (role = 'user' or request.replaces = message.seq) as has_failed,
           role = 'assistant' and reply_to is not null
             and (author is null or answers and account.active and sees(author, thread))
             and not exists (
               select from message as later
               where later.thread_id = message.thread_id and later.replaces = message.seq
             ) as may_be_replaced
    from message join thread on thread.id = message.thread_id
      left join account on account.id = message.author
      left join reply_request as request on request.message_id = coalesce(message.reply_to, message.id)
    where message.thread_id = $1 and message.seq = $2 and sees($3, thread)
"""
"""A bot can write another version only if it still sees the thread."""

ASK_AGAIN = """
    update reply_request
    set failure = null, stop = false, crashes = 0, claimed_by = null, claimed_until = '-infinity'
    where message_id = $1
"""

ASK = """
    insert into reply_request (message_id, thread_id, bot, replaces, attempt)
    select reply_to, thread_id, author, seq, 1000 * coalesce(version, 1) from message where id = $1
"""
"""The request of the former version is gone, and its number of attempts with it. The new one begins far above
it: who has not heard that the former draft has ended must not put the two together."""

WAKE_BOTS = "select notify_frame(0, 0, '')"


class ReplyOrders:
    """What an account orders of the replies in the threads that it sees."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def stop(self, thread_id: int, seq: int, account_id: int) -> None:
        """Stop the reply to a message. What was said of it is stored, by the server that writes it.

        Raises:
            NoSuchThread: there is no such message for the account.
            NoReplyUnderWay
        """
        row = await self._pool.fetchrow(STOP, thread_id, seq, account_id)
        assert row is not None
        if not row["is_there"]:
            raise _no_such_message(thread_id, seq)
        if not row["is_stopped"]:
            raise NoReplyUnderWay()

    async def regenerate(self, thread_id: int, seq: int, account_id: int) -> None:
        """Ask for another version of a reply, or once more for a reply that has failed.

        Args:
            seq: that of the newest version of the reply, or of the message to which a bot has failed to
                reply.

        Raises:
            NoSuchThread: there is no such message for the account.
            ReplyUnderWay
            NotAReply
        """
        async with self._pool.acquire() as connection, connection.transaction():
            # Under the lock of the thread, no reply is stored and nobody else asks.
            await connection.execute(LOCK, thread_id, account_id)
            row = await connection.fetchrow(FIND, thread_id, seq, account_id)
            if row is None:
                raise _no_such_message(thread_id, seq)
            if row["has_failed"]:
                await connection.execute(ASK_AGAIN, row["message_id"])
            elif row["is_asked"]:
                raise ReplyUnderWay()
            elif not row["may_be_replaced"]:
                raise NotAReply()
            else:
                await connection.execute(ASK, row["id"])
            await connection.execute(WAKE_BOTS)


def _no_such_message(thread_id: int, seq: int) -> NoSuchThread:
    return NoSuchThread(f"there is no message {seq} in thread {thread_id}")
