-- The payload is the frame; one channel for all threads.

create function tg_message__notify() returns trigger
language plpgsql
as $$
begin
  perform pg_notify('message', json_build_object('type', 'message', 'data', message_json(new))::text);
  return null;
end
$$;

create trigger message_notify after insert on message for each row execute function tg_message__notify();
