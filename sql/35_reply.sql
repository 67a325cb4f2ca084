-- The bot's queue has one row for each user message that has no reply yet, written in the transaction of the message. A
-- server claims a row with a lease of a few seconds and renews the lease while it lives: the lease of a dead server ends
-- soon, and its rows are free again. When a reply is inserted, by whatever writer, its request is deleted.
--
-- message_id is not a foreign key: only the trigger that publishes a message writes requests, in the transaction of the
-- message. The check of a foreign key would slow down each insert and never fail.

create table if not exists reply_request (
  message_id bigint primary key,
  claimed_by uuid,
  claimed_until timestamptz not null default '-infinity',
  thread_id bigint -- null in rows that an earlier version has written
);

-- Servers claim requests from each thread in turn.
create index if not exists reply_request_by_thread on reply_request (thread_id, message_id);
