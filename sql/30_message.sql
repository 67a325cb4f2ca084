-- A message is a row, and (thread_id, seq) is its place in the stream. One megabyte of content is the
-- most that a row may hold; what a server takes from its clients is a setting of that server.

create table if not exists message (
  id bigint generated always as identity primary key,
  thread_id bigint not null
    constraint thread_exists references thread on delete cascade,
  seq bigint not null
    constraint seq_is_positive check (seq >= 1),
  role text not null default 'user'
    constraint role_is_user_or_assistant check (role in ('user', 'assistant')),
  content text not null
    constraint content_is_not_empty check (content ~ '\S')
    constraint content_is_at_most_1_megabyte check (octet_length(content) <= 1000000),
  client_id uuid,
  reply_to bigint
    constraint replied_message_exists references message,
  created_at timestamptz not null default clock_timestamp(),
  constraint seq_is_unique_in_thread unique (thread_id, seq),
  constraint client_id_is_unique_in_thread unique (thread_id, client_id)
);

-- Few messages are replies: no entry for the others.
create unique index if not exists message_has_one_reply on message (reply_to) where reply_to is not null;
