-- What is committed reaches the servers as a notification. Its payload is '<thread_id> <seq> <frame>'; seq is 0 for
-- events that are not messages (50_frame.sql).

-- Danger: each call has to name the exact types of its arguments. Otherwise somebody else's function of the same name,
-- with types that fit better, would be called instead, and with the rights of the owner.

-- Updates the threads that a statement has written to, stores the words of its messages for the search, requests the
-- bot's replies and notifies the servers. One trigger does all of it, because each further one would slow down inserts.
-- A session caches its plans. A plan that was made for a bulk insert would read whole tables for each single row that
-- follows, so these settings have each row looked up in an index.
-- With the argument 'quietly', only what concerns the members of a thread is notified: relays notify the rest, and wake the
-- bots.
create or replace function tg_message__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  -- greatest(): a trigger that somebody has added may have written more messages already.
  update public.thread
  set last_seq = greatest(thread.last_seq, written.last_seq), updated_at = greatest(clock_timestamp(), written.newest)
  from (
    select thread_id, max(seq) as last_seq, max(created_at) as newest from written_message group by thread_id
  ) as written
  where id = written.thread_id;

  insert into public.message_words (message_id, words)
  select id, public.words_of(content) from written_message;

  insert into public.reply_request (message_id, thread_id, bot)
  select w.id, w.thread_id, case when thread.has_bot or position('@' in w.content) > 0
    then public.bot_asked(w.thread_id, w.content) end
  from written_message as w join public.thread on thread.id = w.thread_id
  where w.asks_for_reply
    and (select true from public.message where reply_to = w.id and replaces is null) is null
  order by w.id;
  if found and tg_nargs = 0 then
    perform public.notify_servers(public.payload(0::bigint, 0::bigint, ''::text)); -- it wakes the bots
  end if;

  if exists (select from written_message where position('@' in content) > 0) then
    insert into public.mention (thread_id, account_id, seq)
    select w.thread_id, mentioned.account_id, w.seq
    from written_message as w cross join lateral public.mentioned_in(w.thread_id, w.content) as mentioned
    where position('@' in w.content) > 0 and w.role <> 'system' and mentioned.account_id is distinct from w.author;
  end if;

  if tg_nargs > 0 then
    -- A relay may notify a row a moment before others can see it. When the members of a thread have changed, the servers
    -- ask the tables at once who sees it, so this is notified here, too.
    if not exists (select from written_message where role = 'system') then
      return null;
    end if;
  end if;
  perform public.notify_servers(public.payload(thread_id, seq, frame))
  from (
    select thread_id, seq, public.frame('message'::text, public.message_json(row(w.*)::public.message)) as frame
    from written_message as w
    order by thread_id, seq
    offset 0 -- otherwise the frame would be made as often as payload() names it
  ) as written;
  return null;
end
$$;

-- Returns whether relays alone notify messages.
create or replace function relay_only() returns boolean
language sql stable
return exists (
  select from pg_catalog.pg_trigger
  where tgrelid = to_regclass('public.message') and tgname = 'message_30_publish' and tgnargs > 0
);

-- Has relays alone notify messages, or not any more, and tells the servers. The only change is the argument of the trigger, so
-- each transaction that writes messages is either before it or after it.
create or replace function set_relay_only(quietly boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if quietly <> public.relay_only() then
    perform public.notify_frame(0::bigint, 0::bigint, public.frame('relay.only'::text, json_build_object('on', quietly)));
  end if;
  execute format(
    'create or replace trigger message_30_publish after insert on public.message referencing new table as written_message
     for each statement execute function public.tg_message__publish(%s)',
    case when quietly then quote_literal('quietly') end
  );
end
$$;

select set_relay_only(relay_only()); -- an upgrade leaves it as it is

-- Deletes the request that a new reply answers, whoever wrote the reply. Of a message that was replaced, deletes whom it
-- mentions, and the request if it is a question.
create or replace function tg_message__withdraw_request() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  mentioned integer;
begin
  delete from public.reply_request where message_id = new.reply_to;
  if new.replaces is null then
    return null;
  end if;
  if new.role = 'user' then
    delete from public.reply_request
    where message_id = (select id from public.message where thread_id = new.thread_id and seq = new.replaces);
  end if;
  for mentioned in
    delete from public.mention where thread_id = new.thread_id and seq = new.replaces returning account_id
  loop
    perform public.notify_read(new.thread_id, mentioned);
  end loop;
  return null;
end
$$;

create or replace trigger message_30_withdraw_request
  after insert on message for each row when (new.reply_to is not null or new.replaces is not null)
  execute function tg_message__withdraw_request();

-- Deletes what belongs to the messages that a statement has deleted.
create or replace function tg_message__clean_up() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  delete from public.message_words using removed_message where message_id = removed_message.id;
  delete from public.reply_request using removed_message where message_id = removed_message.id;
  delete from public.mention using removed_message
  where mention.thread_id = removed_message.thread_id and mention.seq = removed_message.seq;
  return null;
end
$$;

create or replace trigger message_30_clean_up
  after delete on message referencing old table as removed_message
  for each statement execute function tg_message__clean_up();

-- Notifies the lists of threads that a thread was created, renamed, pinned, opened, closed or deleted. Of a thread that is
-- deleted, the servers cannot ask the table any more who has seen it, so its members are named, 500 at a time, which is
-- what NOTIFY can take; null stands for all, who have seen an open one. Nobody else may learn that there was a thread.
create or replace function tg_thread__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  everybody_sees boolean;
begin
  if tg_op = 'INSERT' then
    perform public.notify_frame(new.id, 0::bigint, public.frame('thread.created'::text, public.thread_json(new)));
  elsif tg_op = 'UPDATE' then
    perform public.notify_frame(new.id, 0::bigint, public.frame('thread.updated'::text, public.thread_json(new)));
  else
    everybody_sees := coalesce(old.is_open, old.owner is null);
    perform public.notify_frame(
      old.id, 0::bigint, public.frame('thread.deleted'::text, json_build_object('id', old.id, 'members', parts.ids))
    )
    from (
      select case when not everybody_sees then coalesce(
        json_agg(account_id) filter (where account_id is not null), '[]'::json
      ) end as ids
      from (values (0)) as at_least_one (part) full join (
        select account_id, (row_number() over () - 1) / 500 as part
        from public.member where thread_id = old.id and not everybody_sees
      ) as member using (part)
      group by part
    ) as parts;
    return old;
  end if;
  return null;
end
$$;

create or replace trigger thread_10_publish
  after insert on thread for each row execute function tg_thread__publish();
create or replace trigger thread_10_publish_deletion
  before delete on thread for each row execute function tg_thread__publish();
create or replace trigger thread_10_publish_change
  after update of title, pinned, is_open on thread for each row
  when (
    old.title is distinct from new.title or old.pinned is distinct from new.pinned
    or old.is_open <> new.is_open
  )
  execute function tg_thread__publish();
