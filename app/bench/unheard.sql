-- In a database of its own: everything as it is, but nobody is notified. The difference is what NOTIFY costs.
create or replace function notify_frame(thread_id bigint, seq bigint, frame text) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
end
$$;
