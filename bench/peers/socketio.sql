-- What Socket.IO's Postgres emitter would send: each server's adapter broadcasts the packet to the room.

create table socket_io_attachments (
  id bigserial unique,
  created_at timestamptz default now(),
  payload bytea
);

create function tg_message__notify() returns trigger
language plpgsql
as $$
begin
  perform pg_notify('socket.io#/', json_build_object(
    'uid', 'emitter', 'nsp', '/', 'type', 3,
    'data', json_build_object(
      'packet', json_build_object(
        'type', 2, 'data', json_build_array('message', message_json(new)), 'nsp', '/'
      ),
      'opts', json_build_object(
        'rooms', json_build_array('thread ' || new.thread_id), 'except', '[]'::json, 'flags', '{}'::json
      )
    )
  )::text);
  return null;
end
$$;

create trigger message_notify after insert on message for each row execute function tg_message__notify();
