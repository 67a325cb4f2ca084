-- The bots' queue has one row for each message that waits for a reply, written in the transaction of the message, or when
-- somebody asks for another version of a reply. A server claims a row with a lease of a few seconds and renews the lease
-- while it lives: the lease of a dead server ends soon, and its rows are free again. When a reply is inserted, by whatever
-- writer, its request is deleted.
--
-- message_id is not a foreign key: requests are written under the lock of the thread of their message. The check of a foreign
-- key would slow down each insert and never fail.

create table if not exists reply_request (
  message_id bigint primary key,
  claimed_by uuid,
  claimed_until timestamptz not null default '-infinity',
  thread_id bigint, -- null in rows that an earlier version has written
  bot integer, -- the account that is asked; null: the default bot of the server that claims the request
  replaces bigint, -- the seq of the reply of which another version is asked for
  attempt bigint not null default 0, -- grows with each claim: a fencing token, which tells an owner from a former one
  crashes integer not null default 0, -- how many owners have not come to an end
  stop boolean not null default false, -- whether somebody has stopped the reply
  failure text -- why the bot has failed; then the request is parked until a person asks again
);

-- Servers claim requests from each thread in turn.
create index if not exists reply_request_by_thread on reply_request (thread_id, message_id);
-- Those that are parked stay until a person asks again, and must not slow down the search for the others.
create index if not exists reply_request_waiting on reply_request (thread_id, message_id) where failure is null;

-- A draft is a reply that is being written. What is added to it is notified; this is what was saved last, for those who
-- join, and for the server that takes over a reply that was stopped.
-- unlogged: it is written often, and what a crash of PostgreSQL loses is written anew.
create unlogged table if not exists draft (
  message_id bigint primary key, -- the message to which it replies
  author integer not null,
  ordinal bigint not null, -- how far it has come; see draft_ordinal() in 67_draft.sql
  content text not null
);
