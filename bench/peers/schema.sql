-- The tables of all peers. Simpler than Chinwag's: a message has no number in its thread, nothing is locked
-- for it, and no bot is asked.

create table thread (
  id bigint generated always as identity primary key,
  title text not null default 'New chat'
);

create table message (
  id bigint generated always as identity primary key,
  thread_id bigint not null references thread on delete cascade,
  role text not null default 'user',
  content text not null,
  client_id uuid,
  reply_to bigint references message,
  created_at timestamptz not null default clock_timestamp()
);

create index message_by_thread on message (thread_id, id);

-- The fields that Chinwag's frames have; the id is the nearest thing to a number.
create function message_json(m message) returns json
language sql stable
return json_build_object(
  'id', m.id, 'thread_id', m.thread_id, 'seq', m.id, 'role', m.role, 'content', m.content,
  'created_at', m.created_at, 'client_id', m.client_id, 'reply_to', m.reply_to
);
