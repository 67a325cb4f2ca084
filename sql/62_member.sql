-- Memberships. What happens to one becomes a message of the role system, in the transaction of the change: it has a seq of
-- its own, and all servers get it in its place. Who was removed gets nothing after it.

-- Writes a message about a thread.
create or replace function say(thread_id bigint, event text, content text) returns void
language sql
begin atomic
  insert into message (thread_id, role, content, author, event)
  values (say.thread_id, 'system', say.content, acting_account(), say.event);
end;

-- Gives a new thread its defaults: it is open if it has no owner.
create or replace function tg_thread__decide() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  new.is_open := coalesce(new.is_open, new.owner is null);
  new.persons := 0;
  new.has_bot := false;
  new.was_left := false;
  return new;
end
$$;

create or replace trigger thread_05_decide
  before insert on thread for each row execute function tg_thread__decide();

-- Makes the owner of a new thread its first member.
create or replace function tg_thread__add_owner() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into public.member (thread_id, account_id) values (new.id, new.owner);
  return null;
end
$$;

create or replace trigger thread_05_add_owner
  after insert on thread for each row when (new.owner is not null) execute function tg_thread__add_owner();

-- Counts the members of a thread again, for the rule by which the bot answers (40_seq.sql).
create or replace function count_members(thread bigint) returns void
language sql
begin atomic
  update thread set persons = counted.persons, has_bot = counted.has_bot
  from (
    select count(*) filter (where not is_bot) as persons, coalesce(bool_or(answers and active), false) as has_bot
    from member join account on account.id = account_id where thread_id = count_members.thread
  ) as counted
  where thread.id = count_members.thread;
end;

-- Writes what a statement has done to memberships into their threads. Nothing is written about the first members: the owner,
-- the bot that is there from the beginning, and the people of a direct thread.
-- It is done once for a statement. If it were done for each row, each would count all members and leave a dead version of the
-- thread, so that thousands of members would take minutes.
-- security definer: the role of a server may change memberships, but not write messages of the role system itself.
create or replace function tg_member__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  own public.thread;
  actor integer := public.acting_account();
  by_actor text := public.name_of(actor);
begin
  -- Two statements that change the same threads lock them in the same order, so they cannot deadlock. A thread that is not
  -- there is being deleted.
  for own in
    select * from public.thread where id in (select thread_id from changed_member) order by id for no key update
  loop
    perform public.count_members(own.id);
    with changed as (
      select account_id, is_bot, public.name_of(account_id) as name, row_number() over () as place
      from changed_member join public.account on account.id = account_id
      where thread_id = own.id
    ), told as (
      insert into public.message (thread_id, role, content, author, event, subject)
      select own.id, 'system', case
          when account_id = actor then name || ' ' || event || '.'
          when actor is null then name || ' was ' || event || '.'
          else by_actor || ' ' || event || ' ' || name || '.'
        end, actor, event, account_id
      from changed cross join lateral (
        select case when tg_op = 'INSERT' then case when account_id = actor then 'joined' else 'added' end
          else case when account_id = actor then 'left' else 'removed' end end as event
      ) as said
      where own.direct_key is null
        and not (tg_op = 'INSERT' and account_id is not distinct from own.owner and own.persons = 0)
        and not (own.last_seq = 0 and is_bot)
      order by place
      returning subject, seq
    )
    insert into public.read_mark (thread_id, account_id, read_seq)
    select own.id, account_id, coalesce(told.seq, own.last_seq) from changed left join told on subject = account_id
    where tg_op = 'INSERT'
    on conflict do nothing;
    if tg_op = 'DELETE' then
      update public.thread set was_left = true where id = own.id;
      delete from public.reply_request
      where thread_id = own.id and (
        not (select has_bot from public.thread where id = own.id)
        or bot in (select account_id from changed_member where thread_id = own.id)
      );
    end if;
  end loop;
  return null;
end
$$;

create or replace trigger member_10_publish
  after insert on member referencing new table as changed_member
  for each statement execute function tg_member__publish();
create or replace trigger member_10_publish_removal
  after delete on member referencing old table as changed_member
  for each statement execute function tg_member__publish();

