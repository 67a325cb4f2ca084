-- The servers are notified of keys that were revoked, as they are of sessions that have ended (80_session.sql).

create or replace function tg_account_key__publish() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_account_change(account_id, false)
  from (select distinct account_id from revoked_key) as revoked;
  return null;
end
$$;

create or replace trigger account_key_10_publish
  after delete on account_key referencing old table as revoked_key
  for each statement execute function tg_account_key__publish();
