-- The bot's queue: one row for each user message that has no reply yet, written in the message's own
-- transaction. A server claims a row for a few seconds and renews the claim while it lives, so that what a
-- dead server had claimed is free again soon. Whoever inserts a reply, the request goes with it.

create table if not exists reply_request (
  message_id bigint primary key references message on delete cascade,
  claimed_by uuid,
  claimed_until timestamptz not null default '-infinity'
);

alter table reply_request add column if not exists thread_id bigint; -- not there in the first version

-- The queue is served by thread in turn.
create index if not exists reply_request_by_thread on reply_request (thread_id, message_id);
