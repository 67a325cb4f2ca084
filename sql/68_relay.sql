-- Writes a beat, and deletes former ones, which every relay has had.
create or replace function write_relay_beat(nonce text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from public.relay_beat where relay_beat.nonce in (
    select old.nonce from public.relay_beat as old
    where old.written_at < clock_timestamp() - interval '10 seconds' for update skip locked
  );
  insert into public.relay_beat (nonce) values (write_relay_beat.nonce);
end
$$;