-- Counts the members of the threads of a bot again that was disabled or enabled.
create or replace function tg_account__recount() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- In the order of ids, as other statements lock several threads.
  perform from public.thread
  where id in (select thread_id from public.member where account_id = new.id) order by id for no key update;
  perform public.count_members(thread_id) from public.member where account_id = new.id;
  return null;
end
$$;

create or replace trigger account_10_recount
  after update of active on account for each row when (new.answers and old.active <> new.active)
  execute function tg_account__recount();

-- Refuses changes that would add or remove a member without a message.
create or replace function tg_member__refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'members are added by INSERT and removed by DELETE: % is not allowed', tg_op
    using errcode = 'restrict_violation', table = 'member', constraint = 'membership_is_immutable';
end
$$;

create or replace trigger member_20_refuse_change
  before update on member for each row execute function tg_member__refuse_change();
create or replace trigger member_20_refuse_truncate
  before truncate on member for each statement execute function tg_member__refuse_change();

-- Removes an account that is deleted from its threads, while its name is still known.
create or replace function tg_account__leave() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from public.member where account_id = old.id;
  return old;
end
$$;

create or replace trigger account_05_leave
  before delete on account for each row execute function tg_account__leave();

-- Writes into a thread that it was renamed, opened or closed. A thread that had no title or no message yet is not renamed,
-- but named.
create or replace function tg_thread__say_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  actor text := public.name_of(public.acting_account());
  is_known boolean := public.acting_account() is not null;
begin
  if new.title <> old.title and old.title <> 'New chat' and old.last_seq > 0
    and current_setting('chinwag.gives_title', true) is distinct from 'on' -- a bot (app/chinwag/bots/titles.py)
  then
    perform public.say(new.id, 'renamed'::text, case when is_known
      then actor || ' renamed the chat to “' || new.title || '”.'
      else 'The chat was renamed to “' || new.title || '”.' end);
  end if;
  if new.is_open and not old.is_open then
    perform public.say(new.id, 'opened'::text, case when is_known
      then actor || ' opened the chat to everybody.' else 'The chat was opened to everybody.' end);
  elsif old.is_open and not new.is_open then
    update public.thread set was_left = true where id = new.id;
    perform public.say(new.id, 'closed'::text, case when is_known
      then actor || ' closed the chat: now only its members see it.'
      else 'The chat was closed: now only its members see it.' end);
  end if;
  return null;
end
$$;

create or replace trigger thread_30_say_change
  after update of title, is_open on thread for each row
  when (old.title <> new.title or old.is_open <> new.is_open)
  execute function tg_thread__say_change();

-- Notifies the servers that an account has read in a thread, or was mentioned in it. They ask the table for the counts.
create or replace function notify_read(thread_id bigint, account_id integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_frame(
    thread_id, 0::bigint,
    public.frame('thread.read'::text, json_build_object('thread_id', thread_id, 'account_id', account_id))
  );
end
$$;

-- Notifies the servers of what an account has read: for its own devices, and in a small thread for all who follow it.
create or replace function tg_read_mark__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_read(new.thread_id, new.account_id);
  if new.read_seq > coalesce(old.read_seq, 0) then
    perform public.notify_frame(
      thread.id, 0::bigint,
      public.frame('seen'::text, json_build_object(
        'thread_id', thread.id, 'account', new.account_id, 'read_seq', new.read_seq
      ))
    )
    from public.thread
    join public.member on member.thread_id = thread.id and member.account_id = new.account_id
    join public.account on account.id = member.account_id
    where thread.id = new.thread_id and public.is_small(thread) and not account.is_bot;
  end if;
  return null;
end
$$;

create or replace trigger read_mark_10_publish
  after insert or update on read_mark for each row execute function tg_read_mark__publish();

create or replace function tg_mention__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_read(thread_id, account_id)
  from (select distinct thread_id, account_id from new_mention) as mentioned;
  return null;
end
$$;

create or replace trigger mention_10_publish
  after insert on mention referencing new table as new_mention
  for each statement execute function tg_mention__publish();
