-- A message is a row, and (thread_id, seq) is its place in the stream. A row may hold one megabyte of content at
-- most; how much of that a server accepts from its clients is a setting of the server.
--
-- The trigger that numbers the row (40_seq.sql) checks thread_id and reply_to under the lock of the thread. They are
-- not foreign keys, because the deletion of a thread would then have to delete all its messages at once.

create table if not exists message (
  id bigint generated always as identity primary key,
  thread_id bigint not null,
  seq bigint not null
    constraint seq_is_positive check (seq >= 1),
  role text not null default 'user'
    constraint role_is_user_assistant_or_system check (role in ('user', 'assistant', 'system')),
  content text not null
    constraint content_is_not_empty check (content ~ '\S')
    constraint content_is_at_most_1_megabyte check (octet_length(content) <= 1000000),
  client_id uuid,
  reply_to bigint,
  created_at timestamptz not null default clock_timestamp(),
  author integer, -- an account, for whom the row was written; not a foreign key, because messages outlive accounts
  written_by text, -- where there is no author: the database role that has written the row
  event text, -- what a message of the role system says
  subject integer, -- the account that was added, has joined, and so on
  asks_for_reply boolean, -- null in rows that an earlier version has written: it asked with each user message
  ended text, -- why a reply ends in the middle
  replaces bigint, -- the seq of the message that this one replaces: a former reply to the same message, or question
  version integer, -- of a message that replaces another one: 2, 3 and so on
  constraint ended_is_stopped_or_cut check (ended in ('stopped', 'cut')),
  constraint message_replaces_an_earlier_one check (replaces < seq),
  constraint event_is_known
    check (event in ('added', 'joined', 'left', 'removed', 'renamed', 'opened', 'closed')),
  constraint event_is_of_a_system_message check (event is null or role = 'system'),
  constraint seq_is_unique_in_thread unique (thread_id, seq),
  constraint client_id_is_unique_in_thread unique (thread_id, client_id)
);

-- Few messages are replies or replace another one, so the indexes have no entries for the others. Servers of former
-- versions need the first index to find the reply to a message.
create index if not exists reply_by_message on message (reply_to) where reply_to is not null;
create unique index if not exists message_has_one_first_reply on message (reply_to)
  where reply_to is not null and replaces is null;
create unique index if not exists message_is_replaced_once on message (thread_id, replaces)
  where replaces is not null;

-- The words of a message, for the search (70_search.sql). They are stored because a search for a phrase checks the
-- words of each candidate, and it costs far more to parse a text again than to read its words.
create table if not exists message_words (
  message_id bigint primary key,
  words tsvector not null
);

-- GIN puts new words on a pending list and merges it into the index when it is full. A short list makes the wait short
-- for the insert that has to merge it.
create index if not exists message_words_by_word on message_words
  using gin (words) with (gin_pending_list_limit = 256);
