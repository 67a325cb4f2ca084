"""The audit: queries that check in the database what Chinwag promises about its messages."""

from msgspec import Struct

from chinwag.db.pool import connect

COUNT = """
    select (select count(*) from thread) as threads,
           (select count(*) from message join thread on thread.id = thread_id) as messages,
           (select count(*) from reply_request where failure is null) as waiting,
           (select count(*) from reply_request where failure is not null) as failed,
           (select count(*) from removed_thread) as removed
"""

GAPS = """
    select thread.id, last_seq, count(seq) as messages, coalesce(max(seq), 0) as highest
    from thread left join message on thread_id = thread.id
    group by thread.id
    having last_seq <> count(seq) or last_seq <> coalesce(max(seq), 0)
    order by thread.id limit 20
"""

UNANSWERED = """
    select message.id, thread_id, seq from message join thread on thread.id = thread_id
    where role = 'user' and asks_for_reply is not false
      and not exists (
        select from message as reply where reply.reply_to = message.id and reply.replaces is null
      )
      and not exists (
        select from message as edited
        where edited.thread_id = message.thread_id and edited.replaces = message.seq
      )
      and not exists (select from reply_request where message_id = message.id)
      and not exists (
        select from message as later
        where later.thread_id = message.thread_id and later.seq > message.seq and event in ('left', 'removed')
      )
    order by message.id limit 20
"""
"""Those that were written before somebody was removed are left out: a bot that is removed answers nothing
more. So are questions that were edited."""

ANSWERED_AND_WAITING = """
    select message_id from reply_request
    where case
        when replaces is null then
          exists (select from message where reply_to = message_id and message.replaces is null)
        else exists (
          select from message
          where message.thread_id = reply_request.thread_id and message.replaces = reply_request.replaces
        )
      end
    order by 1 limit 20
"""

LEFT_BEHIND = """
    select thread_id, count(*) as messages from message
    where not exists (select from thread where id = thread_id)
      and not exists (select from removed_thread where removed_thread.thread_id = message.thread_id)
    group by thread_id order by thread_id limit 20
"""
"""Messages whose thread was deleted and which nobody will remove."""


class Report(Struct, frozen=True):
    """The findings of the audit.

    Attributes:
        sound: whether every promise holds.
        text: the findings, for people.
    """

    sound: bool
    text: str


async def audit_database(url: str) -> Report:
    """Run all queries of the audit in one snapshot, so that what is written meanwhile does not look like a
    fault."""
    connection = await connect(url, command_seconds=None)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            count = await connection.fetchrow(COUNT)
            gaps = await connection.fetch(GAPS)
            unanswered = await connection.fetch(UNANSWERED)
            stale = await connection.fetch(ANSWERED_AND_WAITING)
            left_behind = await connection.fetch(LEFT_BEHIND)
    finally:
        await connection.close()
    assert count is not None
    faults = [
        *(
            f"thread {row['id']}: last_seq is {row['last_seq']}, the highest seq {row['highest']}, "
            f"and there are {row['messages']} messages"
            for row in gaps
        ),
        *(
            f"thread {row['thread_id']}: message {row['seq']} has neither a reply nor a request for one"
            for row in unanswered
        ),
        *(f"message {row['message_id']} has a reply and still waits for one" for row in stale),
        *(
            f"thread {row['thread_id']} is not there, but {row['messages']} messages of it are"
            for row in left_behind
        ),
    ]
    lines = [
        f"{count['threads']} threads, {count['messages']} messages; {count['waiting']} wait for a reply.",
        *(faults or ["In every thread the messages are 1, 2, 3 … to the last, each once."]),
    ]
    if count["failed"]:
        lines.append(f"{count['failed']} could not be given: the bot has failed, and a person may ask again.")
    if count["removed"]:
        lines.append(f"The messages of {count['removed']} deleted threads are being removed.")
    return Report(not faults, "\n".join(lines))
