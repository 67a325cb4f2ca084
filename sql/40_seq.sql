-- A message gets its number here: 1, 2, 3 … in the order in which the transactions of its thread commit.

-- Returns whether a server of Chinwag writes (app/chinwag/chat/store.py), and not plain SQL.
create or replace function written_by_server() returns boolean
language sql stable
return current_setting('chinwag.authors_must_see', true) is not distinct from 'on';

-- Returns the version of a message that replaces another one; null if it may not. A person replaces the newest message that
-- they have written, and so corrects a question; among the last 1,000 of the thread, so that little is read under its lock. A
-- bot replaces a reply with another one to the same message.
create or replace function next_version(m message) returns integer
language sql stable
return (
  select coalesce(former.version, 1) + 1 from message as former
  where former.thread_id = m.thread_id and former.seq = m.replaces and former.role = m.role
    and case m.role
      when 'assistant' then former.reply_to = m.reply_to
      when 'user' then former.author = m.author and former.seq >= m.seq - 1000 and not exists (
        select from message as later
        where later.thread_id = m.thread_id and later.seq > former.seq and later.author = m.author and later.role = 'user'
      )
    end
);

-- Numbers a new message under the row lock of its thread, and drops the message if it is stored already.
-- The id and the time are given here, too, and replace what the writer has given. Otherwise a role with INSERT could
-- use up the ids of future messages, or write a time that no client can read.
-- security definer: a role with only INSERT on message must be able to lock and update the thread.
-- search_path: only PostgreSQL's own operators and functions are found; everything else is named with its schema.
-- Otherwise a role that can create objects in the schema public could have them run with the rights of the owner.
-- enable_seqscan: a session caches its plans. A plan that was made while the table was small would read the whole
-- table for each row of a bulk insert, and 16,000 rows would take a minute.
create or replace function tg_message__number() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  newest timestamptz;
  may_be_gone boolean; -- somebody who has seen this thread
  server uuid; -- the server that writes, if it has claimed requests for replies
begin
  -- The lock is held until the end of the transaction: a transaction that gets the next number commits after this one,
  -- or this one was rolled back.
  -- thread.last_seq and updated_at are updated once per statement (tg_message__publish). To update them for each row
  -- would leave one dead version of the thread per row, and a burst would take quadratic time. So the newest row that
  -- this statement may have inserted already is looked up, too: it is the last entry of an index.
  select greatest(thread.last_seq, own.seq) + 1, greatest(thread.updated_at, own.created_at),
    thread.was_left and not coalesce(thread.is_open, thread.owner is null),
    new.role = 'user' and case when thread.is_open is not false then public.has_one_person()
      else thread.has_bot and thread.persons <= 1 end,
    case when new.author is null then session_user end
  into new.seq, newest, may_be_gone, new.asks_for_reply, new.written_by
  from public.thread left join lateral (
    select message.seq, message.created_at from public.message
    where message.thread_id = thread.id and message.seq > thread.last_seq order by message.seq desc limit 1
  ) as own on true
  where thread.id = new.thread_id for no key update of thread;
  if not found then
    raise exception 'there is no thread %', new.thread_id
      using errcode = 'foreign_key_violation', table = 'message', constraint = 'thread_exists';
  end if;

  -- What follows can be seen for certain only while the lock is held. A condition that has a query is nested in one that
  -- has none, because PL/pgSQL starts the executor for the whole of a condition, also where its first part is false.
  if new.client_id is not null then
    -- "on conflict" would come too late: the repeat would have used up a number.
    if exists (select from public.message where thread_id = new.thread_id and client_id = new.client_id) then
      return null;
    end if;
  end if;
  -- A server has looked already whether the author sees the thread (app/chinwag/chat/store.py), but the author may have
  -- been removed meanwhile, and nothing of theirs may follow after the removal. Plain SQL writes for any account.
  if may_be_gone and new.role = 'user' and public.written_by_server() then
    if not exists (select from public.member where account_id = new.author and thread_id = new.thread_id)
      and not exists (select from public.webhook where account_id = new.author and thread_id = new.thread_id)
    then
      return null;
    end if;
  end if;
  new.version := null;
  if new.replaces is not null then
    if exists (select from public.message where thread_id = new.thread_id and replaces = new.replaces) then
      if new.role = 'assistant' then
        return null; -- this version is stored already
      end if;
    else
      new.version := public.next_version(new);
    end if;
    if new.version is null then
      raise exception 'message % of thread % cannot be replaced by this one', new.replaces, new.thread_id
        using errcode = 'check_violation', table = 'message', constraint = 'replaced_message_is_the_newest_of_its_author',
              hint = 'People replace the newest message that they have written, and bots their newest reply to a message.';
    end if;
  end if;
  if new.reply_to is not null then
    if new.replaces is null and exists (
      select from public.message where reply_to = new.reply_to and replaces is null
    ) then
      return null;
    end if;
    if not exists (select from public.message where id = new.reply_to and thread_id = new.thread_id) then
      raise exception 'message % is not in thread %', new.reply_to, new.thread_id
        using errcode = 'foreign_key_violation', table = 'message', constraint = 'replied_message_exists';
    end if;
    -- The requests for a bot's replies are deleted when it is removed. And a server that was paused may have lost its
    -- claim: then another server writes this reply. The row is locked, so that nobody claims it now. A bot that does not
    -- see the thread does not write in it.
    if new.role = 'assistant' and public.written_by_server() then
      server := nullif(current_setting('chinwag.server', true), '')::uuid; -- former versions of the server do not set it
      perform from public.reply_request
      where message_id = new.reply_to and replaces is not distinct from new.replaces
        and (server is null or claimed_by = server)
        and (select public.sees(new.author, thread) from public.thread where id = new.thread_id)
      for update;
      if not found then
        return null;
      end if;
    end if;
  end if;

  -- The bot is asked by each message of a person who is alone with it, and else by those that mention it.
  if position('@' in new.content) > 0 and new.role = 'user' and not new.asks_for_reply then
    new.asks_for_reply := public.mentions_bot(new.thread_id, new.content);
  end if;
  if new.asks_for_reply and new.author is not null then
    new.asks_for_reply := not coalesce((select is_bot from public.account where id = new.author), false);
  end if;
  new.id := nextval('public.message_id_seq');
  new.created_at := clock_timestamp();
  -- The clock may have been set back: then the message gets the time of the newest one. If that time is more than a day
  -- ahead it is wrong, and is not used: all later messages would keep it.
  if newest > new.created_at and newest < new.created_at + interval '1 day' then
    new.created_at := newest;
  end if;
  return new;
end
$$;

create or replace trigger message_10_number
  before insert on message for each row execute function tg_message__number();

-- Refuses changes of messages. They are immutable, and are deleted only together with their thread.
create or replace function tg_message__refuse_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' and not exists (select from public.thread where id = old.thread_id) then
    return old; -- its thread was deleted (65_removal.sql)
  end if;
  raise exception 'messages are immutable: % is not allowed', tg_op
    using errcode = 'restrict_violation', table = 'message', constraint = 'message_is_immutable',
          hint = 'Write another message, or delete the thread as a whole.';
end
$$;

create or replace trigger message_20_refuse_change
  before update or delete on message for each row execute function tg_message__refuse_change();
create or replace trigger message_20_refuse_truncate
  before truncate on message for each statement execute function tg_message__refuse_change();
