-- Litestar's backend LISTENs on a channel of PostgreSQL for each channel of its own.

create function tg_message__notify() returns trigger
language plpgsql
as $$
begin
  perform pg_notify(
    'thread_' || new.thread_id, json_build_object('type', 'message', 'data', message_json(new))::text
  );
  return null;
end
$$;

create trigger message_notify after insert on message for each row execute function tg_message__notify();
