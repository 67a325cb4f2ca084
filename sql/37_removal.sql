-- The threads that were deleted and whose messages are still stored. The servers remove the messages in the background
-- (65_removal.sql).

create table if not exists removed_thread (
  thread_id bigint primary key,
  removed_at timestamptz not null default clock_timestamp()
);
