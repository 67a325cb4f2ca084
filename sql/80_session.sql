-- The servers are notified of accounts and sessions that change, so that what they remember of them is never old, and so
-- that a WebSocket is closed whose session has ended. The frame is not for browsers. Anybody can forge it; a server asks
-- the tables before it believes it.

-- Returns whether a session has not ended.
create or replace function is_valid(s session) returns boolean
language sql stable
return s.expires_at > now() and s.used_at > now() - make_interval(days => s.idle_days)
  and (select active from account where id = s.account_id);

-- Earlier versions had this function without is_public.
drop function if exists notify_account_change(integer);

-- Notifies the servers that something about an account has changed. If it is something that everybody sees, such as a name,
-- they pass it on to the lists of threads.
create or replace function notify_account_change(account_id integer, is_public boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_frame(
    0::bigint, 0::bigint,
    public.frame('account.changed'::text, json_build_object('id', account_id, 'public', is_public))
  );
end
$$;

-- Ends the sessions of an account that is disabled, or whose password was changed with Piccolo's commands. A server that
-- changes a password ends the sessions itself, except the one in which the person has changed it.
create or replace function tg_account__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE'
    and (not new.active or (new.password <> old.password and new.password like 'pbkdf2%'))
  then
    delete from public.session where account_id = new.id;
  end if;
  perform public.notify_account_change(
    coalesce(new.id, old.id),
    tg_op <> 'UPDATE' or new.username <> old.username or new.display_name is distinct from old.display_name
      or new.active <> old.active or new.admin <> old.admin
  );
  return null;
end
$$;

create or replace trigger account_10_publish
  after insert or delete or update of username, password, active, admin, display_name, is_bot on account
  for each row execute function tg_account__publish();

-- Notifies the servers of sessions that have ended.
create or replace function tg_session__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_account_change(account_id, false) from (select distinct account_id from ended_session) as ended;
  return null;
end
$$;

create or replace trigger session_10_publish
  after delete on session referencing old table as ended_session
  for each statement execute function tg_session__publish();
