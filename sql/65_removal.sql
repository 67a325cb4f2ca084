-- When a thread is deleted, its row is deleted at once, which hides the thread everywhere. There may be a million
-- messages, so the servers remove them in batches (app/chinwag/chat/removal.py).

-- Puts a deleted thread that has messages into the queue of removals.
create or replace function tg_thread__remove_messages() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into public.removed_thread (thread_id)
  select old.id where exists (select from public.message where thread_id = old.id)
  on conflict do nothing;
  return null;
end
$$;

create or replace trigger thread_20_remove_messages
  after delete on thread for each row execute function tg_thread__remove_messages();

-- Refuses a thread with the id of a deleted thread whose messages are still stored: they would become its messages.
create or replace function tg_thread__refuse_used_id() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from public.message where thread_id = new.id)
    or exists (select from public.removed_thread where thread_id = new.id)
  then
    raise exception 'thread % was deleted, and its messages are still being removed', new.id
      using errcode = 'unique_violation', table = 'thread', constraint = 'thread_id_is_not_used_again';
  end if;
  return null;
end
$$;

-- It runs after the insert, because before it the deletion of a thread with this id may not have committed yet.
create or replace trigger thread_20_refuse_used_id
  after insert on thread for each row execute function tg_thread__refuse_used_id();

-- Refuses changes that would leave messages without their thread.
create or replace function tg_thread__refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'threads keep their ids and are deleted by DELETE: % is not allowed', tg_op
    using errcode = 'restrict_violation', table = 'thread', constraint = 'thread_keeps_its_messages';
end
$$;

create or replace trigger thread_20_refuse_change
  before update of id on thread for each row execute function tg_thread__refuse_change();
create or replace trigger thread_20_refuse_truncate
  before truncate on thread for each statement execute function tg_thread__refuse_change();

-- Removes up to `most` messages of one deleted thread. Returns false if no thread was waiting for removal.
-- The newest messages are removed first, so that a reply is removed before the message that it answers. A thread from
-- which another server is removing messages is left to that server.
-- security definer: the role of a server has no right to delete messages.
create or replace function remove_messages(most integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  removed bigint;
  rest bigint; -- the highest seq that is left for the next call
begin
  select thread_id into removed from public.removed_thread
  order by removed_at limit 1 for update skip locked;
  if not found then
    return false;
  end if;
  select seq into rest from public.message where thread_id = removed order by seq desc offset most limit 1;
  delete from public.message where thread_id = removed and seq > coalesce(rest, 0);
  if rest is null then
    delete from public.removed_thread where thread_id = removed;
  end if;
  return true;
end
$$;
