-- What arrives at a relay is notified with the payload that the primary would notify (50_frame.sql), and is not stored: a
-- trigger that returns null has the row skipped. "enable always" has the triggers fire for replicated rows.

create function tg_message__relay() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if new.asks_for_reply then
    perform public.notify_servers(public.payload(0::bigint, 0::bigint, ''::text)); -- it wakes the bots
  end if;
  perform public.notify_servers(
    public.payload(new.thread_id, new.seq, public.frame('message'::text, public.message_json(new)))
  );
  return null;
end
$$;

create trigger message_10_relay before insert on message for each row execute function tg_message__relay();
alter table message enable always trigger message_10_relay;

create function tg_relay_beat__relay() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_servers('0 0 relay.beat '::text || new.nonce);
  return null;
end
$$;

create trigger relay_beat_10_relay before insert on relay_beat for each row execute function tg_relay_beat__relay();
alter table relay_beat enable always trigger relay_beat_10_relay;
