-- The bot's queue: one row for each user message that has no reply yet, written in the message's own
-- transaction. A server claims a row for a few seconds and renews the claim while it lives, so that what a
-- dead server had claimed is free again soon. Whoever inserts a reply, the request goes with it.
--
-- message_id is no foreign key: only the trigger that publishes a message writes requests, in the message's own
-- transaction, so the check of a key would cost each insert and find nothing.

create table if not exists reply_request (
  message_id bigint primary key,
  claimed_by uuid,
  claimed_until timestamptz not null default '-infinity',
  thread_id bigint -- null in the rows that an earlier version has written
);

-- Claims are taken from each thread in turn.
create index if not exists reply_request_by_thread on reply_request (thread_id, message_id);
