-- A message is a row, and (thread_id, seq) is its place in the stream. One megabyte of content is the
-- most that a row may hold; what a server takes from its clients is a setting of that server.
--
-- thread_id and reply_to are checked by the trigger that numbers the row (40_seq.sql), under the lock of the
-- thread. They are no foreign keys: the deletion of a thread would have to delete all its messages at once.

create table if not exists message (
  id bigint generated always as identity primary key,
  thread_id bigint not null,
  seq bigint not null
    constraint seq_is_positive check (seq >= 1),
  role text not null default 'user'
    constraint role_is_user_or_assistant check (role in ('user', 'assistant')),
  content text not null
    constraint content_is_not_empty check (content ~ '\S')
    constraint content_is_at_most_1_megabyte check (octet_length(content) <= 1000000),
  client_id uuid,
  reply_to bigint,
  created_at timestamptz not null default clock_timestamp(),
  constraint seq_is_unique_in_thread unique (thread_id, seq),
  constraint client_id_is_unique_in_thread unique (thread_id, client_id)
);

-- Few messages are replies: no entry for the others.
create unique index if not exists message_has_one_reply on message (reply_to) where reply_to is not null;

-- The words of a message, for the search (70_search.sql). They are stored, because a phrase is looked for in the
-- words of each candidate, and to parse a text again costs far more than to read its words.
create table if not exists message_words (
  message_id bigint primary key,
  words tsvector not null
);

-- New words are put on a list, which is merged into the index when it is full: the shorter it is, the shorter
-- does the unlucky insert wait that has to merge it.
create index if not exists message_words_by_word on message_words
  using gin (words) with (gin_pending_list_limit = 256);
