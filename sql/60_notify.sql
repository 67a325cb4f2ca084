-- How what is committed reaches the servers. A payload is '<thread_id> <seq> <frame>'; seq 0 is for events
-- that are not messages.

-- Notifies the servers of one frame. A payload of 8,000 bytes would fail: a longer one goes without its
-- frame, and the receiver reads the row.
create or replace function notify_frame(thread_id bigint, seq bigint, frame text) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  v_payload text := thread_id || ' ' || seq || ' ' || frame;
begin
  if octet_length(v_payload) >= 8000 then
    v_payload := thread_id || ' ' || seq;
  end if;
  perform pg_notify('chinwag', v_payload);
end
$$;

-- Moves the threads that a statement has written to, asks for the bot's replies and notifies the servers.
-- Nothing is joined here: a session keeps its plans, and the plan of a join that was made for a bulk insert
-- would read whole tables for each single row after it.
create or replace function tg_message__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off
as $$
declare
  v_thread_id bigint;
  v_last_seq bigint;
begin
  for v_thread_id, v_last_seq in
    select thread_id, max(seq) from written_message group by thread_id order by thread_id
  loop
    -- greatest: a trigger of somebody's own may have written more already.
    update public.thread set last_seq = greatest(last_seq, v_last_seq), updated_at = clock_timestamp()
    where id = v_thread_id;
  end loop;

  delete from public.reply_request
  where message_id = any (array(select reply_to from written_message where reply_to is not null));
  insert into public.reply_request (message_id)
  select id from written_message as w
  where role = 'user' and (select true from public.message where reply_to = w.id) is null
  order by id;

  perform public.notify_frame(thread_id, seq, public.frame('message', public.message_json(message)))
  from (
    select thread_id, seq, row(w.*)::public.message as message from written_message as w
  ) as written
  order by thread_id, seq;
  return null;
end
$$;

create or replace trigger message_30_publish
  after insert on message referencing new table as written_message
  for each statement execute function tg_message__publish();

-- Tells the lists of threads that a thread was created, renamed or deleted.
create or replace function tg_thread__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    perform public.notify_frame(new.id, 0, public.frame('thread.created', public.thread_json(new)));
  elsif tg_op = 'UPDATE' then
    perform public.notify_frame(new.id, 0, public.frame('thread.updated', public.thread_json(new)));
  else
    perform public.notify_frame(old.id, 0, public.frame('thread.deleted', json_build_object('id', old.id)));
  end if;
  return null;
end
$$;

create or replace trigger thread_10_publish
  after insert or delete on thread for each row execute function tg_thread__publish();
create or replace trigger thread_10_publish_title
  after update of title on thread for each row when (old.title is distinct from new.title)
  execute function tg_thread__publish();
